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

test('what was not used is not saved up', () => {
  const budget = new LookBudget(3);
  expect(takes(budget, 0, 1)).toBe(1);
  expect(takes(budget, 60_000, 10)).toBe(3);
});
