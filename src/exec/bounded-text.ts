// BoundedText: keeps the beginning and the end of a text of any length. A program that fails says why in its
// first lines and how it ended in its last ones; `zfs receive` can print one warning for each of a million files.

/** Bytes of the beginning that are kept. */
export const HEAD_BYTES_MAX: number = 8 * 1024;
/** Bytes of the end that are kept. */
export const TAIL_BYTES_MAX: number = 24 * 1024;

/** A collector of at most HEAD_BYTES_MAX + 2 x TAIL_BYTES_MAX bytes, whatever is pushed into it. */
export class BoundedText {
  #head: Buffer = Buffer.alloc(0);
  #tail: Buffer = Buffer.alloc(0);
  #droppedBytes = 0;

  /** Copies what it keeps: the caller may reuse `chunk`. */
  push(chunk: Uint8Array): void {
    const room = HEAD_BYTES_MAX - this.#head.length;
    if (room > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)]);
    const rest = chunk.subarray(Math.max(0, room));
    if (rest.length === 0) return;
    const joined = Buffer.concat([this.#tail, rest.subarray(Math.max(0, rest.length - TAIL_BYTES_MAX))]);
    const kept = joined.subarray(Math.max(0, joined.length - TAIL_BYTES_MAX));
    this.#droppedBytes += this.#tail.length + rest.length - kept.length;
    this.#tail = Buffer.from(kept);
  }

  /** The text as UTF-8, with a line that counts the bytes left out where some were. */
  toString(): string {
    if (this.#droppedBytes === 0) return Buffer.concat([this.#head, this.#tail]).toString('utf8');
    const mark = `\n[... ${this.#droppedBytes} bytes left out ...]\n`;
    return this.#head.toString('utf8') + mark + this.#tail.toString('utf8');
  }
}
