import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitsGeometry, geometryForMtu, geometryForSegment, segmentCountOf } from './geometry.ts';
import { LIMITS } from './limits.ts';
import { emptySegmentHeader, MessageType } from './segment.ts';

describe('geometry', () => {
  test.each([
    [576, 512, 64],
    [1280, 1216, 52],
    [1500, 1440, 44],
    [9000, 8928, 7],
    [65_535, 65_456, 1],
    [65_536, 65_456, 1], // lo
  ])('MTU %i gives segments of %i bytes, %i a record', (mtuBytes, payload, segments) => {
    const geometry = geometryForMtu(mtuBytes);
    expect(geometry).toEqual({
      mtuBytes,
      segmentPayloadBytes: payload,
      segmentBytes: payload + 32,
      segmentsPerRecord: segments,
      recordBytes: payload * segments,
      plaintextBytes: payload * segments - 16,
    });
  });

  test('every MTU: segments fit it, super-frames stay below 64 KiB, and one more would not', () => {
    for (let mtuBytes = 576; mtuBytes <= 65_535; mtuBytes += 61) {
      const g = geometryForMtu(mtuBytes);
      expect(g.segmentPayloadBytes % 16).toBe(0);
      expect(28 + g.segmentBytes).toBeLessThanOrEqual(mtuBytes);
      const larger = g.segmentPayloadBytes + 16;
      expect(28 + 32 + larger > mtuBytes || larger > LIMITS.segmentPayloadBytesMax).toBe(true);
      expect(42 + g.segmentBytes * g.segmentsPerRecord).toBeLessThan(65_536);
      const oneMore = 42 + g.segmentBytes * (g.segmentsPerRecord + 1);
      expect(oneMore >= 65_536 || g.segmentsPerRecord === 64).toBe(true);
      expect(geometryForSegment(g.segmentPayloadBytes)).toEqual({
        ...g,
        mtuBytes: g.segmentPayloadBytes + 60,
      });
    }
  });

  test.each([575, 0, -1500, 1500.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses an MTU of %d',
    (mtuBytes) => {
      expect(() => geometryForMtu(mtuBytes)).toThrow(expect.objectContaining({ code: 'MTU_TOO_SMALL' }));
    },
  );

  test.each([0, 16, 511, 520, 65_472, -1440, 1440.5, Number.NaN])(
    'refuses an announced payload of %d',
    (bytes) => {
      expect(() => geometryForSegment(bytes)).toThrow(expect.objectContaining({ code: 'WIRE_MALFORMED' }));
    },
  );
});

describe('fitsGeometry', () => {
  const geometry = geometryForMtu(1500);
  const header = { ...emptySegmentHeader(), type: MessageType.data };

  test('takes every segment of every record that the sender cuts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: geometry.recordBytes }), (recordBytes) => {
        const segmentCount = segmentCountOf(recordBytes, geometry);
        let rest = recordBytes;
        for (let segmentIndex = 0; segmentIndex < segmentCount; segmentIndex++) {
          const payloadBytes = Math.min(rest, 1440);
          rest -= payloadBytes;
          const segment = { ...header, recordBytes, segmentCount, segmentIndex, payloadBytes };
          expect(fitsGeometry(segment, geometry)).toBe(true);
          expect(fitsGeometry({ ...segment, payloadBytes: payloadBytes - 1 }, geometry)).toBe(false);
          expect(fitsGeometry({ ...segment, segmentCount: segmentCount + 1 }, geometry)).toBe(false);
        }
        expect(rest).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test('whatever it takes lies within the record', () => {
    const field = fc.oneof(fc.nat(70_000), fc.constantFrom(0, 1, 44, 64, 1440, 63_360));
    fc.assert(
      fc.property(
        field,
        fc.nat(255),
        fc.nat(255),
        field,
        (payloadBytes, segmentIndex, segmentCount, recordBytes) => {
          const segment = { ...header, payloadBytes, segmentIndex, segmentCount, recordBytes };
          if (!fitsGeometry(segment, geometry)) return;
          expect(segmentIndex * 1440 + payloadBytes).toBeLessThanOrEqual(recordBytes);
          expect(recordBytes).toBeLessThanOrEqual(geometry.recordBytes);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('refuses a record over the geometry, and another segment size', () => {
    const full = { ...header, recordBytes: 63_360, segmentCount: 44, segmentIndex: 43, payloadBytes: 1440 };
    expect(fitsGeometry(full, geometry)).toBe(true);
    expect(fitsGeometry({ ...full, recordBytes: 63_361 }, geometry)).toBe(false);
    expect(fitsGeometry({ ...full, recordBytes: 64_800, segmentCount: 45 }, geometry)).toBe(false);
    expect(fitsGeometry({ ...full, segmentIndex: 44, payloadBytes: 0 }, geometry)).toBe(false);
    const jumbo = { ...header, recordBytes: 62_496, segmentCount: 7, segmentIndex: 0, payloadBytes: 8928 };
    expect(fitsGeometry(jumbo, geometryForMtu(9000))).toBe(true);
    expect(fitsGeometry(jumbo, geometry)).toBe(false);
  });
});
