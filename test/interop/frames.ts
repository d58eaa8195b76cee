// Frames that tests write into captures by hand.
import {
  emptySegmentHeader,
  encodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from '../../src/wire/segment.ts';
import type { FrameParts } from '../netns/frame.ts';

export const ADDRESSES: Omit<FrameParts, 'payload'> = {
  sourceMac: '46:dc:e7:58:d0:a2',
  destinationMac: 'e2:ff:48:6e:a9:fe',
  sourceIp: '198.18.0.1',
  destinationIp: '198.18.0.2',
  sourcePort: 41_234,
  destinationPort: 1337,
};

/** A record of one segment, or a control message, but for what `header` says. */
export function segment(header: Partial<SegmentHeader>, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES + payload.length);
  const whole = { payloadBytes: payload.length, recordBytes: payload.length, segmentCount: 1, ...header };
  encodeSegmentHeader(new DataView(bytes.buffer), 0, { ...emptySegmentHeader(), transferIdLow: 7, ...whole });
  bytes.set(payload, SEGMENT_HEADER_BYTES);
  return bytes;
}
