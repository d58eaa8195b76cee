// Memory for a worker's activities, made and published when somebody traces.
import { ActivityRecorder } from '../trace/activity-recorder.ts';
import type { TrackRole } from '../trace/activity.ts';
import { isWatched, publish } from './event-channel.ts';

/** What goes to the worker: nothing when nobody watches. */
export function shareTrack(transfer: string, role: TrackRole): { readonly activity?: SharedArrayBuffer } {
  if (!isWatched('track')) return {};
  const activity = ActivityRecorder.share(role);
  publish({ event: 'track', transfer, time: Date.now(), role, activity });
  return { activity };
}
