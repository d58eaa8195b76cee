// Turns counters into progress events: rates over the last interval, what held the transfer up, time left. Pure.
import type { CounterSnapshot } from './counters.ts';
import type { Bottleneck, EventBody } from './event.ts';

type ProgressBody = Extract<EventBody, { event: 'progress' }>;

/** Below this share of the interval, waiting is not what limits. */
const LIMITING_SHARE = 0.2;

export class ProgressMeter {
  readonly #totalBytes: number | undefined;
  #last: CounterSnapshot | undefined;
  #lastMs: number;
  #smoothed = 0;

  constructor(totalBytes: number | undefined, nowMs: number) {
    this.#totalBytes = totalBytes;
    this.#lastMs = nowMs;
  }

  measure(now: CounterSnapshot, nowMs: number): ProgressBody {
    const intervalMs = Math.max(1, nowMs - this.#lastMs);
    const before = this.#last;
    const rate = ((now.bytes - (before?.bytes ?? 0)) * 8000) / intervalMs;
    this.#smoothed = before === undefined ? rate : this.#smoothed * 0.6 + rate * 0.4;
    const bottleneck = before === undefined ? 'unknown' : bottleneckOf(before, now, intervalMs);
    this.#last = now;
    this.#lastMs = nowMs;
    const total = this.#totalBytes;
    const left = total === undefined ? undefined : Math.max(0, total - now.bytes);
    return {
      event: 'progress',
      bytes: now.bytes,
      bitsPerSecond: Math.round(this.#smoothed),
      repeats: now.repeats,
      frames: now.frames,
      drops: now.drops,
      bottleneck,
      ...(total === undefined ? {} : { totalBytes: total }),
      ...(left === undefined || this.#smoothed < 1
        ? {}
        : { etaSeconds: Math.round((left * 8) / this.#smoothed) }),
    };
  }
}

function bottleneckOf(before: CounterSnapshot, now: CounterSnapshot, intervalMs: number): Bottleneck {
  const source = now.waitSourceMs - before.waitSourceMs;
  const sink = now.waitSinkMs - before.waitSinkMs;
  if (Math.max(source, sink) / intervalMs < LIMITING_SHARE) return 'wire';
  return source >= sink ? 'source' : 'sink';
}
