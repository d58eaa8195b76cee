import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from './limits.ts';
import { ReplayWindow } from './replay-window.ts';

/** What RFC 6479 says, with a Set. */
class Model {
  readonly #seen = new Set<number>();
  #newest = 0;
  accept(counter: number): boolean {
    if (counter < 1 || counter <= this.#newest - LIMITS.replayWindow || this.#seen.has(counter)) return false;
    this.#seen.add(counter);
    this.#newest = Math.max(this.#newest, counter);
    return true;
  }
}

describe('replay window', () => {
  test('takes each counter once, in any order within the window', () => {
    const window = new ReplayWindow();
    const counters = [3, 1, 2, 2048, 2049, 4];
    expect(counters.map((counter) => window.accept(counter))).toEqual(counters.map(() => true));
    expect(counters.map((counter) => window.accept(counter))).toEqual(counters.map(() => false));
    expect(window.newest).toBe(2049);
  });

  test('is exactly 2,048 wide', () => {
    const window = new ReplayWindow();
    window.accept(10_000);
    expect(window.isFresh(10_000 - 2047)).toBe(true);
    expect(window.isFresh(10_000 - 2048)).toBe(false);
  });

  test('looking changes nothing', () => {
    const window = new ReplayWindow();
    expect(window.isFresh(1_000_000)).toBe(true);
    expect(window.newest).toBe(0);
    expect(window.accept(5)).toBe(true);
  });

  test('a jump past the whole ring forgets the old bits', () => {
    const window = new ReplayWindow();
    for (let counter = 1; counter <= 3000; counter++) window.accept(counter);
    window.accept(3000 + 100_000);
    for (let behind = 1; behind < 2048; behind++) expect(window.isFresh(103_000 - behind)).toBe(true);
  });

  test('counters have 48 bits, and 0 is none', () => {
    const window = new ReplayWindow();
    expect(window.accept(0)).toBe(false);
    expect(window.accept(2 ** 48)).toBe(false);
    expect(window.accept(2 ** 48 - 1)).toBe(true);
    expect(window.accept(2 ** 48 - 1)).toBe(false);
    expect(window.accept(2 ** 48 - 2)).toBe(true);
  });

  test('agrees with the definition for steps of every size', () => {
    const step = fc.oneof(
      fc.integer({ min: -40, max: 40 }),
      fc.integer({ min: -2100, max: 2100 }),
      fc.integer({ min: 0, max: 2 ** 40 }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const window = new ReplayWindow();
        const model = new Model();
        let counter = 1;
        for (const by of steps) {
          counter = Math.max(0, Math.min(counter + by, 2 ** 48 - 1));
          expect(window.accept(counter)).toBe(model.accept(counter));
        }
      }),
      { numRuns: 200 },
    );
  });
});
