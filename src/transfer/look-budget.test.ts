import { expect, test } from 'vitest';
import { LookBudget } from './look-budget.ts';

const takes = (budget: LookBudget, nowMs: number, count: number): number =>
  Array.from({ length: count }, () => budget.take(nowMs)).filter(Boolean).length;

test('so many a second, and as many in the next', () => {
  const budget = new LookBudget(3);
  expect(takes(budget, 0, 10)).toBe(3);
  expect(takes(budget, 900, 10)).toBe(0);
  expect(takes(budget, 1001, 2)).toBe(2);
  expect(takes(budget, 1500, 10)).toBe(1);
  expect(takes(budget, 2002, 10)).toBe(3);
});

test('one source gets its share, and what others ask for is theirs', () => {
  const budget = new LookBudget(10, 4);
  const of = (source: number, count: number): number =>
    Array.from({ length: count }, () => budget.take(0, source)).filter(Boolean).length;
  expect(of(0xc612_0001, 1000)).toBe(4);
  expect(of(0xc612_0002, 1000)).toBe(4);
  expect(of(0xc612_0003, 1000)).toBe(2);
  expect(of(0xc612_0004, 1)).toBe(0);
});

test('forged sources share places, and never exceed the whole', () => {
  const budget = new LookBudget(100, 50);
  let taken = 0;
  for (let source = 0; source < 100_000; source++) if (budget.take(0, source * 7919)) taken++;
  expect(taken).toBe(100);
});

test('says beforehand for which sources it is spent, and until when', () => {
  const budget = new LookBudget(100, 2);
  expect(budget.isSpent(0, 1)).toBe(false);
  budget.take(0, 1);
  budget.take(0, 1);
  expect([budget.isSpent(0, 1), budget.isSpent(0, 2), budget.isSpent(1001, 1)]).toEqual([true, false, false]);
});

test('what was not used is not saved up', () => {
  const budget = new LookBudget(3);
  expect(takes(budget, 0, 1)).toBe(1);
  expect(takes(budget, 60_000, 10)).toBe(3);
});
