// Announcements in a queue of their own, and everything else in another, read as one. Anybody can announce; a flood of it
// fills only its own queue, of which no more is read in a millisecond than is stated here. What does not fit into the
// queue the kernel drops before it copies anything, so that what is read is a sample of what came: an honest sender says
// its announcement again until it is among it.
import type { Memory } from '../sys/memory.ts';
import type { FrameSource, Peer } from './frame-source.ts';

/** What is read in a millisecond: each datagram counts 1, and 1 more for each 512 bytes, since many fit into one. */
const ANNOUNCEMENTS_A_MS = 64;
const COUNTED_BYTES_LOG2 = 9;

export class TwoQueues implements FrameSource {
  readonly inMemory: boolean;
  readonly #main: FrameSource;
  readonly #announcements: FrameSource;
  readonly #all: readonly number[];
  #current: FrameSource;
  /** Below 0 after a large datagram: it is taken off what may be read next. */
  #left = ANNOUNCEMENTS_A_MS;
  /** They have a turn before the main queue, which may never be empty. */
  #due = true;
  #sinceMs = -Infinity;

  /** Both stay the caller's to close. */
  constructor(main: FrameSource, announcements: FrameSource) {
    this.#main = main;
    this.#announcements = announcements;
    this.#current = main;
    this.#all = [...main.descriptors, ...announcements.descriptors];
    this.inMemory = main.inMemory;
  }

  /** Lets in what may be read of announcements by now. */
  admit(nowMs: number): void {
    if (nowMs - this.#sinceMs < 1) return;
    this.#sinceMs = nowMs;
    this.#left = Math.min(ANNOUNCEMENTS_A_MS, this.#left + ANNOUNCEMENTS_A_MS);
    this.#due = true;
  }

  /** From the first announcement in a millisecond: in a flood each would wake us up. */
  get holdsBack(): boolean {
    return this.#left < ANNOUNCEMENTS_A_MS;
  }

  get descriptors(): readonly number[] {
    return this.holdsBack ? this.#main.descriptors : this.#all;
  }

  next(): boolean {
    if (this.#due) {
      if (this.#nextAnnouncement()) return true;
      this.#due = false;
    }
    if (this.#main.next()) {
      this.#current = this.#main;
      return true;
    }
    return this.#nextAnnouncement();
  }

  #nextAnnouncement(): boolean {
    if (this.#left <= 0 || !this.#announcements.next()) return false;
    this.#current = this.#announcements;
    this.#left -= 1 + (this.#current.payloadBytes >>> COUNTED_BYTES_LOG2);
    return true;
  }

  release(): void {
    this.#current.release();
  }

  get memory(): Memory {
    return this.#current.memory;
  }

  get payloadOffset(): number {
    return this.#current.payloadOffset;
  }

  get payloadBytes(): number {
    return this.#current.payloadBytes;
  }

  peer(): Peer {
    return this.#current.peer();
  }

  sourceIp(): number {
    return this.#current.sourceIp();
  }

  /** Announcements that were dropped are said again; no sender needs to slow down for them. */
  takeDrops(): number {
    return this.#main.takeDrops();
  }

  capacityRecords(segmentsPerRecord: number, superFrames: boolean): number {
    return this.#main.capacityRecords(segmentsPerRecord, superFrames);
  }
}
