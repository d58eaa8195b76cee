// One transfer from the seed's format as the receiving worker sees it: chunks fill slots of the pool in order, and
// full slots go to the writer. The newest slot is held back until the end message, so that a stream that was cut
// is never complete in the sink.
//
//   deciding (the sink is being opened; slots are kept) -> receiving -> draining -> over
//        any -> aborting (told the main thread; waits until the sink is cleaned up) -> over
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import type { Announcement } from '../wire/announce.ts';
import { Counters } from './counters.ts';
import type { CreditPool } from './credit-pool.ts';
import { SLOT_BYTES, type SlotPool } from './slot-pool.ts';
import type { WriteQueue } from './write-queue.ts';

export type V0InboundState = 'deciding' | 'receiving' | 'draining' | 'aborting' | 'over';

export class V0Inbound {
  readonly id: string;
  readonly announcement: Announcement;
  /** "198.18.0.1:40000" */
  readonly peer: string;
  readonly counters: Counters = new Counters();
  state: V0InboundState = 'deciding';
  /** The end message came. */
  ended = false;
  heardAtMs: number;
  /** Of the same sender: its sink must be out of the way before ours is opened. */
  readonly predecessor: V0Inbound | undefined;
  /** The main thread knows of it. */
  announced = false;
  chunks = 0;
  #bytes = WIDE_ZERO;
  readonly #pool: SlotPool;
  readonly #credit: CreditPool;
  /** Slots that wait for the sink to be opened, and the bytes in each. */
  readonly #waiting: { readonly slot: number; readonly bytes: number }[] = [];
  #slot = -1;
  #filled = 0;
  /** Slots taken from the pool and not given back. */
  #held = 0;
  #queue: WriteQueue | undefined;
  #queuePosition = 0;

  /** The caller has opened `credit` under this id. */
  constructor(
    id: string,
    announcement: Announcement,
    peer: string,
    pool: SlotPool,
    credit: CreditPool,
    predecessor: V0Inbound | undefined,
    nowMs: number,
  ) {
    this.id = id;
    this.#bytes = 0;
    this.announcement = announcement;
    this.peer = peer;
    this.predecessor = predecessor;
    this.heardAtMs = nowMs;
    this.#pool = pool;
    this.#credit = credit;
  }

  get taking(): boolean {
    return !this.ended && (this.state === 'deciding' || this.state === 'receiving');
  }

  /** The sink is open: what has been held for it may go. */
  accept(queue: WriteQueue): void {
    this.#queue = queue;
    this.#queuePosition = queue.tail;
    this.state = 'receiving';
    for (const { slot, bytes } of this.#waiting) queue.push(slot, bytes);
    this.#waiting.length = 0;
    queue.wake();
    if (this.ended) this.#drain();
  }

  /** Adds a chunk's data; false when memory is full, and with that the chunk lost. */
  append(data: Uint8Array): boolean {
    for (let from = 0; from < data.byteLength; ) {
      if ((this.#slot < 0 || this.#filled === SLOT_BYTES) && !this.#nextSlot()) return false;
      const bytes = Math.min(SLOT_BYTES - this.#filled, data.byteLength - from);
      const at = this.#slot * SLOT_BYTES + this.#filled;
      this.#pool.memory.bytes.set(data.subarray(from, from + bytes), at);
      this.#filled += bytes;
      from += bytes;
    }
    this.#bytes += data.byteLength;
    this.chunks++;
    return true;
  }

  #nextSlot(): boolean {
    // The seed's sender knows no credit: its share of memory is only a bound.
    if (this.#credit.grant(this.id, this.#held) === 0) return false;
    const slot = this.#pool.take();
    if (slot < 0) return false;
    this.#handOver();
    this.#held++;
    this.#slot = slot;
    return true;
  }

  #handOver(): void {
    if (this.#slot < 0) return;
    if (this.#queue === undefined) this.#waiting.push({ slot: this.#slot, bytes: this.#filled });
    else {
      this.#queue.push(this.#slot, this.#filled);
      this.#queue.wake();
    }
    this.#slot = -1;
    this.#filled = 0;
  }

  /** Takes back the slots the writer is done with. */
  takeDelivered(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    const { tail } = queue;
    while (this.#queuePosition !== tail) {
      this.#give(queue.slotAt(this.#queuePosition));
      this.#queuePosition = queue.next(this.#queuePosition);
    }
  }

  #give(slot: number): void {
    this.#pool.give(slot);
    this.#held--;
  }

  /** The end message came, and nothing before it is missing. */
  end(): void {
    this.ended = true;
    this.#handOver();
    if (this.state === 'receiving') this.#drain();
  }

  #drain(): void {
    this.state = 'draining';
    this.#queue?.end();
  }

  /** The result is known; nobody touches the pool's slots of this transfer any more. */
  finish(): void {
    this.takeDelivered();
    this.state = 'over';
    const queue = this.#queue;
    if (queue !== undefined) {
      // An aborted writer leaves entries behind.
      for (let left = queue.ready; left > 0; left--) {
        this.#give(queue.slotAt(this.#queuePosition));
        this.#queuePosition = queue.next(this.#queuePosition);
      }
    }
    for (const { slot } of this.#waiting) this.#give(slot);
    this.#waiting.length = 0;
    if (this.#slot >= 0) this.#give(this.#slot);
    this.#slot = -1;
    this.#queue = undefined;
    this.#credit.close(this.id);
  }

  publish(): void {
    this.counters.set('bytes', this.#bytes);
    this.counters.set('records', this.chunks);
  }
}
