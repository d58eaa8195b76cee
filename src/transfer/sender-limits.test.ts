import { describe, expect, test } from 'vitest';
import type { Announcement } from '../wire/announce.ts';
import { Allowance, checkSender } from './sender-limits.ts';
import type { AuthorizedSender, SenderRules } from './transfer-keys.ts';

const announcement: Announcement = {
  kind: 'dataset',
  name: 'tank/data',
  toSnapshot: { name: 'tank/data@tue', guid: 22n },
  recursive: false,
  features: [],
  segmentPayloadBytes: 1440,
  fecDataRecords: 0,
  fecParityRecords: 0,
  feedback: 'one',
  timeoutMs: 1000,
};
const sender = (rules: Partial<SenderRules>): AuthorizedSender => ({
  publicKey: new Uint8Array(32),
  name: 'root@web1',
  rules: { rawOnly: false, ...rules },
});

describe('what a line allows', () => {
  test.each<[string, Partial<Announcement>, Partial<SenderRules>]>([
    ['everything, when it says nothing', { sizeBytes: 1n << 50n }, {}],
    ['a kind in its list', {}, { kinds: ['dataset', 'delta'] }],
    ['a size up to its own', { sizeBytes: 100n }, { bytesMax: 100n }],
    ['a stream that does not say how long it is: it is counted', {}, { bytesMax: 100n }],
  ])('is %s', (_, said, rules) => {
    expect(() => checkSender(sender(rules), { ...announcement, ...said })).not.toThrow();
  });

  test.each<[string, Partial<Announcement>, Partial<SenderRules>, string]>([
    ['a kind that is not in its list', { kind: 'file' }, { kinds: ['dataset'] }, 'SENDER_NOT_ALLOWED'],
    ['more than its bytes', { sizeBytes: 101n }, { bytesMax: 100n }, 'SENDER_LIMIT'],
    [
      'an increment that calls itself a dataset',
      { fromSnapshot: { name: 'tank/data@mon', guid: 11n } },
      { kinds: ['dataset'] },
      'SENDER_NOT_ALLOWED',
    ],
    [
      'a pool that calls itself a dataset',
      { name: 'tank', recursive: true },
      { kinds: ['dataset'] },
      'SENDER_NOT_ALLOWED',
    ],
  ])('is not %s', (_, said, rules, code) => {
    expect(() => checkSender(sender(rules), { ...announcement, ...said })).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

const RECORD = 62_500;
/** A full record each millisecond. */
const RATE = RECORD * 8000;

describe('a rate', () => {
  test('holds a sender that takes all it is given to the rate, over any time', () => {
    const allowance = new Allowance({ bitsPerSecondMax: RATE }, RECORD, 1000);
    let cumulative = 0;
    for (let nowMs = 1000; nowMs <= 11_000; nowMs += 0.7) cumulative = allowance.ceiling(cumulative, nowMs);
    expect(cumulative).toBeGreaterThan(9_950);
    expect(cumulative).toBeLessThanOrEqual(10_020);
  });

  test('is not saved up while the sender is silent', () => {
    const allowance = new Allowance({ bitsPerSecondMax: RATE }, RECORD, 0);
    const before = allowance.ceiling(0, 0);
    expect(allowance.ceiling(0, 60_000)).toBe(before);
    expect(allowance.ceiling(before, 120_000)).toBe(2 * before);
  });

  test('never takes back what was promised', () => {
    const allowance = new Allowance({ bitsPerSecondMax: 1000 }, RECORD, 0);
    const first = allowance.ceiling(0, 0);
    expect(first).toBeGreaterThanOrEqual(2);
    expect(allowance.ceiling(0, 1)).toBeGreaterThanOrEqual(first);
  });

  test('is measured one-way, where credit holds nobody back', () => {
    const allowance = new Allowance({ bitsPerSecondMax: RATE }, RECORD, 0);
    expect(allowance.exceeded(RECORD * 5900, true, 5000)).toBeUndefined();
    expect(allowance.exceeded(RECORD * 6100, true, 5000)).toMatchObject({ code: 'SENDER_LIMIT' });
    expect(allowance.exceeded(RECORD * 6100, false, 5000)).toBeUndefined();
  });
});

test('bytes are counted as they come, whatever was announced', () => {
  const allowance = new Allowance({ bytesMax: 1000n }, RECORD, 0);
  expect(allowance.ceiling(0, 0)).toBe(Infinity);
  expect(allowance.exceeded(1000, false, 1)).toBeUndefined();
  expect(allowance.exceeded(1001, false, 1)).toMatchObject({ code: 'SENDER_LIMIT' });
});
