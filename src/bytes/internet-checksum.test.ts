import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldChecksum, sumWords } from './internet-checksum.ts';

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** RFC 1071, section 4.1, word by word with a carry after each. */
function slowChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum;
}

describe('internet checksum', () => {
  test('the example of RFC 1071, section 3', () => {
    const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
    expect(foldChecksum(sumWords(viewOf(bytes), 0, 8))).toBe(0xddf2);
  });

  test('a real IPv4 header verifies to 0xffff', () => {
    // RFC 1624's world: the header of a 73-byte datagram, checksum 0xb861 in place.
    const header = Uint8Array.of(
      0x45,
      0x00,
      0x00,
      0x73,
      0x00,
      0x00,
      0x40,
      0x00,
      0x40,
      0x11,
      0xb8,
      0x61,
      0xc0,
      0xa8,
      0x00,
      0x01,
      0xc0,
      0xa8,
      0x00,
      0xc7,
    );
    expect(foldChecksum(sumWords(viewOf(header), 0, 20))).toBe(0xffff);
  });

  test('agrees with the definition at every length and offset, whole or in even parts', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(7), fc.nat(100), (bytes, offset, half) => {
        const padded = new Uint8Array(bytes.length + 16).fill(0xee);
        padded.set(bytes, offset);
        const view = viewOf(padded);
        const cut = Math.min(half * 2, bytes.length - (bytes.length % 2));
        const whole = foldChecksum(sumWords(view, offset, bytes.length));
        const first = sumWords(view, offset, cut);
        expect(whole).toBe(slowChecksum(bytes));
        expect(foldChecksum(sumWords(view, offset + cut, bytes.length - cut, first))).toBe(whole);
      }),
      { numRuns: 300 },
    );
  });

  test('a frame of the largest size and all ones does not overflow', () => {
    expect(foldChecksum(sumWords(viewOf(new Uint8Array(65_535).fill(0xff)), 0, 65_535))).toBe(0xff00);
  });
});
