// The segment: one UDP datagram's worth of zwire. docs/protocol.md, "Segment header". Nothing here allocates or
// throws: it runs for every segment that any program sends to our port.
//
//    0               1               2               3
//   +---------------+---------------+---------------+---------------+
//   |          magic 0x5A57         |   version 1   |     type      |
//   +---------------+---------------+---------------+---------------+  4
//   |     flags     |  parity row   |        payload length         |
//   +---------------+---------------+---------------+---------------+  8
//   |                          transfer id                          |
//   |                                                               |
//   +---------------+---------------+---------------+---------------+ 16
//   |                        record number                          |
//   |                               +---------------+---------------+
//   |                               | segment index | segment count |
//   +---------------+---------------+---------------+---------------+ 24
//   |                  record length, tag included                  |
//   +---------------+---------------+---------------+---------------+ 28
//   |                             zero                              |
//   +---------------+---------------+---------------+---------------+ 32
//
// All big-endian. Control messages are one segment: index 0, count 1, record length = payload length, and the
// record number is the counter of their direction.
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import { LIMITS } from './limits.ts';

export const SEGMENT_HEADER_BYTES = 32;
export const MAGIC = 0x5a57;
export const VERSION = 1;

/** Byte offsets of the fields, for those who stamp preset headers in place. */
export const SEGMENT_OFFSETS = {
  magic: 0,
  version: 2,
  type: 3,
  flags: 4,
  parityRow: 5,
  payloadBytes: 6,
  transferIdHigh: 8,
  transferIdLow: 12,
  /** u16: the upper 16 bits of the record number. */
  recordHigh: 16,
  /** u32: its lower 32 bits. */
  recordLow: 18,
  segmentIndex: 22,
  segmentCount: 23,
  recordBytes: 24,
  reserved: 28,
} as const;

export const MessageType = {
  announce: 1,
  data: 2,
  parity: 3,
  status: 4,
  end: 5,
  join: 6,
  filler: 7,
  abort: 8,
  probe: 9,
} as const;

/** The segment was sent before. Not authenticated, for counters only. */
export const FLAG_REPAIR = 1;
/** The record is the last of the stream. Authenticated. */
export const FLAG_LAST = 2;

export interface SegmentHeader {
  /** One of MessageType. */
  type: number;
  flags: number;
  /** Row of a PARITY record in its group, else 0. */
  parityRow: number;
  /** Bytes after this header that belong to the segment. */
  payloadBytes: number;
  transferIdHigh: number;
  transferIdLow: number;
  /** Record number of DATA, group of PARITY, counter of a control message; below 2^48. */
  record: number;
  segmentIndex: number;
  segmentCount: number;
  /** Length of the whole record with its tag, bytes. */
  recordBytes: number;
}

/** Why a segment was dropped; '' when it was not. Receivers count by it. */
export type SegmentDropReason =
  | ''
  | 'truncated'
  | 'magic'
  | 'version'
  | 'type'
  | 'flags'
  | 'reserved'
  | 'index'
  | 'length';

/** A header to decode into, made once and used for every segment. */
export function emptySegmentHeader(): SegmentHeader {
  return {
    type: 0,
    flags: 0,
    parityRow: 0,
    payloadBytes: 0,
    transferIdHigh: WIDE_ZERO,
    transferIdLow: WIDE_ZERO,
    record: WIDE_ZERO,
    segmentIndex: 0,
    segmentCount: 0,
    recordBytes: 0,
  };
}

/**
 * Reads the segment header at `offset` into `out`. Never throws, never allocates.
 *
 * `availableBytes` counts from `offset` to the end of the datagram or frame, which must lie within the view. A
 * frame may hold several segments: the caller goes on at `offset + 32 + out.payloadBytes`.
 *
 * @returns '' when the header is valid in itself and its payload is all there; else the reason to drop the rest
 *   of the frame, and `out` is undefined. Check DATA with `fitsGeometry` before using it as an address.
 */
export function decodeSegmentHeader(
  view: DataView,
  offset: number,
  availableBytes: number,
  out: SegmentHeader,
): SegmentDropReason {
  if (availableBytes < SEGMENT_HEADER_BYTES) return 'truncated';
  if (view.getUint16(offset) !== MAGIC) return 'magic';
  if (view.getUint8(offset + 2) !== VERSION) return 'version';
  const type = view.getUint8(offset + 3);
  if (type < MessageType.announce || type > MessageType.probe) return 'type';
  const flags = view.getUint8(offset + 4);
  if ((flags & ~allowedFlags(type)) !== 0) return 'flags';
  const parityRow = view.getUint8(offset + 5);
  if (parityRow !== 0 && type !== MessageType.parity) return 'reserved';
  if (view.getUint32(offset + 28) !== 0) return 'reserved';
  const payloadBytes = view.getUint16(offset + 6);
  if (payloadBytes > availableBytes - SEGMENT_HEADER_BYTES) return 'truncated';
  const segmentIndex = view.getUint8(offset + 22);
  const segmentCount = view.getUint8(offset + 23);
  if (segmentCount > LIMITS.segmentsPerRecord || segmentIndex >= segmentCount) return 'index';
  const recordBytes = view.getUint32(offset + 24);
  if (!isLengthSound(type, payloadBytes, segmentIndex, segmentCount, recordBytes)) return 'length';

  out.type = type;
  out.flags = flags;
  out.parityRow = parityRow;
  out.payloadBytes = payloadBytes;
  out.transferIdHigh = view.getUint32(offset + 8);
  out.transferIdLow = view.getUint32(offset + 12);
  out.record = view.getUint16(offset + 16) * 0x1_0000_0000 + view.getUint32(offset + 18);
  out.segmentIndex = segmentIndex;
  out.segmentCount = segmentCount;
  out.recordBytes = recordBytes;
  return '';
}

