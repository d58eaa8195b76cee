// Whether V8 still lays fields out as bytes/wide-zero.ts says, and whether what runs for every record heeds it. An object whose
// layout changes while it is used has its fast code thrown away: %HaveSameMap compares the layouts.
import { setFlagsFromString } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import { emptySegmentHeader } from '../wire/segment.ts';
import { emptyStatus } from '../wire/status.ts';
import { RecordTable } from './record-table.ts';
import { SendWindow } from './send-window.ts';

setFlagsFromString('--allow-natives-syntax');
// oxlint-disable-next-line no-implied-eval -- the only way to write what no parser of ours knows
const haveSameMap: unknown = new Function('a', 'b', 'return %HaveSameMap(a, b)');

/** Whether `use` leaves an object with the layout that a new one has. */
function keepsLayout<T extends object>(make: () => T, use: (object: T) => void): boolean {
  if (typeof haveSameMap !== 'function') throw new Error('no %HaveSameMap');
  const used = make();
  const fresh = make();
  if (haveSameMap(used, fresh) !== true) throw new Error('two new objects differ');
  use(used);
  return haveSameMap(used, fresh) === true;
}

class Narrow {
  #bytes = 0;
  add(bytes: number): number {
    return (this.#bytes += bytes);
  }
}

class Wide {
  #bytes = WIDE_ZERO;
  add(bytes: number): number {
    return (this.#bytes += bytes);
  }
}

describe('a field that starts with', () => {
  test('0 changes the layout of its object when 2^31 is passed, and for a fraction', () => {
    expect(
      keepsLayout(
        () => new Narrow(),
        (counter) => counter.add(2 ** 31 - 1),
      ),
    ).toBe(true);
    expect(
      keepsLayout(
        () => new Narrow(),
        (counter) => counter.add(2 ** 31),
      ),
    ).toBe(false);
  });

  test('WIDE_ZERO does not', () => {
    expect(
      keepsLayout(
        () => new Wide(),
        (counter) => counter.add(2 ** 31),
      ),
    ).toBe(true);
    expect(
      keepsLayout(
        () => new Wide(),
        (counter) => counter.add(0.5),
      ),
    ).toBe(true);
  });

  test('WIDE_ZERO counts and reads as one that starts with 0', () => {
    expect(new Wide().add(0)).toBe(0);
    expect(new Wide().add(7)).toBe(7);
    expect(`${WIDE_ZERO} ${JSON.stringify({ WIDE_ZERO })} ${BigInt(WIDE_ZERO)}`).toBe('0 {"WIDE_ZERO":0} 0');
  });
});

describe('what runs for every record keeps its layout:', () => {
  test('a segment header', () => {
    const use = (header: ReturnType<typeof emptySegmentHeader>): void => {
      Object.assign(header, { transferIdHigh: 0xffff_ffff, transferIdLow: 0xffff_ffff, record: 2 ** 47 });
    };
    expect(keepsLayout(emptySegmentHeader, use)).toBe(true);
  });

  test('a status', () => {
    const numbers = { cumulative: 2 ** 47, delivered: 2 ** 47, highest: 2 ** 47, creditLimit: 2 ** 47 };
    const use = (status: ReturnType<typeof emptyStatus>): void => {
      Object.assign(status, { ...numbers, echoTimeUs: 1.5 });
    };
    expect(keepsLayout(emptyStatus, use)).toBe(true);
  });

  test('the table of records', () => {
    const use = (table: RecordTable): void => table.notice(2 ** 31, 0.5);
    expect(keepsLayout(() => new RecordTable(64), use)).toBe(true);
  });

  test('the window, over times and what a receiver says', () => {
    const make = (): SendWindow =>
      new SendWindow({ slots: 64, linkRecords: 64, creditLimit: 64, nowMs: 0.5 });
    const use = (window: SendWindow): void => {
      window.sent(0.75);
      window.sent(1.25);
      window.probed(1250, 1.25);
      const status = { ...emptyStatus(), cumulative: 2, delivered: 1, highest: 2, creditLimit: 64 };
      window.onStatus({ ...status, echoTimeUs: 1250 }, 2.375, () => undefined);
    };
    expect(keepsLayout(make, use)).toBe(true);
  });
});
