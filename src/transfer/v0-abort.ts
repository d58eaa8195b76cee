// v0 cannot say that a transfer is off. An empty chunk from half a turn of the index ahead serves: any receiver gives
// up at a gap, where it would otherwise wait for a sender that has gone, and ours knows it from a loss, since the
// seed sends no empty chunks.
import {
  V0_CHUNK_OVERHEAD_BYTES,
  V0_INDEX_COUNT,
  type V0Chunk,
  type V0Message,
  encodeV0Chunk,
} from '../wire/v0.ts';

export const V0_ABORT_BYTES: number = V0_CHUNK_OVERHEAD_BYTES;

/** Writes it to `out`, after `chunks` chunks of the transfer. */
export function encodeV0Abort(out: Uint8Array, transferId: number, chunks: number): void {
  const index = (chunks + (V0_INDEX_COUNT >> 1)) % V0_INDEX_COUNT;
  encodeV0Chunk(out, transferId, index, new Uint8Array(0), 0);
}

/** Of a message that is a gap. */
export function isV0Abort(message: V0Message): message is V0Chunk {
  return message.type === 'chunk' && message.data.byteLength === 0 && message.previousCrc === 0;
}