/** Writes the 32 bytes of a segment header. The caller keeps the rules that decoding checks. */
export function encodeSegmentHeader(view: DataView, offset: number, header: SegmentHeader): void {
  view.setUint16(offset, MAGIC);
  view.setUint8(offset + 2, VERSION);
  view.setUint8(offset + 3, header.type);
  view.setUint8(offset + 4, header.flags);
  view.setUint8(offset + 5, header.parityRow);
  view.setUint16(offset + 6, header.payloadBytes);
  view.setUint32(offset + 8, header.transferIdHigh);
  view.setUint32(offset + 12, header.transferIdLow);
  writeRecordNumber(view, offset + 16, header.record);
  view.setUint8(offset + 22, header.segmentIndex);
  view.setUint8(offset + 23, header.segmentCount);
  view.setUint32(offset + 24, header.recordBytes);
  view.setUint32(offset + 28, 0);
}

export const AAD_BYTES = 28;

/**
 * Writes the additional authenticated data of a record or control message: the first 28 bytes of its segment
 * header with every field that differs between its segments or its sendings set to zero.
 *
 *    0 magic (2) | version (1) | type (1) | flags: only the last-record bit (1) | zero (3)
 *    8 transfer id (8) | 16 record number or counter (6) | zero (2) | 24 record length (4)
 */
export function writeAad(
  view: DataView,
  offset: number,
  type: number,
  transferIdHigh: number,
  transferIdLow: number,
  record: number,
  recordBytes: number,
  last: boolean,
): void {
  view.setUint16(offset, MAGIC);
  view.setUint8(offset + 2, VERSION);
  view.setUint8(offset + 3, type);
  view.setUint32(offset + 4, last ? FLAG_LAST << 24 : 0);
  view.setUint32(offset + 8, transferIdHigh);
  view.setUint32(offset + 12, transferIdLow);
  writeRecordNumber(view, offset + 16, record);
  view.setUint16(offset + 22, 0);
  view.setUint32(offset + 24, recordBytes);
}

function writeRecordNumber(view: DataView, offset: number, record: number): void {
  // `%` and division, not bit operators: the number has 48 bits.
  view.setUint16(offset, Math.floor(record / 0x1_0000_0000));
  view.setUint32(offset + 2, record % 0x1_0000_0000);
}

function allowedFlags(type: number): number {
  if (type === MessageType.data) return FLAG_REPAIR | FLAG_LAST;
  return type === MessageType.parity ? FLAG_REPAIR : 0;
}

/** Whether the lengths agree: every segment but the last is full, and together they make the record. */
function isLengthSound(
  type: number,
  payloadBytes: number,
  segmentIndex: number,
  segmentCount: number,
  recordBytes: number,
): boolean {
  if (type !== MessageType.data && type !== MessageType.parity) {
    if (segmentCount !== 1 || recordBytes !== payloadBytes) return false;
    if (type === MessageType.filler) return true;
    return payloadBytes >= LIMITS.tagBytes && payloadBytes <= LIMITS.controlPayloadBytes;
  }
  if (recordBytes < LIMITS.tagBytes || payloadBytes === 0) return false;
  const last = segmentCount - 1;
  if (segmentIndex < last) {
    if (!isFullPayload(payloadBytes, segmentCount)) return false;
    return payloadBytes * last < recordBytes && recordBytes <= payloadBytes * segmentCount;
  }
  if (last === 0) return recordBytes === payloadBytes && payloadBytes <= LIMITS.segmentPayloadBytesMax;
  const full = (recordBytes - payloadBytes) / last;
  return payloadBytes <= full && isFullPayload(full, segmentCount);
}

/** Whether `segmentCount` segments of this payload can make a record; false for a fraction too. */
function isFullPayload(payloadBytes: number, segmentCount: number): boolean {
  return (
    payloadBytes % 16 === 0 &&
    payloadBytes >= LIMITS.segmentPayloadBytesMin &&
    (payloadBytes + SEGMENT_HEADER_BYTES) * segmentCount <= LIMITS.superFrameBytes - 42
  );
}
