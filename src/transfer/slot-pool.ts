// The receiver's memory: slots of one record each. The one freed last is used next, so that a transfer whose sink
// keeps up touches only a few of them and stays in cache.
import { Memory } from '../sys/memory.ts';

/** Holds the largest record (65,456 bytes and its tag fit). */
export const SLOT_BYTES = 65_536;

export class SlotPool implements Disposable {
  readonly memory: Memory;
  readonly slots: number;
  readonly #free: Int32Array;
  #freeCount: number;

  constructor(bytes: number) {
    this.slots = Math.max(8, Math.floor(bytes / SLOT_BYTES));
    this.memory = Memory.allocate(this.slots * SLOT_BYTES);
    this.#free = Int32Array.from({ length: this.slots }, (_, index) => this.slots - 1 - index);
    this.#freeCount = this.slots;
  }

  /** A slot, or -1 when there is none. */
  take(): number {
    return this.#freeCount === 0 ? -1 : (this.#free[--this.#freeCount] ?? -1);
  }

  give(slot: number): void {
    this.#free[this.#freeCount++] = slot;
  }

  get freeSlots(): number {
    return this.#freeCount;
  }

  /** Only when no writer has a slot any more. */
  [Symbol.dispose](): void {
    this.memory[Symbol.dispose]();
  }
}
