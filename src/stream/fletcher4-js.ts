// fletcher4 in JavaScript: exact, and more than twenty times slower than the WebAssembly module.
import type { ChecksumWords, Fletcher4Kernel } from './fletcher4.ts';

/**
 * Words summed in doubles before they are joined as bigint: d of n words is at most n(n+1)(n+2)(n+3)/24 times
 * 2^32-1, which stays below 2^53 up to 82 words.
 */
const BLOCK_WORDS = 80;
const MASK = 0xffff_ffff_ffff_ffffn;

class JsKernel implements Fletcher4Kernel {
  readonly #littleEndian: boolean;
  #sums: ChecksumWords = [0n, 0n, 0n, 0n];

  constructor(littleEndian: boolean) {
    this.#littleEndian = littleEndian;
  }

  add(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; at += BLOCK_WORDS * 4) {
      this.#addBlock(view, at, Math.min(at + BLOCK_WORDS * 4, bytes.length));
    }
  }

  words(): ChecksumWords {
    return this.#sums;
  }

  set(words: ChecksumWords): void {
    this.#sums = words;
  }

  #addBlock(view: DataView, start: number, end: number): void {
    const littleEndian = this.#littleEndian;
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let at = start; at < end; at += 4) {
      a += view.getUint32(at, littleEndian);
      b += a;
      c += b;
      d += c;
    }
    this.#sums = appended(this.#sums, BigInt((end - start) / 4), [
      BigInt(a),
      BigInt(b),
      BigInt(c),
      BigInt(d),
    ]);
  }
}

/** The sums over words that come before and a block of n words, whose own sums are `block`. */
function appended(before: ChecksumWords, n: bigint, block: ChecksumWords): ChecksumWords {
  const [a, b, c, d] = before;
  const n2 = (n * (n + 1n)) / 2n;
  const n3 = (n2 * (n + 2n)) / 3n;
  return [
    (a + block[0]) & MASK,
    (b + block[1] + n * a) & MASK,
    (c + block[2] + n * b + n2 * a) & MASK,
    (d + block[3] + n * c + n2 * b + n3 * a) & MASK,
  ];
}

export function createJsKernel(littleEndian: boolean): Fletcher4Kernel {
  return new JsKernel(littleEndian);
}
