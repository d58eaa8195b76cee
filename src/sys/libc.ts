// The C library through koffi. Addresses are plain numbers (size_t): a number call costs about 75 ns,
// and user-space addresses fit 47 bits. Every address handed to these functions points into mmap'ed
// `Memory`, which the garbage collector neither moves nor frees (see memory.ts).
import koffi, { type LibraryHandle } from 'koffi';

const libc: LibraryHandle = koffi.load('libc.so.6');

export type Syscall<A extends readonly unknown[]> = (...args: A) => number;

// koffi types every function as one that takes and gives anything; the prototype string is the real type.
function define<A extends readonly unknown[]>(prototype: string): Syscall<A> {
  const call: Syscall<A> = libc.func(prototype);
  return call;
}

export const socket: Syscall<[number, number, number]> = define('int socket(int, int, int)');
export const bind: Syscall<[number, number, number]> = define('int bind(int, size_t, uint32_t)');
export const connect: Syscall<[number, number, number]> = define('int connect(int, size_t, uint32_t)');
export const getsockname: Syscall<[number, number, number]> = define('int getsockname(int, size_t, size_t)');
export const setsockopt: Syscall<[number, number, number, number, number]> = define(
  'int setsockopt(int, int, int, size_t, uint32_t)',
);
export const getsockopt: Syscall<[number, number, number, number, number]> = define(
  'int getsockopt(int, int, int, size_t, size_t)',
);
export const ioctl: Syscall<[number, number, number]> = define('int ioctl(int, unsigned long, size_t)');
export const sendmmsg: Syscall<[number, number, number, number]> = define(
  'int sendmmsg(int, size_t, uint32_t, int)',
);
export const recvmmsg: Syscall<[number, number, number, number, number]> = define(
  'int recvmmsg(int, size_t, uint32_t, int, size_t)',
);
export const sendto: Syscall<[number, number, number, number, number, number]> = define(
  'intptr_t sendto(int, size_t, size_t, int, size_t, uint32_t)',
);
export const read: Syscall<[number, number, number]> = define('intptr_t read(int, size_t, size_t)');
export const writev: Syscall<[number, number, number]> = define('intptr_t writev(int, size_t, int)');
export const close: Syscall<[number]> = define('int close(int)');
export const poll: Syscall<[number, number, number]> = define('int poll(size_t, unsigned long, int)');
export const fcntl: Syscall<[number, number, number]> = define('int fcntl(int, int, long)');
export const flock: Syscall<[number, number]> = define('int flock(int, int)');
export const pipe2: Syscall<[number, number]> = define('int pipe2(size_t, int)');
export const mmap: Syscall<[number, number, number, number, number, number]> = define(
  'intptr_t mmap(size_t, size_t, int, int, int, int64_t)',
);
export const munmap: Syscall<[number, number]> = define('int munmap(size_t, size_t)');
export const madvise: Syscall<[number, number, number]> = define('int madvise(size_t, size_t, int)');
/** Copies bytes by address; a typed array's set() costs two views a call. */
export const memcpy: Syscall<[number, number, number]> = define('size_t memcpy(size_t, size_t, size_t)');
export const usleep: Syscall<[number]> = define('int usleep(uint32_t)');

/** errno of the last failing call of this thread. */
export function lastErrno(): number {
  return koffi.errno();
}

/** The bytes at an address as an ArrayBuffer that shares them; the caller keeps the mapping alive. */
export function viewOf(address: number, bytes: number): ArrayBuffer {
  return koffi.view(BigInt(address), bytes);
}

/** The process's own symbols: Node exports its OpenSSL (see evp.ts). */
export function ownSymbols(): LibraryHandle {
  return koffi.load(null);
}

/** A library by its soname, as the dynamic loader finds it; undefined when it is not installed. */
export function openLibrary(soname: string): LibraryHandle | undefined {
  try {
    return koffi.load(soname);
  } catch {
    return undefined;
  }
}
