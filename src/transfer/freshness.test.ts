import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tryLock } from '../sys/file-lock.ts';
import { FreshnessStore } from './freshness-store.ts';
import { formatMemory, judgeFreshness, parseMemory, type SenderMemory, TRANSFERS_KEPT } from './freshness.ts';

const SECOND = 1_000_000_000n;
const NOW = 1_700_000_000n * SECOND;
const id = (number: number): string => number.toString(16).padStart(16, '0');

function taken(memory: SenderMemory | undefined, number: number, timeNs: bigint): SenderMemory {
  const judged = judgeFreshness(memory, { transfer: id(number), timeNs }, NOW);
  if (!judged.fresh) throw new Error(judged.why);
  return judged.memory;
}

function why(memory: SenderMemory | undefined, number: number, timeNs: bigint): string {
  const judged = judgeFreshness(memory, { transfer: id(number), timeNs }, NOW);
  return judged.fresh ? 'fresh' : judged.why;
}

describe('a one-way transfer', () => {
  test('is taken once', () => {
    const memory = taken(undefined, 1, NOW);
    expect(why(memory, 1, NOW)).toBe('taken before');
    expect(why(memory, 1, NOW + SECOND)).toBe('taken before');
    expect(why(memory, 2, NOW)).toBe('fresh');
  });

  test('may be overtaken by another, by a minute and no more', () => {
    const memory = taken(undefined, 1, NOW);
    expect(why(memory, 2, NOW - 60n * SECOND)).toBe('fresh');
    expect(why(memory, 2, NOW - 60n * SECOND - 1n)).toBe('older than');
  });

  test('of a sender that was never heard is not old; of none is it from the future', () => {
    expect(why(undefined, 1, NOW - 600n * SECOND)).toBe('fresh');
    expect(why(undefined, 1, NOW - 601n * SECOND)).toBe('first and old');
    expect(why(undefined, 1, NOW + 601n * SECOND)).toBe('in the future');
    expect(why(taken(undefined, 1, NOW), 2, NOW + 601n * SECOND)).toBe('in the future');
  });

  test('stays refused however many came after it, all within a moment and in any order', () => {
    let memory: SenderMemory | undefined;
    const times = Array.from({ length: 3 * TRANSFERS_KEPT }, (_, i) => NOW - BigInt((i * 7919) % 3001));
    const accepted: number[] = [];
    for (const [number, timeNs] of times.entries()) {
      const judged = judgeFreshness(memory, { transfer: id(number), timeNs }, NOW);
      if (!judged.fresh) continue;
      memory = judged.memory;
      accepted.push(number);
      expect(memory.seen.length).toBeLessThanOrEqual(TRANSFERS_KEPT);
    }
    expect(accepted.length).toBeGreaterThan(TRANSFERS_KEPT);
    for (const number of accepted) expect(why(memory, number, times[number] ?? 0n)).not.toBe('fresh');
  });
});

test('what is remembered survives being written down', () => {
  const memory = taken(taken(undefined, 1, NOW), 2, NOW + 1n);
  expect(parseMemory(Buffer.from(formatMemory(memory)))).toEqual(memory);
  for (const text of ['', '{}', '{"floorNs":"0","seen":[7]}', '{"floorNs":0,"seen":[]}'])
    expect(() => parseMemory(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'WIRE_MALFORMED' }));
});

describe('the store', () => {
  const publicKey = new Uint8Array(32).fill(7);
  const file = (): string => join(directory, 'one-way', `${'07'.repeat(32)}.json`);
  const now = (): number => Number(NOW / 1_000_000n);
  const replayed = { code: 'REPLAYED' };
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zwire-state-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test('knows after a restart what it took before, for each sender by itself', async () => {
    await new FreshnessStore(directory, now).accept({ publicKey, timeNs: NOW }, id(1));
    const store = new FreshnessStore(directory, now);
    await expect(store.accept({ publicKey, timeNs: NOW }, id(1))).rejects.toMatchObject(replayed);
    await store.accept({ publicKey: new Uint8Array(32).fill(8), timeNs: NOW }, id(1));
    await store.accept({ publicKey, timeNs: NOW }, id(2));
    expect(readdirSync(join(directory, 'one-way')).sort()).toEqual([
      `${'07'.repeat(32)}.json`,
      `${'08'.repeat(32)}.json`,
    ]);
  });

  test('takes one of many that come at once, from several receivers too', async () => {
    const stores = Array.from({ length: 4 }, () => new FreshnessStore(directory, now));
    const results = await Promise.allSettled(
      stores.flatMap((store) => [1, 2].map(() => store.accept({ publicKey, timeNs: NOW }, id(1)))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1);
  });

  test('takes nothing while it cannot read what it took, or write it', async () => {
    mkdirSync(join(directory, 'one-way'));
    writeFileSync(file(), '{"floorNs":"0"');
    const unwritable = { code: 'STATE_UNWRITABLE' };
    const store = new FreshnessStore(directory, now);
    await expect(store.accept({ publicKey, timeNs: NOW }, id(1))).rejects.toMatchObject(unwritable);
    expect(readFileSync(file(), 'utf8')).toBe('{"floorNs":"0"');
    writeFileSync(join(directory, 'plain'), '');
    const nowhere = new FreshnessStore(join(directory, 'plain'), now);
    await expect(nowhere.accept({ publicKey, timeNs: NOW }, id(1))).rejects.toMatchObject(unwritable);
  });

  test('goes on after a receiver that died in the middle of writing', async () => {
    mkdirSync(join(directory, 'one-way'));
    writeFileSync(`${file()}.new`, '{"flo');
    await new FreshnessStore(directory, now).accept({ publicKey, timeNs: NOW }, id(1));
    expect(parseMemory(readFileSync(file())).seen.length).toBe(1);
  });

  test('waits for another receiver to be done, and leaves no lock behind that outlives its owner', async () => {
    mkdirSync(join(directory, 'one-way'));
    const other = openSync(join(directory, 'one-way'), 'r');
    expect(tryLock(other)).toBe(true);
    let done = false;
    const taken = new FreshnessStore(directory, now).accept({ publicKey, timeNs: NOW }, id(1)).then(() => {
      done = true;
    });
    // As much as it has to do, three times over, with nobody in the way.
    const free = new FreshnessStore(join(directory, 'free'), now);
    for (const number of [1, 2, 3]) await free.accept({ publicKey, timeNs: NOW }, id(number));
    expect(done).toBe(false);
    closeSync(other);
    await taken;
    expect(readdirSync(join(directory, 'one-way'))).toEqual([`${'07'.repeat(32)}.json`]);
  });
});
