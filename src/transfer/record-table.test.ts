import { describe, expect, test } from 'vitest';
import { LIMITS } from '../wire/limits.ts';
import { type Status, emptyStatus } from '../wire/status.ts';
import { GAP_MS, RecordTable } from './record-table.ts';

const CAPACITY = 256;
const WHOLE = 0xffff_ffff;

/** A record comes whole. */
function take(table: RecordTable, record: number, nowMs = 0): void {
  table.notice(record, nowMs);
  table.complete(record, record + 1000, 10);
}

function advanceAll(table: RecordTable): number {
  let count = 0;
  while (table.advance()) count++;
  return count;
}

/** What a STATUS would ask for: record and bitmap. */
function missing(table: RecordTable, nowMs: number): [number, number, number][] {
  const status: Status = emptyStatus();
  const count = table.listMissing(status, nowMs);
  expect(status.entryCount).toBe(count);
  return Array.from({ length: count }, (_, index) => [
    status.entryRecords[index] ?? -1,
    status.entryMissingLow[index] ?? -1,
    status.entryMissingHigh[index] ?? -1,
  ]);
}

describe('order', () => {
  test('runs over complete records, one after another', () => {
    const table = new RecordTable(CAPACITY);
    take(table, 0);
    take(table, 1);
    take(table, 3);
    expect(advanceAll(table)).toBe(2);
    expect(table).toMatchObject({ cumulative: 2, highest: 4 });
    take(table, 2);
    expect(advanceAll(table)).toBe(2);
    expect(table.hasGaps()).toBe(false);
  });

  test('goes on for many turns of the table', () => {
    const table = new RecordTable(CAPACITY);
    for (let record = 0; record < CAPACITY * 5 + 3; record++) {
      expect(table.wants(record)).toBe(true);
      take(table, record);
      expect(table.wants(record)).toBe(false);
      expect(table.advance()).toBe(true);
      expect(table.advance()).toBe(false);
      expect(table.slot(record)).toBe(record + 1000);
      table.clear(record);
      expect(table.wants(record)).toBe(false);
    }
    expect([...table.slots()]).toEqual([]);
  });

  test('does not take what is left in the table for the next turn of it', () => {
    const table = new RecordTable(CAPACITY);
    for (let record = 0; record < CAPACITY; record++) {
      take(table, record);
      table.advance();
    }
    // Nothing was delivered: every place still holds its record.
    expect(table.advance()).toBe(false);
    expect(table.cumulative).toBe(CAPACITY);
  });
});

describe('what is wanted', () => {
  test('is neither here nor passed nor beyond the table', () => {
    const table = new RecordTable(CAPACITY);
    take(table, 0);
    take(table, 5);
    table.advance();
    expect([0, 1, 5, CAPACITY - 1, CAPACITY + 1, 1e9 + 1].map((record) => table.wants(record))).toEqual([
      false,
      true,
      false,
      true,
      false,
      false,
    ]);
  });

  test('is a record again that failed its check', () => {
    const table = new RecordTable(CAPACITY);
    table.notice(0, 0);
    table.begin(0, 7, 500);
    table.addSegment(0, 0);
    expect(table.forget(0)).toBe(7);
    expect(table.forget(0)).toBe(-1);
    expect(table.wants(0)).toBe(true);
    expect(table.isPartial(0)).toBe(false);
    expect(missing(table, 10)).toEqual([[0, WHOLE, WHOLE]]);
  });
});

describe('segments of a partial record', () => {
  test('are counted once each, in both halves of the bitmap', () => {
    const table = new RecordTable(CAPACITY);
    table.notice(3, 0);
    table.begin(3, 9, 64_000);
    expect([0, 31, 32, 63].map((segment) => table.addSegment(3, segment))).toEqual([true, true, true, true]);
    expect([0, 31, 32, 63].map((segment) => table.addSegment(3, segment))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(table.segmentsHere(3)).toBe(4);
    expect(table.isPartial(3)).toBe(true);
    expect(table.recordBytes(3)).toBe(64_000);
    expect(missing(table, 1).at(-1)).toEqual([3, 0x7fff_fffe, 0x7fff_fffe]);
  });

  test('of an earlier record in the same place are forgotten', () => {
    const table = new RecordTable(CAPACITY);
    table.notice(1, 0);
    table.begin(1, 4, 100);
    table.addSegment(1, 0);
    table.addSegment(1, 40);
    table.complete(1, 4, 84);
    table.clear(1);
    table.begin(1 + CAPACITY, 5, 200);
    expect(table.segmentsHere(1 + CAPACITY)).toBe(0);
    expect(table.addSegment(1 + CAPACITY, 0)).toBe(true);
    expect(table.addSegment(1 + CAPACITY, 40)).toBe(true);
  });
});

describe('what is asked for', () => {
  test('is what is missing below the highest, oldest first', () => {
    const table = new RecordTable(CAPACITY);
    take(table, 0);
    take(table, 2);
    take(table, 5);
    advanceAll(table);
    expect(missing(table, 100).map(([record]) => record)).toEqual([1, 3, 4]);
  });

  test('is named only when the gap is old enough: frames overtake each other', () => {
    const table = new RecordTable(CAPACITY);
    take(table, 1, 10);
    take(table, 3, 10.4);
    expect(missing(table, 10 + GAP_MS - 0.01)).toEqual([]);
    expect(missing(table, 10 + GAP_MS).map(([record]) => record)).toEqual([0]);
    expect(missing(table, 10.4 + GAP_MS).map(([record]) => record)).toEqual([0, 2]);
  });

  test('does not become young again when more arrives', () => {
    const table = new RecordTable(CAPACITY);
    take(table, 1, 10);
    table.notice(0, 10.4);
    take(table, 2, 10.4);
    expect(missing(table, 10 + GAP_MS).map(([record]) => record)).toEqual([0]);
  });

  test('fits a STATUS', () => {
    const table = new RecordTable(CAPACITY);
    take(table, 200);
    expect(missing(table, 100).map(([record]) => record)).toEqual(
      Array.from({ length: LIMITS.statusEntries }, (_, record) => record),
    );
  });
});

describe('what was lost, for people', () => {
  test('is named in ranges, a few of them, and counted whole', () => {
    const table = new RecordTable(CAPACITY);
    for (const record of [0, 2, 3, 7, 9]) take(table, record);
    advanceAll(table);
    expect(table.missingRanges(12, 10)).toEqual({ ranges: ['1', '4-6', '8', '10-11'], records: 7 });
    expect(table.missingRanges(12, 2)).toEqual({ ranges: ['1', '4-6'], records: 7 });
    expect(table.missingRanges(1, 2)).toEqual({ ranges: [], records: 0 });
  });

  test('counts what is beyond the table', () => {
    const table = new RecordTable(CAPACITY);
    take(table, 0);
    advanceAll(table);
    expect(table.missingRanges(10_000, 1).records).toBe(9999);
  });
});

test('slots that the table holds are those of partial and complete records', () => {
  const table = new RecordTable(CAPACITY);
  take(table, 0);
  take(table, 4);
  table.begin(2, 77, 100);
  table.begin(3, 78, 100);
  table.forget(3);
  table.clear(0);
  expect([...table.slots()].sort((a, b) => a - b)).toEqual([77, 1004]);
});
