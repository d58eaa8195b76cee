// File descriptors: poll, read, gather-write, close. Buffers are given by address (see memory.ts).
import * as libc from './libc.ts';
import { ERRNO, SystemError, check } from './system-error.ts';
import { Memory, setPointer } from './memory.ts';

const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0x800;

export const POLLIN = 1;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 16;

export function closeDescriptor(fd: number): void {
  libc.close(fd);
}

/** Bytes read; 0 at the end of the file; -1 when nothing is there yet (EAGAIN) or a signal came in between. */
export function readInto(fd: number, address: number, bytes: number): number {
  const got = libc.read(fd, address, bytes);
  if (got >= 0) return got;
  const errno = libc.lastErrno();
  if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return -1;
  throw new SystemError('read', errno);
}

/** Bytes written from `count` iovecs at `iovAddress`; -1 on EAGAIN or EINTR. */
export function writeGather(fd: number, iovAddress: number, count: number): number {
  const put = libc.writev(fd, iovAddress, count);
  if (put >= 0) return put;
  const errno = libc.lastErrno();
  if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return -1;
  throw new SystemError('writev', errno);
}

export function setNonBlocking(fd: number): void {
  const flags = check(libc.fcntl(fd, F_GETFL, 0), 'fcntl(F_GETFL)');
  check(libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK), 'fcntl(F_SETFL)');
}

/**
 * A reusable pollfd array.
 *   struct pollfd (8): 0:4 fd | 4:2 events | 6:2 revents
 */
export class Poller implements Disposable {
  readonly #memory: Memory = Memory.allocate(4096);
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  /** Adds a descriptor and returns its place for `events`. At most 512. */
  add(fd: number, events: number): number {
    const place = this.#count++;
    this.#memory.view.setInt32(place * 8, fd, true);
    this.#memory.view.setInt16(place * 8 + 4, events, true);
    this.#memory.view.setInt16(place * 8 + 6, 0, true);
    return place;
  }

  /** Waits up to `timeoutMs` (0 looks only); returns how many descriptors have news, 0 on a signal. */
  wait(timeoutMs: number): number {
    const ready = libc.poll(this.#memory.address, this.#count, timeoutMs);
    if (ready >= 0) return ready;
    const errno = libc.lastErrno();
    if (errno === ERRNO.EINTR) return 0;
    throw new SystemError('poll', errno);
  }

  /** The events of the descriptor at `place` after the last wait. */
  events(place: number): number {
    return this.#memory.view.getInt16(place * 8 + 6, true);
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }
}

/** Fills one iovec (16 bytes: pointer, length) at `index` of the array that starts at `offset` of `view`. */
export function setIovec(
  view: DataView,
  offset: number,
  index: number,
  address: number,
  bytes: number,
): void {
  setPointer(view, offset + index * 16, address);
  setPointer(view, offset + index * 16 + 8, bytes);
}
