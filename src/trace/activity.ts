// What a worker can be doing. It is always doing exactly one of these, so that the times of a track add up to its
// length.

/** In the order in which a span of time that held several of them is drawn. */
export const ACTIVITIES = {
  sender: [
    'start',
    'read',
    'seal',
    'send',
    'listen and repeat',
    'wait for the source',
    'wait for the wire',
    'wait for credit',
    'wait for the rate',
    'wait for the producer to end',
    'wait for the result',
    'repeat the end',
  ],
  receiver: ['idle', 'receive and reassemble', 'check', 'serve'],
  writer: ['wait for records', 'write', 'sink stalled'],
} as const;

export type TrackRole = keyof typeof ACTIVITIES;
export type ActivityName<R extends TrackRole = TrackRole> = (typeof ACTIVITIES)[R][number];

/** The numbers of a role's activities, to be looked up once and not in a loop. */
export function activityNumbers<R extends TrackRole>(role: R): { readonly [N in ActivityName<R>]: number } {
  const entries = ACTIVITIES[role].map((name, number) => [name, number]);
  const numbers: { readonly [N in ActivityName<R>]: number } = Object.fromEntries(entries);
  return numbers;
}
