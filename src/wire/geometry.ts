// How a stream is cut: the sizes of segments and records that follow from an MTU. docs/protocol.md, "Geometry".
import { ZwireError } from '../bytes/zwire-error.ts';
import { malformed } from '../bytes/byte-reader.ts';
import { LIMITS } from './limits.ts';
import type { SegmentHeader } from './segment.ts';

const IPV4_UDP_BYTES = 28;
const ETHERNET_IPV4_UDP_BYTES = 42;
const SEGMENT_HEADER_BYTES = 32;
// UDP's length field has 16 bits and AF_PACKET segments what is longer: lo's 65,536 counts as this.
const MTU_BYTES_MAX = 65_535;

/** Sizes of one transfer, bytes, but for the count. */
export interface Geometry {
  readonly mtuBytes: number;
  /** Payload of a full segment, a multiple of 16. */
  readonly segmentPayloadBytes: number;
  /** A full segment: its 32-byte header and its payload; the GSO size. */
  readonly segmentBytes: number;
  readonly segmentsPerRecord: number;
  /** A full record, sealed: payload x segments. */
  readonly recordBytes: number;
  /** What a full record carries: recordBytes less the 16-byte tag. */
  readonly plaintextBytes: number;
}

/**
 * The geometry of a path: the largest payload that is a multiple of 16 with 28 + 32 + payload <= MTU, and as
 * many segments (at most 64) as leave the super-frame's Ethernet frame below 65,536 bytes.
 * MTU 1500 gives 44 segments of 1,440 bytes, MTU 9000 gives 7 of 8,928.
 *
 * @throws ZwireError MTU_TOO_SMALL below 576
 */
export function geometryForMtu(mtuBytes: number): Geometry {
  if (!Number.isInteger(mtuBytes) || mtuBytes < LIMITS.mtuBytesMin) {
    throw new ZwireError('MTU_TOO_SMALL', `An MTU of ${mtuBytes} bytes leaves no room for a segment`, {
      fields: { mtuBytes, mtuBytesMin: LIMITS.mtuBytesMin },
      hint: `Use a frame size of at least ${LIMITS.mtuBytesMin} bytes.`,
    });
  }
  const room = Math.min(mtuBytes, MTU_BYTES_MAX) - IPV4_UDP_BYTES - SEGMENT_HEADER_BYTES;
  const payloadBytes = Math.min(room - (room % 16), LIMITS.segmentPayloadBytesMax);
  return cut(mtuBytes, payloadBytes);
}

/**
 * The geometry that a receiver derives from the announced segment payload; its `mtuBytes` is the smallest MTU
 * that fits.
 *
 * @throws ZwireError WIRE_MALFORMED when no MTU gives this payload
 */
export function geometryForSegment(segmentPayloadBytes: number): Geometry {
  if (!isSegmentPayload(segmentPayloadBytes)) throw malformed('segmentPayloadBytes', 0);
  return cut(segmentPayloadBytes + SEGMENT_HEADER_BYTES + IPV4_UDP_BYTES, segmentPayloadBytes);
}

/** Whether a full segment may have this payload. */
export function isSegmentPayload(bytes: number): boolean {
  return (
    Number.isInteger(bytes) &&
    bytes % 16 === 0 &&
    bytes >= LIMITS.segmentPayloadBytesMin &&
    bytes <= LIMITS.segmentPayloadBytesMax
  );
}

/**
 * Whether a decoded DATA header follows the transfer's geometry: all segments full but the last, as many as
 * the record's length needs. Its payload then lies at `segmentIndex * segmentPayloadBytes` of the record, and
 * within `recordBytes`. Decoding has checked a header only against itself; this is the check that makes it
 * safe to use as an address.
 */
export function fitsGeometry(header: SegmentHeader, geometry: Geometry): boolean {
  const full = geometry.segmentPayloadBytes;
  const before = header.segmentIndex * full;
  return (
    header.recordBytes <= geometry.recordBytes &&
    (header.segmentCount - 1) * full < header.recordBytes &&
    header.segmentCount * full >= header.recordBytes &&
    header.segmentIndex < header.segmentCount &&
    header.payloadBytes === Math.min(full, header.recordBytes - before)
  );
}

/** How many segments a record of this length has, its tag included. */
export function segmentCountOf(recordBytes: number, geometry: Geometry): number {
  return Math.ceil(recordBytes / geometry.segmentPayloadBytes);
}

function cut(mtuBytes: number, segmentPayloadBytes: number): Geometry {
  const segmentBytes = segmentPayloadBytes + SEGMENT_HEADER_BYTES;
  const fitting = Math.floor((LIMITS.superFrameBytes - ETHERNET_IPV4_UDP_BYTES) / segmentBytes);
  const segmentsPerRecord = Math.min(fitting, LIMITS.segmentsPerRecord);
  const recordBytes = segmentPayloadBytes * segmentsPerRecord;
  return {
    mtuBytes,
    segmentPayloadBytes,
    segmentBytes,
    segmentsPerRecord,
    recordBytes,
    plaintextBytes: recordBytes - LIMITS.tagBytes,
  };
}
