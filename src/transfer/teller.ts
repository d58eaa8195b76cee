// Tells of one transfer: stamps its events and hands each to its channel and to the caller; progress and samples at
// their times while data flows, and the figures at the end, all from the same counters.
import type { Counters, CounterSnapshot } from './counters.ts';
import { isWatched, publish } from './event-channel.ts';
import type { EventBody, EventListener, TransferEvent } from './event.ts';
import { ProgressMeter } from './progress-meter.ts';

const PROGRESS_EVERY_MS = 200;
const SAMPLE_EVERY_MS = 20;

/** What `finished` says of a transfer, however it ended. */
export interface Figures {
  readonly bytes: number;
  readonly seconds: number;
  readonly bitsPerSecond: number;
  readonly records: number;
  readonly frames: number;
  readonly repeats: number;
  readonly drops: number;
  readonly rejected: number;
}

/** Tells what belongs to no transfer too, with '' for its name. */
export function tell(listener: EventListener, transfer: string, body: EventBody): void {
  const event: TransferEvent = { ...body, transfer, time: Date.now() };
  publish(event);
  listener(event);
}

export class Teller {
  readonly #transfer: string;
  readonly #counters: Counters;
  readonly #listener: EventListener;
  #timers: NodeJS.Timeout[] = [];

  constructor(transfer: string, counters: Counters, listener: EventListener) {
    this.#transfer = transfer;
    this.#counters = counters;
    this.#listener = listener;
  }

  tell(body: EventBody): void {
    tell(this.#listener, this.#transfer, body);
  }

  /** Data begins to flow. */
  begin(sizeBytes: bigint | undefined): void {
    const totalBytes = sizeBytes === undefined ? undefined : Number(sizeBytes);
    const meter = new ProgressMeter(totalBytes, performance.now());
    const progress = (): void => this.tell(meter.measure(this.#counters.snapshot(), performance.now()));
    this.#timers = [setInterval(progress, PROGRESS_EVERY_MS)];
    if (isWatched('sample')) this.#timers.push(setInterval(() => this.#sample(), SAMPLE_EVERY_MS));
    this.#sample();
  }

  /** No more progress; may be called more than once. */
  end(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** What was done since `startMs` of performance.now(). */
  figures(startMs: number): Figures {
    this.end();
    this.#sample();
    const { bytes, records, frames, repeats, drops, rejected } = this.#counters.snapshot();
    const seconds = (performance.now() - startMs) / 1000;
    const bitsPerSecond = Math.round((bytes * 8) / seconds);
    return { bytes, seconds, bitsPerSecond, records, frames, repeats, drops, rejected };
  }

  #sample(): void {
    if (!isWatched('sample')) return;
    const counters: CounterSnapshot = this.#counters.snapshot();
    publish({ event: 'sample', transfer: this.#transfer, time: Date.now(), counters });
  }
}
