import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

const RECORD_BYTES = 63_360;
/** 100 Mbit/s: 12,500 bytes a millisecond. */
const RATE = 100e6;
const BYTES_PER_MS = RATE / 8000;

/** Takes whenever it may, waiting exactly as long as told; returns the times of the takes, ms. */
function takes(bucket: TokenBucket, count: number, fromMs = 0): number[] {
  const times: number[] = [];
  let nowMs = fromMs;
  while (times.length < count) {
    const waitMs = bucket.take(RECORD_BYTES, nowMs);
    if (waitMs === 0) times.push(nowMs);
    // A clock of floats can stand still on less.
    else nowMs += Math.max(waitMs, 1e-6);
  }
  return times;
}

describe('TokenBucket', () => {
  test('lets the first through at once, and then keeps the rate', () => {
    const times = takes(new TokenBucket(RATE, RECORD_BYTES, 0), 101);
    expect(times[0]).toBe(0);
    expect(times[100]).toBeCloseTo((100 * RECORD_BYTES) / BYTES_PER_MS, 3);
  });

  test('says how long to wait, and the wait is enough', () => {
    const bucket = new TokenBucket(RATE, RECORD_BYTES, 0);
    bucket.take(RECORD_BYTES, 0);
    const waitMs = bucket.take(RECORD_BYTES, 0);
    expect(waitMs).toBeCloseTo(RECORD_BYTES / BYTES_PER_MS, 6);
    expect(bucket.take(RECORD_BYTES, waitMs / 2)).toBeCloseTo(waitMs / 2, 6);
    expect(bucket.take(RECORD_BYTES, waitMs + 1e-6)).toBe(0);
  });

  test('catches up what a late timer missed, but no more than the burst', () => {
    const bucket = new TokenBucket(RATE, 1000, 0);
    let count = 0;
    while (bucket.take(1000, 60_000) === 0) count++;
    // Four milliseconds of the rate.
    expect(count).toBe(50);
  });

  test('holds two of the largest takes, however low the rate', () => {
    const bucket = new TokenBucket(1000, RECORD_BYTES, 0);
    const hourMs = 3_600_000;
    expect([1, 2, 3].map(() => bucket.take(RECORD_BYTES, hourMs) === 0)).toEqual([true, true, false]);
  });

  test('never passes the rate by more than its burst, whenever it is asked', () => {
    const pauses = fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(pauses, fc.integer({ min: 1_000_000, max: 10_000_000_000 }), (waits, rate) => {
        const bucket = new TokenBucket(rate, RECORD_BYTES, 0);
        const burst = Math.max(2 * RECORD_BYTES, (rate / 8000) * 4);
        let nowMs = 0;
        let taken = 0;
        for (const waitMs of waits) {
          nowMs += waitMs;
          while (bucket.take(RECORD_BYTES, nowMs) === 0) taken += RECORD_BYTES;
          expect(taken).toBeLessThanOrEqual(burst + (nowMs * rate) / 8000 + 1);
        }
      }),
      { numRuns: 200, seed: 20_260_728 },
    );
  });
});
