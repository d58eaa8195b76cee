// Reads a source into one record's worth of memory without ever blocking on a pipe: poll first, then read.
import { fstatSync } from 'node:fs';
import { Poller, POLLERR, POLLHUP, POLLIN, readInto } from '../sys/descriptor.ts';
import { Memory } from '../sys/memory.ts';
import { growPipe } from '../sys/pipe.ts';

export class SourceReader implements Disposable {
  readonly fd: number;
  readonly memory: Memory;
  /** Bytes of the record read so far. */
  filled = 0;
  ended = false;
  /** A pipe, socket or terminal, where waiting makes sense. */
  readonly isStream: boolean;
  readonly #capacity: number;
  readonly #poller: Poller = new Poller();

  constructor(fd: number, capacity: number) {
    this.fd = fd;
    this.#capacity = capacity;
    this.memory = Memory.allocate(capacity, true);
    const stat = fstatSync(fd);
    this.isStream = stat.isFIFO() || stat.isSocket() || stat.isCharacterDevice();
    if (stat.isFIFO()) growPipe(fd);
  }

  get full(): boolean {
    return this.filled === this.#capacity;
  }

  /** Reads what is there, up to a full record. */
  fill(): void {
    while (!this.full && !this.ended) {
      if (this.isStream && !this.#readable()) return;
      const got = readInto(this.fd, this.memory.address + this.filled, this.#capacity - this.filled);
      if (got < 0) return;
      if (got === 0) this.ended = true;
      this.filled += got;
    }
  }

  #readable(): boolean {
    this.#poller.clear();
    const place = this.#poller.add(this.fd, POLLIN);
    return this.#poller.wait(0) > 0 && (this.#poller.events(place) & (POLLIN | POLLHUP | POLLERR)) !== 0;
  }

  /** The record was taken. */
  reset(): void {
    this.filled = 0;
  }

  [Symbol.dispose](): void {
    this.memory[Symbol.dispose]();
    this.#poller[Symbol.dispose]();
  }
}
