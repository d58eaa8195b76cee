// The sender's side of v0 (see v0.ts): numbers the chunks of one transfer and chains their checksums.
import { encodeV0Chunk, V0_CHUNK_OVERHEAD_BYTES, V0_INDEX_COUNT } from './v0.ts';

/** One transfer; a new one needs a new chunker. */
export class V0Chunker {
  readonly #transferId: number;
  #index = 0;
  #previousCrc = 0;

  constructor(transferId: number = 0) {
    this.#transferId = transferId;
  }

  /**
   * Writes the next chunk, `data`, to the front of `out`.
   *
   * @returns the length of the message: data + 13 bytes
   */
  next(out: Uint8Array, data: Uint8Array): number {
    this.#previousCrc = encodeV0Chunk(out, this.#transferId, this.#index, data, this.#previousCrc);
    this.#index = (this.#index + 1) % V0_INDEX_COUNT;
    return data.length + V0_CHUNK_OVERHEAD_BYTES;
  }
}
