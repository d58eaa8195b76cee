// BoundedText: keeps the beginning and the end of a text of any length. A program that fails says why in its
// first lines and how it ended in its last ones; `zfs receive` can print one warning for each of a million files.

/** Bytes of the beginning that are kept. */
export const HEAD_BYTES_MAX: number = 8 * 1024;
/** Bytes of the end that are kept. */
export const TAIL_BYTES_MAX: number = 24 * 1024;

/** A collector that keeps HEAD_BYTES_MAX + TAIL_BYTES_MAX bytes, whatever is pushed into it. */
export class BoundedText {
  readonly #head: Buffer = Buffer.alloc(HEAD_BYTES_MAX);
  #headBytes = 0;
  /** A ring: the byte after the newest is at #tailBytes modulo its size. */
  readonly #tail: Buffer = Buffer.alloc(TAIL_BYTES_MAX);
  #tailBytes = 0;

  /** Copies what it keeps: the caller may reuse `chunk`. */
  push(chunk: Uint8Array): void {
    const toHead = chunk.subarray(0, HEAD_BYTES_MAX - this.#headBytes);
    this.#head.set(toHead, this.#headBytes);
    this.#headBytes += toHead.length;
    const toTail = chunk.subarray(toHead.length);
    const skipped = Math.max(0, toTail.length - TAIL_BYTES_MAX);
    const kept = toTail.subarray(skipped);
    const at = (this.#tailBytes + skipped) % TAIL_BYTES_MAX;
    const beforeWrap = kept.subarray(0, TAIL_BYTES_MAX - at);
    this.#tail.set(beforeWrap, at);
    this.#tail.set(kept.subarray(beforeWrap.length), 0);
    this.#tailBytes += toTail.length;
  }

  /** The text as UTF-8, with a line that counts the bytes left out where some were. */
  toString(): string {
    const head = this.#head.subarray(0, this.#headBytes);
    if (this.#tailBytes <= TAIL_BYTES_MAX) {
      return Buffer.concat([head, this.#tail.subarray(0, this.#tailBytes)]).toString('utf8');
    }
    const at = this.#tailBytes % TAIL_BYTES_MAX;
    const tail = Buffer.concat([this.#tail.subarray(at), this.#tail.subarray(0, at)]);
    const mark = `\n[... ${this.#tailBytes - TAIL_BYTES_MAX} bytes left out ...]\n`;
    return head.toString('utf8') + mark + tail.toString('utf8');
  }
}
