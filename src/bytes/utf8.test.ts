import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMessageText, decodeUtf8, encodeUtf8, encodeUtf8Cut } from './utf8.ts';

describe('UTF-8', () => {
  test('well-formed text survives, a BOM included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(text);
      }),
    );
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  test('malformed bytes are refused where they are parsed and shown where they are read', () => {
    for (const bytes of [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined();
      expect(decodeMessageText(Uint8Array.from(bytes))).toMatch(/^\ufffd+$/);
    }
  });

  test('a cut is the longest prefix of whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(60), (text, bytesMax) => {
        const cut = decodeUtf8(encodeUtf8Cut(text, bytesMax));
        let expected = '';
        for (const character of text) {
          if (encodeUtf8(expected + character).length > bytesMax) break;
          expected += character;
        }
        expect(cut).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('a message cannot drive a terminal', () => {
    const hostile = encodeUtf8('line\n\ttab \u001b[2J\u0007\u009b\u007f end');
    expect(decodeMessageText(hostile)).toBe('line\n\ttab \ufffd[2J\ufffd\ufffd\ufffd end');
  });
});
