// fletcher4, the running checksum of a send stream (module/zcommon/zfs_fletcher.c): four 64-bit sums over 32-bit
// words, a += w, b += a, c += b, d += c. WebAssembly does it at memory speed, JavaScript where that is missing.
import { createJsKernel } from './fletcher4-js.ts';
import { createWasmKernel } from './fletcher4-wasm.ts';

/** The four sums a, b, c, d: zio_cksum_t. */
export type ChecksumWords = readonly [bigint, bigint, bigint, bigint];

/** What computes. `add` takes whole words only; the sums go on from call to call. */
export interface Fletcher4Kernel {
  add(bytes: Uint8Array): void;
  words(): ChecksumWords;
  set(words: ChecksumWords): void;
}

const ZERO: ChecksumWords = [0n, 0n, 0n, 0n];
const WORD_BYTES = 4;

/**
 * A fletcher4 that goes on over any number of pieces, cut anywhere. `littleEndian` is the byte order of the words,
 * which is that of the stream and not of this machine. Keeps no reference to what it is given.
 */
export class Fletcher4 {
  readonly #kernel: Fletcher4Kernel;
  /** The bytes of a word whose end is still to come. */
  readonly #partial = new Uint8Array(WORD_BYTES);
  #partialBytes = 0;

  /** `kernel` is for tests; without one, WebAssembly if it is there, else JavaScript. */
  constructor(littleEndian: boolean, kernel: Fletcher4Kernel = createKernel(littleEndian)) {
    this.#kernel = kernel;
  }

  update(bytes: Uint8Array): void {
    let at = 0;
    if (this.#partialBytes > 0) {
      at = Math.min(WORD_BYTES - this.#partialBytes, bytes.length);
      this.#partial.set(bytes.subarray(0, at), this.#partialBytes);
      this.#partialBytes += at;
      if (this.#partialBytes < WORD_BYTES) return;
      this.#kernel.add(this.#partial);
      this.#partialBytes = 0;
    }
    const end = at + ((bytes.length - at) & ~(WORD_BYTES - 1));
    if (end > at) this.#kernel.add(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    this.#partial.set(bytes.subarray(end));
    this.#partialBytes = bytes.length - end;
  }

  /** Ends a header or payload: ZFS sums each alone, and ignores one to three bytes after the last whole word. */
  endBlock(): void {
    this.#partialBytes = 0;
  }

  words(): ChecksumWords {
    return this.#kernel.words();
  }

  reset(): void {
    this.#partialBytes = 0;
    this.#kernel.set(ZERO);
  }
}

/** WebAssembly if this engine has it with SIMD, else JavaScript. */
export function createKernel(littleEndian: boolean): Fletcher4Kernel {
  return createWasmKernel(littleEndian) ?? createJsKernel(littleEndian);
}

export function isZeroChecksum(words: ChecksumWords): boolean {
  return words[0] === 0n && words[1] === 0n && words[2] === 0n && words[3] === 0n;
}

export function sameChecksum(one: ChecksumWords, other: ChecksumWords): boolean {
  return one[0] === other[0] && one[1] === other[1] && one[2] === other[2] && one[3] === other[3];
}

/** As `zstream dump` prints it: four words in hex with slashes between. */
export function formatChecksum(words: ChecksumWords): string {
  return words.map((word) => word.toString(16)).join('/');
}
