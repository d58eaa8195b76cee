// v0, the wire format of the Python program that zwire grew from (`--wire v0`): one message a frame, nothing
// acknowledged, nothing repeated. All integers big-endian; the message is the UDP payload (byte 42 of the frame):
//
//   pre-flight  0 type (1): 0 dataset, 1 pool, 2 delta | transfer id (1) | name length (1) | name: UTF-8
//   chunk       0 type (1): 3 | transfer id (1) | index (1): 0..254, then 0 again | CRC-32 of data (4)
//               7 data length (2) | data | CRC-32 of the previous chunk's data (4): 0 in the first
//   end         0 type (1): 4 | transfer id (1)
//
// Its frames carry an IPv4 header checksum of 0, a UDP checksum of 0, and a UDP length without the 8 header
// bytes. So nothing here looks at a UDP length: a message is cut by its own lengths, and what follows it in the
// frame (Ethernet padding) is ignored. The rules of order are in v0-reassembler.ts, the sender's in v0-chunker.ts.
import { crc32 } from '../bytes/crc32.ts';
import { decodeUtf8, encodeUtf8 } from '../bytes/utf8.ts';
import { ZwireError } from '../bytes/zwire-error.ts';

/** Chunk indexes are 0..254. */
export const V0_INDEX_COUNT = 255;
/** Bytes of a chunk around its data. */
export const V0_CHUNK_OVERHEAD_BYTES = 13;
/** Bytes of a frame around a chunk's data: Ethernet 14, IPv4 20, UDP 8 and the chunk's own 13. */
export const V0_FRAME_OVERHEAD_BYTES = 55;
/** Pre-flight and end are each sent this often. */
export const V0_REPEATS = 3;

const NAME_BYTES_MAX = 255;
const DATA_BYTES_MAX = 65_535;
const CHUNK_HEAD_BYTES = 9;

const KINDS = ['dataset', 'pool', 'delta'] as const;
export type V0Kind = (typeof KINDS)[number];
const CHUNK = 3;
const END = 4;

export interface V0Preflight {
  readonly type: 'preflight';
  readonly transferId: number;
  readonly kind: V0Kind;
  readonly name: string;
}

export interface V0Chunk {
  readonly type: 'chunk';
  readonly transferId: number;
  /** 0..254. */
  readonly index: number;
  /** As the sender stated it; V0Reassembler compares it with the data. */
  readonly crc: number;
  readonly previousCrc: number;
  /** A view of the decoder's input: copy it before the frame is overwritten. */
  readonly data: Uint8Array;
}

export interface V0End {
  readonly type: 'end';
  readonly transferId: number;
}

export type V0Message = V0Preflight | V0Chunk | V0End;

/** Data of one chunk in frames of this size (the seed counts the Ethernet header in), bytes. */
export function v0ChunkDataBytes(frameBytes: number): number {
  const bytes = frameBytes - V0_FRAME_OVERHEAD_BYTES;
  if (!Number.isInteger(bytes) || bytes < 1) {
    throw new ZwireError('MTU_TOO_SMALL', `A frame of ${frameBytes} bytes leaves no room for a v0 chunk`, {
      fields: { frameBytes, frameBytesMin: V0_FRAME_OVERHEAD_BYTES + 1 },
      hint: `Use a frame size of at least ${V0_FRAME_OVERHEAD_BYTES + 1} bytes.`,
    });
  }
  return Math.min(bytes, DATA_BYTES_MAX);
}

/**
 * Reads one message from the front of `payload`, which runs from the end of the UDP header to the IPv4 total
 * length, or to the end of the frame where that is nearer. Bytes after the message are ignored.
 *
 * @returns undefined when this is no v0 message: random bytes on the port are counted, not thrown
 */
export function decodeV0(payload: Uint8Array): V0Message | undefined {
  const type = payload[0];
  const transferId = payload[1];
  if (type === undefined || transferId === undefined) return undefined;
  if (type === END) return { type: 'end', transferId };
  if (type === CHUNK) return decodeChunk(payload, transferId);
  const kind = KINDS[type];
  return kind === undefined ? undefined : decodePreflight(payload, kind, transferId);
}

/**
 * A pre-flight message.
 *
 * @throws ZwireError NAME_TOO_LONG over 255 bytes of UTF-8
 */
export function encodeV0Preflight(kind: V0Kind, transferId: number, name: string): Uint8Array {
  const nameBytes = encodeUtf8(name);
  if (nameBytes.length === 0 || nameBytes.length > NAME_BYTES_MAX) {
    throw new ZwireError('NAME_TOO_LONG', `"${name}" does not fit a v0 pre-flight message`, {
      fields: { name, nameBytesMax: NAME_BYTES_MAX },
      hint: 'Use a name of 1 to 255 bytes.',
    });
  }
  return Uint8Array.of(KINDS.indexOf(kind), transferId, nameBytes.length, ...nameBytes);
}

export function encodeV0End(transferId: number): Uint8Array {
  return Uint8Array.of(END, transferId);
}

/**
 * Writes a chunk to the front of `out`, whose length must be at least data + 13.
 *
 * @returns the CRC-32 of `data`, the next chunk's `previousCrc`; the message is `data.length + 13` bytes long
 */
export function encodeV0Chunk(
  out: Uint8Array,
  transferId: number,
  index: number,
  data: Uint8Array,
  previousCrc: number,
): number {
  if (data.length > DATA_BYTES_MAX || out.length < data.length + V0_CHUNK_OVERHEAD_BYTES) {
    throw new RangeError(`a chunk of ${data.length} bytes does not fit ${out.length}`);
  }
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  const crc = crc32(data);
  view.setUint8(0, CHUNK);
  view.setUint8(1, transferId);
  view.setUint8(2, index);
  view.setUint32(3, crc);
  view.setUint16(7, data.length);
  out.set(data, CHUNK_HEAD_BYTES);
  view.setUint32(CHUNK_HEAD_BYTES + data.length, previousCrc);
  return crc;
}

function decodePreflight(payload: Uint8Array, kind: V0Kind, transferId: number): V0Preflight | undefined {
  const nameBytes = payload[2];
  if (nameBytes === undefined || nameBytes === 0 || 3 + nameBytes > payload.length) return undefined;
  const name = decodeUtf8(payload.subarray(3, 3 + nameBytes));
  // The name reaches a terminal and, after its own checks, a command line: no control characters.
  if (name === undefined || /\p{Cc}/u.test(name)) return undefined;
  return { type: 'preflight', transferId, kind, name };
}

function decodeChunk(payload: Uint8Array, transferId: number): V0Chunk | undefined {
  if (payload.length < V0_CHUNK_OVERHEAD_BYTES) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const index = view.getUint8(2);
  const dataBytes = view.getUint16(7);
  const end = CHUNK_HEAD_BYTES + dataBytes;
  if (index >= V0_INDEX_COUNT || end + 4 > payload.length) return undefined;
  return {
    type: 'chunk',
    transferId,
    index,
    crc: view.getUint32(3),
    previousCrc: view.getUint32(end),
    data: payload.subarray(CHUNK_HEAD_BYTES, end),
  };
}
