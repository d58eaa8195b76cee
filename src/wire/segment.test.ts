import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attackDecoder, refused } from '../../test/hostile-harness.ts';
import { fitsGeometry, geometryForMtu, segmentCountOf } from './geometry.ts';
import {
  AAD_BYTES,
  decodeSegmentHeader,
  emptySegmentHeader,
  encodeSegmentHeader,
  FLAG_LAST,
  FLAG_REPAIR,
  MessageType,
  SEGMENT_OFFSETS,
  type SegmentHeader,
  writeAad,
} from './segment.ts';

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

const DATA: SegmentHeader = {
  type: MessageType.data,
  flags: FLAG_REPAIR | FLAG_LAST,
  parityRow: 0,
  payloadBytes: 512,
  transferIdHigh: 0x89abcdef,
  transferIdLow: 0x01234567,
  record: 0xfedc_ba98_7654,
  segmentIndex: 1,
  segmentCount: 3,
  recordBytes: 1200,
};
const CONTROL: SegmentHeader = {
  ...DATA,
  type: MessageType.status,
  flags: 0,
  payloadBytes: 56,
  record: 1,
  segmentIndex: 0,
  segmentCount: 1,
  recordBytes: 56,
};

function encode(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(32 + header.payloadBytes);
  encodeSegmentHeader(viewOf(bytes), 0, header);
  return bytes;
}

function reasonFor(header: Partial<SegmentHeader>, base: SegmentHeader = DATA): string {
  const bytes = encode({ ...base, ...header });
  return decodeSegmentHeader(viewOf(bytes), 0, bytes.length, emptySegmentHeader());
}

