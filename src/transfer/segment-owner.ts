// Whose a segment is: the transfer id of its header, as a pair of words and as a name.
import type { TransferId } from '../seal/handshake.ts';
import type { SegmentHeader } from '../wire/segment.ts';

/** A copy: headers are decoded into one object. */
export function idOf({ transferIdHigh, transferIdLow }: SegmentHeader): TransferId {
  return { transferIdHigh, transferIdLow };
}

/** 16 hex digits. */
export function transferName(header: SegmentHeader): string {
  const hex = (value: number): string => value.toString(16).padStart(8, '0');
  return hex(header.transferIdHigh) + hex(header.transferIdLow);
}
