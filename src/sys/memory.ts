// Memory that never moves: anonymous pages from mmap(2), outside the garbage collector's reach.
// A Buffer's address handed to the kernel can be freed under it (seen: a collected pollfd corrupted the
// heap), so every address the kernel or OpenSSL gets comes from here. Addresses are computed once.
import { ERRNO, SystemError } from './system-error.ts';
import { lastErrno, madvise, mmap, munmap, viewOf } from './libc.ts';

const PAGE_BYTES = 4096;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x2 | 0x20 | 0x4000;
const MAP_POPULATE = 0x8000;
const MADV_HUGEPAGE = 14;
/** V8 views end at 2^33; one mapping of ours stays below 2 GiB. */
const MAPPING_BYTES_MAX = 2 ** 31 - PAGE_BYTES;

/** A mapping with its address and views over it. Pages are taken from the system at first touch. */
export class Memory implements Disposable {
  readonly address: number;
  readonly byteLength: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  #open = true;

  private constructor(address: number, byteLength: number) {
    this.address = address;
    this.byteLength = byteLength;
    const buffer = viewOf(address, byteLength);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }

  /** Zeroed private pages, at least `bytes` long. `huge` asks for 2 MiB pages (a hint only). */
  static allocate(bytes: number, huge = false): Memory {
    const length = Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    if (bytes <= 0 || length > MAPPING_BYTES_MAX) throw new RangeError(`cannot map ${bytes} bytes`);
    const address = mmap(0, length, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0);
    if (address === -1) throw new SystemError('mmap', lastErrno());
    if (huge) madvise(address, length, MADV_HUGEPAGE);
    return new Memory(address, length);
  }

  /** The memory another thread of this process allocated; that thread owns and disposes it. */
  static share(address: number, byteLength: number): Memory {
    const memory = new Memory(address, byteLength);
    memory.#open = false;
    return memory;
  }

  /** Maps what a descriptor offers (a packet socket's ring), shared with the kernel. */
  static mapDescriptor(fd: number, bytes: number): Memory {
    const address = mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (address === -1) {
      const errno = lastErrno();
      throw new SystemError('mmap', errno === 0 ? ERRNO.ENOMEM : errno);
    }
    return new Memory(address, bytes);
  }

  /** Unmaps. No view over this memory may be used afterwards. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    munmap(this.address, this.byteLength);
  }
}

/** Writes a 64-bit pointer or size, little-endian as the x86-64 and arm64 kernels take it. */
export function setPointer(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}
