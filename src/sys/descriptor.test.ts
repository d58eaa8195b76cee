import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import {
  POLLHUP,
  POLLIN,
  POLLOUT,
  Poller,
  closeDescriptor,
  readInto,
  setIovec,
  setNonBlocking,
  writeGather,
} from './descriptor.ts';
import { Memory } from './memory.ts';
import { type Pipe, createPipe, growPipe } from './pipe.ts';

const open: Pipe[] = [];

function pipe(sizeBytes?: number): Pipe {
  const made = createPipe(sizeBytes);
  open.push(made);
  return made;
}

/** Only those that a test has not closed itself. */
afterEach(() => {
  for (const { readFd, writeFd } of open.splice(0)) {
    if (readFd >= 0) closeDescriptor(readFd);
    if (writeFd >= 0) closeDescriptor(writeFd);
  }
});

/** Writes text with writev, one iovec a part. */
function write(fd: number, ...parts: string[]): number {
  using memory = Memory.allocate(4096);
  let at = 1024;
  for (const [index, part] of parts.entries()) {
    const bytes = new TextEncoder().encode(part);
    memory.bytes.set(bytes, at);
    setIovec(memory.view, 0, index, memory.address + at, bytes.byteLength);
    at += bytes.byteLength;
  }
  return writeGather(fd, memory.address, parts.length);
}

function read(fd: number, bytes = 100): string | number {
  using memory = Memory.allocate(4096);
  const got = readInto(fd, memory.address, bytes);
  return got > 0 ? Buffer.from(memory.bytes.subarray(0, got)).toString() : got;
}

describe('a pipe', () => {
  test('carries what is gathered', () => {
    const { readFd, writeFd } = pipe();
    expect(write(writeFd, 'one ', 'two ', 'three')).toBe(13);
    expect(read(readFd, 7)).toBe('one two');
    expect(read(readFd)).toBe(' three');
  });

  /** Fills a pipe to the brim; returns how many bytes it took. */
  function capacity({ writeFd }: Pipe): number {
    setNonBlocking(writeFd);
    let bytes = 0;
    for (let put = 1; put > 0; bytes += Math.max(0, put)) put = write(writeFd, 'x'.repeat(1024));
    return bytes;
  }

  test('is as large as was wished, at once or later', () => {
    expect(capacity(pipe(65_536 * 4))).toBe(65_536 * 4);
    const small = pipe(65_536);
    expect(growPipe(small.readFd, 65_536 * 2)).toBe(true);
    expect(capacity(small)).toBe(65_536 * 2);
  });

  test('is closed on exec', () => {
    const { readFd, writeFd } = pipe();
    for (const fd of [readFd, writeFd]) {
      const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0';
      expect(Number.parseInt(flags, 8) & 0o2000000).not.toBe(0);
    }
  });

  test('ends when its writer closes, and breaks when its reader does', () => {
    const first = pipe();
    open.pop();
    write(first.writeFd, 'last');
    closeDescriptor(first.writeFd);
    expect([read(first.readFd), read(first.readFd)]).toEqual(['last', 0]);
    closeDescriptor(first.readFd);
    const second = pipe();
    open.pop();
    closeDescriptor(second.readFd);
    expect(() => write(second.writeFd, 'x')).toThrow(expect.objectContaining({ code: 'EPIPE' }));
    closeDescriptor(second.writeFd);
  });

  test('says that there is nothing yet, when it does not block', () => {
    const { readFd, writeFd } = pipe();
    setNonBlocking(readFd);
    expect(read(readFd)).toBe(-1);
    write(writeFd, 'now');
    expect(read(readFd)).toBe('now');
  });

  test('what is no pipe does not grow, and that is no error', () => {
    expect(growPipe(-1)).toBe(false);
  });
});

test('a descriptor that is not open is an error with its errno and call', () => {
  const failure = { code: 'EBADF', errno: 9 };
  expect(() => read(-1)).toThrow(expect.objectContaining({ ...failure, syscall: 'read' }));
  expect(() => write(-1, 'x')).toThrow(expect.objectContaining({ ...failure, syscall: 'writev' }));
  expect(() => setNonBlocking(-1)).toThrow(
    expect.objectContaining({ ...failure, syscall: 'fcntl(F_GETFL)' }),
  );
});

describe('Poller', () => {
  test('tells which of several descriptors has news', () => {
    using poller = new Poller();
    const [quiet, loud] = [pipe(), pipe()];
    write(loud.writeFd, 'x');
    const places = [quiet.readFd, loud.readFd, quiet.writeFd].map((fd, index) =>
      poller.add(fd, index === 2 ? POLLOUT : POLLIN),
    );
    expect(poller.wait(0)).toBe(2);
    expect(places.map((place) => poller.events(place))).toEqual([0, POLLIN, POLLOUT]);
  });

  test('starts anew when it is cleared', () => {
    using poller = new Poller();
    const { readFd, writeFd } = pipe();
    poller.add(writeFd, POLLOUT);
    expect(poller.wait(0)).toBe(1);
    poller.clear();
    const place = poller.add(readFd, POLLIN);
    expect(poller.wait(0)).toBe(0);
    expect(poller.events(place)).toBe(0);
  });

  test('waits no longer than it was told, and not at all when there is something', () => {
    using poller = new Poller();
    const { readFd, writeFd } = pipe();
    poller.add(readFd, POLLIN);
    const startMs = performance.now();
    expect(poller.wait(30)).toBe(0);
    expect(performance.now() - startMs).toBeGreaterThan(25);
    write(writeFd, 'x');
    expect(poller.wait(3_600_000)).toBe(1);
  });

  test('hears that the other end is gone', () => {
    using poller = new Poller();
    const { readFd, writeFd } = pipe();
    open.pop();
    const place = poller.add(readFd, POLLIN);
    closeDescriptor(writeFd);
    expect(poller.wait(0)).toBe(1);
    expect(poller.events(place) & POLLHUP).not.toBe(0);
    closeDescriptor(readFd);
  });
});
