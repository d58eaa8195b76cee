// A third host on the segment that floods a receiver with announcements: flood.mjs, started on the bridge of a lab.
import { fileURLToPath } from 'node:url';
import type { Lab } from './lab.ts';
import type { Program } from './program.ts';

/** What a flooder needs to know. */
export interface Flood {
  readonly announcementsASecond: number;
  /** Back to back in a frame; default 1. */
  readonly announcementsAFrame?: number;
  readonly seconds: number;
  /** UDP payload of an announcement. */
  readonly payload: Uint8Array;
  /** The flooder's program, and the built library, for callers that are compiled to another place. */
  readonly project?: URL;
}

/** Resolves when it floods; its last event, `flooded`, says what it sent. The lab has a bridge in its middle. */
export async function startFlood(lab: Lab, flood: Flood): Promise<Program> {
  const project = flood.project ?? new URL('../../', import.meta.url);
  const { announcementsASecond, announcementsAFrame, seconds, payload } = flood;
  const program = lab.middle.start([
    process.execPath,
    fileURLToPath(new URL('test/netns/flood.mjs', project)),
    new URL('dist/', project).href,
    'br0',
    lab.b.ip,
    lab.b.mac,
    String(announcementsASecond),
    String(seconds),
    Buffer.from(payload).toString('hex'),
    String(announcementsAFrame ?? 1),
  ]);
  await program.event('flooding');
  return program;
}
