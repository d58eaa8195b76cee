import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, it } from 'vitest';
import { Counters } from './counters.ts';
import { isWatched, watch } from './event-channel.ts';
import type { TransferEvent } from './event.ts';
import { Teller } from './teller.ts';

it('the caller and the channel of an event get the same object', () => {
  const [told, heard]: [TransferEvent[], unknown[]] = [[], []];
  const onMessage = (message: unknown): unknown => heard.push(message);
  subscribe('zwire:transfer:warning', onMessage);
  const teller = new Teller('aa', new Counters(), (event) => told.push(event));
  teller.tell({ event: 'warning', code: 'X', message: 'y' });
  unsubscribe('zwire:transfer:warning', onMessage);
  teller.tell({ event: 'warning', code: 'X', message: 'z' });
  expect(told).toHaveLength(2);
  expect(told[0]).toMatchObject({ event: 'warning', transfer: 'aa', code: 'X', message: 'y' });
  expect(heard).toHaveLength(1);
  expect(heard[0]).toBe(told[0]);
});

it('samples are taken only for who watches, and are the counters that the figures are made of', () => {
  const counters = new Counters();
  const teller = new Teller('aa', counters, () => undefined);
  expect(isWatched('sample')).toBe(false);
  const samples: number[] = [];
  const unwatch = watch('sample', (event) => samples.push(event.counters.bytes));
  expect(isWatched('sample')).toBe(true);
  teller.begin(undefined);
  counters.set('bytes', 7);
  expect(teller.figures(0).bytes).toBe(7);
  unwatch();
  teller.figures(0);
  expect(samples).toEqual([0, 7]);
});