describe('segment header', () => {
  test('the layout of docs/protocol.md, byte for byte', () => {
    expect(Buffer.from(encode(DATA).subarray(0, 32)).toString('hex')).toBe(
      '5a57010203000200 89abcdef01234567 fedcba9876540103 000004b000000000'.replaceAll(' ', ''),
    );
  });

  test('the offsets name the fields', () => {
    const view = viewOf(encode(DATA));
    expect(view.getUint8(SEGMENT_OFFSETS.flags)).toBe(3);
    expect(view.getUint16(SEGMENT_OFFSETS.payloadBytes)).toBe(512);
    expect(view.getUint32(SEGMENT_OFFSETS.transferIdLow)).toBe(0x01234567);
    expect(view.getUint16(SEGMENT_OFFSETS.recordHigh)).toBe(0xfedc);
    expect(view.getUint32(SEGMENT_OFFSETS.recordLow)).toBe(0xba987654);
    expect(view.getUint8(SEGMENT_OFFSETS.segmentIndex)).toBe(1);
    expect(view.getUint8(SEGMENT_OFFSETS.segmentCount)).toBe(3);
    expect(view.getUint32(SEGMENT_OFFSETS.recordBytes)).toBe(1200);
  });

  test('passes the hostile harness', () => {
    attackDecoder<SegmentHeader>({
      name: 'segment',
      vectors: [
        encode(DATA),
        encode(CONTROL),
        encode({ ...DATA, segmentIndex: 2, payloadBytes: 176 }),
        encode({ ...DATA, type: MessageType.parity, flags: FLAG_REPAIR, parityRow: 7 }),
        encode({ ...CONTROL, type: MessageType.filler, payloadBytes: 100, recordBytes: 100 }),
      ],
      decode: (bytes) => {
        const out = emptySegmentHeader();
        const reason = decodeSegmentHeader(viewOf(bytes), 0, bytes.length, out);
        if (reason !== '') throw refused(reason);
        return out;
      },
      trailing: 'ignored', // the next segment of the frame
      check: (header) => {
        expect(header.segmentIndex).toBeLessThan(header.segmentCount);
        expect(header.segmentCount).toBeLessThanOrEqual(64);
        expect(header.payloadBytes).toBeLessThanOrEqual(header.recordBytes);
        expect(header.recordBytes).toBeLessThanOrEqual(65_493);
      },
      encode,
    });
  });

  test.each<[string, Partial<SegmentHeader>]>([
    ['type', { type: 0 }],
    ['type', { type: 10 }],
    ['flags', { flags: 4 }],
    ['flags', { flags: 0x80 }],
    ['reserved', { parityRow: 1 }],
    ['index', { segmentIndex: 3 }],
    ['index', { segmentIndex: 0, segmentCount: 0 }],
    ['index', { segmentCount: 65 }],
    ['length', { payloadBytes: 0 }],
    ['length', { payloadBytes: 513 }],
    ['length', { payloadBytes: 496 }], // below the smallest segment
    ['length', { recordBytes: 1024 }], // two segments would do
    ['length', { recordBytes: 1537 }], // three are too few
    ['length', { segmentIndex: 2, payloadBytes: 177 }], // the rest does not divide
    ['length', { segmentIndex: 2, payloadBytes: 1000 }], // the full ones would be too small
    ['length', { segmentIndex: 2, payloadBytes: 1000, recordBytes: 2024 }], // longer than a full one
    ['length', { segmentCount: 1, segmentIndex: 0, payloadBytes: 15, recordBytes: 15 }],
    ['length', { segmentCount: 64, payloadBytes: 1440, recordBytes: 92_160 }], // over a super-frame
  ])('drops with reason %s: %o', (reason, header) => {
    expect(reasonFor(header)).toBe(reason);
  });

  test.each<[string, Partial<SegmentHeader>]>([
    ['flags', { flags: FLAG_LAST }],
    ['flags', { flags: FLAG_REPAIR }],
    ['length', { payloadBytes: 15, recordBytes: 15 }],
    ['length', { payloadBytes: 57 }],
    ['length', { segmentCount: 2 }],
    ['length', { payloadBytes: 1441, recordBytes: 1441 }],
  ])('drops a control message with reason %s: %o', (reason, header) => {
    expect(reasonFor(header, CONTROL)).toBe(reason);
  });

  test('names what is wrong with foreign bytes', () => {
    const out = emptySegmentHeader();
    const change = (at: number, value: number): string => {
      const bytes = encode(DATA);
      bytes[at] = value;
      return decodeSegmentHeader(viewOf(bytes), 0, bytes.length, out);
    };
    expect(change(0, 0x45)).toBe('magic');
    expect(change(2, 2)).toBe('version');
    expect(change(28, 1)).toBe('reserved');
    expect(change(31, 1)).toBe('reserved');
    expect(decodeSegmentHeader(viewOf(encode(DATA)), 0, 31, out)).toBe('truncated');
    expect(decodeSegmentHeader(viewOf(encode(DATA)), 0, 543, out)).toBe('truncated');
    expect(out).toEqual(emptySegmentHeader());
  });

  test("a receiver takes a frame apart by the segments' own lengths", () => {
    const geometry = geometryForMtu(1500);
    const recordBytes = 63_360 - 700;
    const segments = Array.from({ length: segmentCountOf(recordBytes, geometry) }, (_, segmentIndex) =>
      encode({
        ...DATA,
        recordBytes,
        segmentIndex,
        segmentCount: 44,
        payloadBytes: Math.min(1440, recordBytes - segmentIndex * 1440),
      }),
    );
    const frame = Buffer.concat(segments);
    const view = viewOf(frame);
    const header = emptySegmentHeader();
    const seen: number[] = [];
    for (let at = 0; at < frame.length; at += 32 + header.payloadBytes) {
      expect(decodeSegmentHeader(view, at, frame.length - at, header)).toBe('');
      expect(fitsGeometry(header, geometry)).toBe(true);
      seen.push(header.segmentIndex);
    }
    expect(seen).toEqual(Array.from({ length: 44 }, (_, i) => i));
  });

  test('every record that a sender may cut decodes at every MTU', () => {
    const cases = fc.tuple(fc.integer({ min: 576, max: 65_535 }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(cases, fc.nat(63), ([mtuBytes, fill], pick) => {
        const geometry = geometryForMtu(mtuBytes);
        const recordBytes = 16 + Math.floor(fill * geometry.plaintextBytes);
        const segmentCount = segmentCountOf(recordBytes, geometry);
        const segmentIndex = pick % segmentCount;
        const full = geometry.segmentPayloadBytes;
        const payloadBytes = Math.min(full, recordBytes - segmentIndex * full);
        expect(reasonFor({ recordBytes, segmentCount, segmentIndex, payloadBytes })).toBe('');
      }),
      { numRuns: 300 },
    );
  });
});

describe('associated data', () => {
  test('is the header without what differs between sendings', () => {
    const aad = new Uint8Array(AAD_BYTES + 2).fill(0xee);
    writeAad(viewOf(aad), 1, DATA.type, DATA.transferIdHigh, DATA.transferIdLow, DATA.record, 1200, true);
    expect(Buffer.from(aad).toString('hex')).toBe(
      'ee 5a57010202000000 89abcdef01234567 fedcba9876540000 000004b0 ee'.replaceAll(' ', ''),
    );
    writeAad(viewOf(aad), 1, DATA.type, DATA.transferIdHigh, DATA.transferIdLow, DATA.record, 1200, false);
    expect(aad[5]).toBe(0);
  });
});
