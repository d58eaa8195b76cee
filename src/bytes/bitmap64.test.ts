import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bitHigh,
  bitLow,
  countBits,
  fullHigh,
  fullLow,
  hasBit,
  lowestBit,
  missingHigh,
  missingLow,
  nextBit,
} from './bitmap64.ts';

const sets = fc.uniqueArray(fc.nat(63)).map((indexes) => indexes.sort((a, b) => a - b));

function wordsOf(indexes: readonly number[]): [low: number, high: number] {
  let low = 0;
  let high = 0;
  for (const index of indexes) {
    low = (low | bitLow(index)) >>> 0;
    high = (high | bitHigh(index)) >>> 0;
  }
  return [low, high];
}

describe('bitmap64', () => {
  test('agrees with a set of numbers', () => {
    fc.assert(
      fc.property(sets, fc.nat(64), (indexes, count) => {
        const [low, high] = wordsOf(indexes);
        expect(countBits(low, high)).toBe(indexes.length);
        expect(lowestBit(low, high)).toBe(indexes[0] ?? -1);
        expect(nextBit(low, high, count)).toBe(indexes.find((index) => index >= count) ?? -1);
        const missing = Array.from({ length: count }, (_, i) => i).filter((i) => !indexes.includes(i));
        expect([missingLow(low, count), missingHigh(high, count)]).toEqual(wordsOf(missing));
        for (let i = 0; i < 64; i++) expect(hasBit(low, high, i)).toBe(indexes.includes(i));
      }),
      { numRuns: 200 },
    );
  });

  test('full sets of every size are unsigned and have that size', () => {
    for (let count = 0; count <= 64; count++) {
      const [low, high] = [fullLow(count), fullHigh(count)];
      expect([low, high]).toEqual(wordsOf(Array.from({ length: count }, (_, i) => i)));
      expect(countBits(low, high)).toBe(count);
    }
    expect([fullLow(64), fullHigh(64)]).toEqual([0xffffffff, 0xffffffff]);
  });

  test('a walk with nextBit visits each index once', () => {
    const [low, high] = wordsOf([0, 31, 32, 63]);
    const seen: number[] = [];
    for (let i = nextBit(low, high, 0); i >= 0; i = nextBit(low, high, i + 1)) seen.push(i);
    expect(seen).toEqual([0, 31, 32, 63]);
  });
});
