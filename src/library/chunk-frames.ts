// Chunks keep their edges on the way: what onSend returned is what the other side's loop gets, so that a transform
// whose inverse needs whole chunks (a cipher with a tag each) works. Every chunk is preceded by its length:
//
//   0:4 length, big-endian, 1 to CHUNK_BYTES_MAX | 4: the chunk
import { ZwireError } from '../bytes/zwire-error.ts';

/** What a transfer announces whose stream is framed this way. */
export const CHUNKS_FEATURE = 'chunks';

/** Most bytes of one chunk; the receiving side keeps one in memory. */
export const CHUNK_BYTES_MAX: number = 16 * 1024 * 1024;

const HEADER_BYTES = 4;

/** The length in front of a chunk. Throws SOURCE_FAILED for a chunk that is too long. */
export function chunkHeader(chunkBytes: number): Uint8Array {
  if (chunkBytes > CHUNK_BYTES_MAX) {
    throw new ZwireError(
      'SOURCE_FAILED',
      `onSend returned ${chunkBytes} bytes, and a chunk has at most ${CHUNK_BYTES_MAX}`,
      {
        fields: { bytes: chunkBytes, bytesMax: CHUNK_BYTES_MAX },
      },
    );
  }
  const header = new Uint8Array(HEADER_BYTES);
  new DataView(header.buffer).setUint32(0, chunkBytes);
  return header;
}

/** Puts chunks together again out of pieces of any length. Gives copies: a piece may be used again. */
export class ChunkAssembler {
  readonly #header: Uint8Array = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #chunk: Uint8Array | undefined;
  #chunkBytes = 0;

  /** The chunks that the piece completes. Throws WIRE_MALFORMED for a length that no sender of ours states. */
  *push(piece: Uint8Array): Generator<Uint8Array, void, undefined> {
    let at = 0;
    while (at < piece.length) {
      if (this.#chunk === undefined) {
        at += this.#fillHeader(piece.subarray(at));
        continue;
      }
      const part = piece.subarray(at, at + this.#chunk.length - this.#chunkBytes);
      this.#chunk.set(part, this.#chunkBytes);
      this.#chunkBytes += part.length;
      at += part.length;
      if (this.#chunkBytes < this.#chunk.length) continue;
      const chunk = this.#chunk;
      this.#chunk = undefined;
      yield chunk;
    }
  }

  /** Throws WIRE_MALFORMED when the stream ends within a chunk. */
  end(): void {
    if (this.#chunk !== undefined || this.#headerBytes > 0) throw malformed('it ends within a chunk');
  }

  #fillHeader(piece: Uint8Array): number {
    const part = piece.subarray(0, HEADER_BYTES - this.#headerBytes);
    this.#header.set(part, this.#headerBytes);
    this.#headerBytes += part.length;
    if (this.#headerBytes === HEADER_BYTES) {
      const bytes = new DataView(this.#header.buffer).getUint32(0);
      if (bytes === 0 || bytes > CHUNK_BYTES_MAX) throw malformed(`a chunk of ${bytes} bytes`);
      this.#headerBytes = 0;
      this.#chunk = new Uint8Array(bytes);
      this.#chunkBytes = 0;
    }
    return part.length;
  }
}

function malformed(what: string): ZwireError {
  return new ZwireError('WIRE_MALFORMED', `the stream of chunks is damaged: ${what}`, {
    hint: 'Both sides have to be of the same version of zwire.',
  });
}
