// The way from the receiving worker to a writing worker: a ring of (slot, bytes) in shared memory, in stream order.
// The receiver adds at the head; the writer moves the tail when bytes are in the sink. Neither ever blocks the other.
//
//   i32 words: 0 head | 1 tail | 2 ended (no more after head) | 3 aborted | 4 writer sleeps | 5 never set | 8.. slot, bytes, slot, bytes ...

const HEAD = 0;
const TAIL = 1;
const ENDED = 2;
const ABORTED = 3;
const SLEEPING = 4;
const NAPPING = 5;
const ENTRIES = 8;

export class WriteQueue {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #capacity: number;

  private constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
    this.#capacity = (this.#words.length - ENTRIES) / 2;
  }

  static create(capacity: number): WriteQueue {
    return new WriteQueue(new SharedArrayBuffer((ENTRIES + 2 * capacity) * 4));
  }

  static attach(shared: SharedArrayBuffer): WriteQueue {
    return new WriteQueue(shared);
  }

  // The receiving worker's side.

  /** Adds a record's slot. The pool is smaller than the queue, so there is always room. */
  push(slot: number, bytes: number): void {
    const head = Atomics.load(this.#words, HEAD);
    const place = ENTRIES + 2 * (head % this.#capacity);
    this.#words[place] = slot;
    this.#words[place + 1] = bytes;
    Atomics.store(this.#words, HEAD, (head + 1) % (this.#capacity * 2));
  }

  /** Wakes the writer if it sleeps; once for many pushes. */
  wake(): void {
    if (Atomics.load(this.#words, SLEEPING) === 0) return;
    Atomics.store(this.#words, SLEEPING, 0);
    Atomics.notify(this.#words, SLEEPING);
  }

  end(): void {
    Atomics.store(this.#words, ENDED, 1);
    this.wake();
  }

  abort(): void {
    Atomics.store(this.#words, ABORTED, 1);
    this.wake();
  }

  /** Entries the writer has finished since `seen` (the value returned by the last call's `position`). */
  get tail(): number {
    return Atomics.load(this.#words, TAIL);
  }

  slotAt(position: number): number {
    return this.#words[ENTRIES + 2 * (position % this.#capacity)] ?? 0;
  }

  next(position: number): number {
    return (position + 1) % (this.#capacity * 2);
  }

  // The writer's side.

  /** Entries ready from the tail on. */
  get ready(): number {
    const span = this.#capacity * 2;
    return (Atomics.load(this.#words, HEAD) - Atomics.load(this.#words, TAIL) + span) % span;
  }

  get ended(): boolean {
    return Atomics.load(this.#words, ENDED) === 1;
  }

  get aborted(): boolean {
    return Atomics.load(this.#words, ABORTED) === 1;
  }

  bytesAt(position: number): number {
    return this.#words[ENTRIES + 2 * (position % this.#capacity) + 1] ?? 0;
  }

  /** `count` entries are in the sink. */
  finish(count: number): void {
    const tail = Atomics.load(this.#words, TAIL);
    Atomics.store(this.#words, TAIL, (tail + count) % (this.#capacity * 2));
  }

  /** A short sleep that nobody is asked to end: waking a thread for every record would cost more than writing it. */
  nap(ms: number): void {
    Atomics.wait(this.#words, NAPPING, 0, ms);
  }

  /** Sleeps until something is pushed, ended or aborted, at most `timeoutMs`. */
  sleep(timeoutMs: number): void {
    Atomics.store(this.#words, SLEEPING, 1);
    // Look once more: what came before the flag was seen would not wake us.
    if (this.ready > 0 || this.ended || this.aborted) {
      Atomics.store(this.#words, SLEEPING, 0);
      return;
    }
    Atomics.wait(this.#words, SLEEPING, 1, timeoutMs);
    Atomics.store(this.#words, SLEEPING, 0);
  }
}
