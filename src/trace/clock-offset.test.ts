import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clockOffset } from './clock-offset.ts';
import { EchoList, ECHOES_MAX, readEchoes } from './echo-list.ts';

const exchange = fc.record({
  leftUs: fc.integer({ min: 0, max: 1e9 }),
  thereUs: fc.integer({ min: 1, max: 5000 }),
  waitUs: fc.integer({ min: 0, max: 5000 }),
  backUs: fc.integer({ min: 1, max: 5000 }),
});

it('is never further from the truth than it says, and is the best that the quickest exchange gives', () => {
  fc.assert(
    fc.property(
      fc.array(exchange, { minLength: 1 }),
      fc.integer({ min: -1e12, max: 1e12 }),
      (list, trueUs) => {
        const sender = list.map(({ leftUs, thereUs, waitUs, backUs }, probeUs) => {
          return { probeUs, firstUs: leftUs, secondUs: leftUs + thereUs + waitUs + backUs };
        });
        const receiver = list.map(({ leftUs, thereUs, waitUs }, probeUs) => {
          const cameUs = leftUs + thereUs + trueUs;
          return { probeUs, firstUs: cameUs, secondUs: cameUs + waitUs };
        });
        const found = clockOffset(sender, receiver);
        const quickest = Math.min(...list.map(({ thereUs, backUs }) => thereUs + backUs));
        expect(found?.uncertaintyUs).toBeCloseTo(quickest / 2);
        expect(found?.exchanges).toBe(list.length);
        expect(Math.abs((found?.offsetUs ?? Infinity) - trueUs)).toBeLessThanOrEqual(quickest / 2 + 1e-3);
      },
    ),
  );
});

it('is unknown without an exchange that both sides know', () => {
  expect(clockOffset([{ probeUs: 1, firstUs: 0, secondUs: 2 }], [])).toBeUndefined();
  const stepped = { probeUs: 1, firstUs: 5, secondUs: 9 };
  expect(clockOffset([{ probeUs: 1, firstUs: 0, secondUs: 2 }], [stepped])).toBeUndefined();
});

it('comes from the newest exchanges', () => {
  const shared = EchoList.share();
  const list = new EchoList(shared);
  for (let probe = 1; probe <= ECHOES_MAX + 10; probe++) list.add(probe, probe + 1, probe + 2);
  const probes = readEchoes(shared).map((echo) => echo.probeUs);
  expect(probes).toHaveLength(ECHOES_MAX);
  expect(Math.min(...probes)).toBe(11);
  expect(Math.max(...probes)).toBe(ECHOES_MAX + 10);
});
