// How a worker's time was spent, in a fixed amount of shared memory for any length of run. The worker says what it
// does now; the time of each activity is summed up in buckets, and when the buckets are used up, every two become one
// of twice the width. Nothing is allocated, and what was recorded can be read even when the worker has died.
//
//   f64: 0 start us | 1 bucket width us | 2 time of the last change us | 3 buckets begun | 4.. bucket x activity, us
import { ACTIVITIES, type TrackRole } from './activity.ts';

const START = 0;
const WIDTH = 1;
const LAST = 2;
const BUCKETS = 3;
const CELLS = 4;

/** A power of two. With the finest buckets it covers 0.8 s; an hour of a run has buckets of 0.8 s. */
export const BUCKETS_MAX = 8192;
const WIDTH_US_MIN = 100;

export class ActivityRecorder {
  readonly #memory: Float64Array;
  readonly #nowUs: () => number;
  readonly #kinds: number;
  readonly #buckets: number;
  #kind: number;

  /** Shared memory for one worker of this role. */
  static share(role: TrackRole, buckets: number = BUCKETS_MAX): SharedArrayBuffer {
    return new SharedArrayBuffer((CELLS + buckets * ACTIVITIES[role].length) * 8);
  }

  /** Begins with activity `kind`. */
  constructor(shared: SharedArrayBuffer, role: TrackRole, nowUs: () => number, kind = 0) {
    this.#memory = new Float64Array(shared);
    this.#nowUs = nowUs;
    this.#kinds = ACTIVITIES[role].length;
    this.#buckets = (this.#memory.length - CELLS) / this.#kinds;
    this.#kind = kind;
    const startUs = nowUs();
    this.#memory[START] = startUs;
    this.#memory[WIDTH] = WIDTH_US_MIN;
    this.#memory[LAST] = startUs;
    this.#memory[BUCKETS] = 1;
  }

  /** From now on the worker does this; what it did until now is booked. Returns what that was. */
  enter(kind: number): number {
    const nowUs = this.#nowUs();
    const memory = this.#memory;
    const before = this.#kind;
    const bucket = memory[BUCKETS] ?? 1;
    const endUs = (memory[START] ?? 0) + bucket * (memory[WIDTH] ?? 0);
    if (nowUs < endUs) {
      const cell = CELLS + (bucket - 1) * this.#kinds + before;
      memory[cell] = (memory[cell] ?? 0) + nowUs - (memory[LAST] ?? 0);
    } else this.#book(before, nowUs);
    memory[LAST] = nowUs;
    this.#kind = kind;
    return before;
  }

  /** Spreads a time that ends in a later bucket. Bounded: every pass over the buckets doubles their width. */
  #book(kind: number, nowUs: number): void {
    const memory = this.#memory;
    const startUs = memory[START] ?? 0;
    let fromUs = memory[LAST] ?? 0;
    let bucket = memory[BUCKETS] ?? 1;
    for (;;) {
      const endUs = startUs + bucket * (memory[WIDTH] ?? 0);
      const cell = CELLS + (bucket - 1) * this.#kinds + kind;
      const untilUs = Math.min(nowUs, endUs);
      memory[cell] = (memory[cell] ?? 0) + untilUs - fromUs;
      fromUs = untilUs;
      if (nowUs < endUs) break;
      if (bucket === this.#buckets) bucket = this.#fold();
      bucket++;
    }
    memory[BUCKETS] = bucket;
  }

  /** Every two buckets become one; returns how many there are now. */
  #fold(): number {
    const memory = this.#memory;
    const kinds = this.#kinds;
    const half = this.#buckets / 2;
    for (let bucket = 0; bucket < half; bucket++) {
      for (let kind = 0; kind < kinds; kind++) {
        const from = CELLS + 2 * bucket * kinds + kind;
        memory[CELLS + bucket * kinds + kind] = (memory[from] ?? 0) + (memory[from + kinds] ?? 0);
      }
    }
    memory.fill(0, CELLS + half * kinds);
    memory[WIDTH] = (memory[WIDTH] ?? 0) * 2;
    return half;
  }
}

/** A stretch of time in which a worker did one thing. */
export interface ActivitySpan {
  readonly kind: number;
  readonly startNs: number;
  readonly endNs: number;
}

/**
 * What was recorded, in order and without overlaps, in nanoseconds after `originUs`. Where a bucket holds several
 * activities their shares are true and their order is not; the one that goes on from the last bucket comes first.
 */
export function readActivity(shared: SharedArrayBuffer, role: TrackRole, originUs: number): ActivitySpan[] {
  const memory = new Float64Array(shared);
  const kinds = ACTIVITIES[role].length;
  const spans: ActivitySpan[] = [];
  const buckets = memory[BUCKETS] ?? 0;
  let last = -1;
  for (let bucket = 0; bucket < buckets; bucket++) {
    let atUs = (memory[START] ?? 0) - originUs + bucket * (memory[WIDTH] ?? 0);
    const first = Math.max(last, 0);
    for (let turn = 0; turn < kinds; turn++) {
      const kind = (first + turn) % kinds;
      const us = memory[CELLS + bucket * kinds + kind] ?? 0;
      const before = spans.at(-1);
      const startNs = Math.max(Math.round(atUs * 1000), before?.endNs ?? Number.NEGATIVE_INFINITY);
      atUs += us;
      const endNs = Math.round(atUs * 1000);
      if (endNs <= startNs) continue;
      if (before?.kind === kind && startNs === before.endNs) spans[spans.length - 1] = { ...before, endNs };
      else spans.push({ kind, startNs, endNs });
      last = kind;
    }
  }
  return spans;
}
