import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CreditPool } from './credit-pool.ts';

/** The newest record is held back until the next has come: with a credit of one nothing would ever move. */
const LEAST_USEFUL = 2;

describe('CreditPool', () => {
  test('gives a lone transfer nearly all, and keeps a share back for those that may come', () => {
    const pool = new CreditPool(2048, 8);
    expect(pool.open('a')).toBe(true);
    const first = pool.grant('a', 0);
    expect(first).toBe(2048 - 7 * 32);
    expect(pool.grant('a', first)).toBe(0);
    expect(pool.open('b')).toBe(true);
    expect(pool.grant('b', 0)).toBe(32);
  });

  test('evens out as the first transfer is delivered', () => {
    const pool = new CreditPool(2048, 2);
    pool.open('a');
    const first = pool.grant('a', 0);
    pool.open('b');
    pool.grant('b', 0);
    expect(pool.grant('a', first - 500)).toBe(0);
    expect(pool.grant('b', 128)).toBe(500);
    expect(pool.grant('a', 900)).toBe(124);
    expect(pool.grant('b', 628)).toBe(1024 - 628);
  });

  test('takes as many transfers as it was told, and one more when one is closed', () => {
    const pool = new CreditPool(64, 2);
    expect([pool.open('a'), pool.open('b'), pool.open('c')]).toEqual([true, true, false]);
    pool.close('a');
    expect(pool.open('c')).toBe(true);
  });

  test('takes fewer transfers when memory is small, rather than one that cannot move', () => {
    const pool = new CreditPool(8, 8);
    let opened = 0;
    while (pool.open(String(opened))) opened++;
    expect(opened).toBe(4);
    for (let id = 0; id < opened; id++)
      expect(pool.grant(String(id), 0)).toBeGreaterThanOrEqual(LEAST_USEFUL);
  });

  test('does not give away what one that has not asked yet is sure of', () => {
    const pool = new CreditPool(240, 3);
    pool.open('a');
    expect(pool.grant('a', 0)).toBe(220);
    pool.open('b');
    expect(pool.grant('b', 0)).toBe(10);
    pool.open('c');
    expect(pool.grant('b', 10)).toBe(0);
    expect(pool.grant('c', 0)).toBe(10);
  });

  test('closing a transfer that never opened changes nothing', () => {
    const pool = new CreditPool(64, 2);
    pool.open('a');
    pool.grant('a', 0);
    pool.close('nobody');
    expect(pool.grant('nobody', 0)).toBe(0);
    pool.open('b');
    expect(pool.grant('b', 0)).toBe(4);
  });
});

type Step =
  | { readonly kind: 'open' | 'close' | 'grant'; readonly id: number }
  | { readonly kind: 'deliver'; readonly id: number; readonly share: number };

const ids = fc.nat({ max: 5 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('open', 'close', 'grant', 'grant', 'grant'), id: ids }),
    fc.record({ kind: fc.constant('deliver'), id: ids, share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 120 },
);

test('whatever happens: never over-promised, nothing taken back, and everyone can move', () => {
  const sizes = fc.integer({ min: 8, max: 4096 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 12 }), steps, (records, transfersMax, history) => {
      const pool = new CreditPool(records, transfersMax);
      /** What each open transfer was promised and has not delivered. */
      const outstanding = new Map<number, number>();
      for (const step of history) {
        const { id } = step;
        const held = outstanding.get(id);
        if (step.kind === 'open' && held === undefined && pool.open(String(id))) outstanding.set(id, 0);
        if (held === undefined) continue;
        if (step.kind === 'deliver') outstanding.set(id, held - Math.floor(held * step.share));
        if (step.kind === 'grant') {
          const more = pool.grant(String(id), held);
          expect(more).toBeGreaterThanOrEqual(0);
          outstanding.set(id, held + more);
          expect(held + more).toBeGreaterThanOrEqual(LEAST_USEFUL);
        }
        if (step.kind === 'close') {
          pool.close(String(id));
          outstanding.delete(id);
        }
        const promised = [...outstanding.values()].reduce((sum, value) => sum + value, 0);
        expect(promised).toBeLessThanOrEqual(records);
      }
    }),
    { numRuns: 1000, seed: 20_260_728 },
  );
});
