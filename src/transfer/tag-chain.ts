// SHA-256 over the record tags of a transfer in order: what END carries and the receiver compares (docs/protocol.md,
// "END"). Tags are gathered, since a hash call costs as much for 16 bytes as for a kilobyte.
import { createHash, type Hash } from 'node:crypto';
import { TAG_BYTES } from '../sys/aead-context.ts';

const TAGS_PER_UPDATE = 64;

export class TagChain {
  readonly #hash: Hash = createHash('sha256');
  readonly #tags: Uint8Array = new Uint8Array(TAGS_PER_UPDATE * TAG_BYTES);
  readonly #view: DataView = new DataView(this.#tags.buffer);
  #count = 0;

  /** Appends the 16 bytes at `offset`. Copied as words: two typed array views a record would be garbage. */
  append(view: DataView, offset: number): void {
    const at = this.#count * TAG_BYTES;
    copyTag(view, offset, this.#view, at);
    if (++this.#count === TAGS_PER_UPDATE) this.#update();
  }

  #update(): void {
    this.#hash.update(this.#tags.subarray(0, this.#count * TAG_BYTES));
    this.#count = 0;
  }

  /** The 32 bytes; nothing can be appended afterwards. */
  digest(): Uint8Array {
    this.#update();
    return this.#hash.digest();
  }
}

export function copyTag(from: DataView, fromAt: number, to: DataView, toAt: number): void {
  for (let byte = 0; byte < TAG_BYTES; byte += 4) to.setUint32(toAt + byte, from.getUint32(fromAt + byte));
}
