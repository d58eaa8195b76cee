import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attackDecoder } from '../../test/hostile-harness.ts';
import { controlBodyBytesForMtu, LIMITS } from './limits.ts';
import { decodeStatus, emptyStatus, encodeStatus, type Status } from './status.ts';

type Plain = Omit<Status, 'entryRecords' | 'entryMissingLow' | 'entryMissingHigh' | 'entryCount'> & {
  readonly entries: readonly (readonly [record: number, low: number, high: number])[];
};

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

function fill(plain: Plain): Status {
  const { entries, ...rest } = plain;
  const status = Object.assign(emptyStatus(), rest, { entryCount: entries.length });
  for (const [i, [record, low, high]] of entries.entries()) {
    status.entryRecords[i] = record;
    status.entryMissingLow[i] = low;
    status.entryMissingHigh[i] = high;
  }
  return status;
}

function plainOf(status: Status): Plain {
  const { entryCount, entryRecords, entryMissingLow, entryMissingHigh, ...rest } = status;
  const entries = Array.from({ length: entryCount }, (_, i) => {
    return [entryRecords[i] ?? 0, entryMissingLow[i] ?? 0, entryMissingHigh[i] ?? 0] as const;
  });
  return { ...rest, entries };
}

function encode(plain: Plain, bodyBytesMax?: number): Uint8Array {
  const bytes = new Uint8Array(2000);
  return bytes.slice(0, encodeStatus(viewOf(bytes), 0, fill(plain), bodyBytesMax));
}

function decode(bytes: Uint8Array): Plain {
  const status = emptyStatus();
  decodeStatus(viewOf(bytes), 0, bytes.length, status);
  return plainOf(status);
}

const RECEIVING: Plain = {
  state: 'receiving',
  cumulative: 0x1_0000_0001,
  delivered: 0x1_0000_0000,
  highest: 0x1_0000_0009,
  creditLimit: 0x1_0000_0061,
  echoTimeUs: 0xabcd_ef01_2345,
  ringDrops: 0xffff_ffff,
  badRecords: 7,
  entries: [
    [0x1_0000_0001, 0x8000_0000, 0],
    [0x1_0000_0004, 1, 0xffff_ffff],
  ],
  resultCode: '',
  resultText: '',
};
const COMMITTED: Plain = {
  ...RECEIVING,
  state: 'committed',
  entries: [],
  resultCode: 'OK',
  resultText: '{"guid":"18446744073709551615"} größe',
};

describe('STATUS', () => {
  test('the layout of docs/protocol.md', () => {
    expect(Buffer.from(encode(RECEIVING)).toString('hex')).toBe(
      ['00 02 000100000001 000100000000 000100000009 000100000061 abcdef012345 ffffffff 00000007']
        .concat('00000000 00000000 80000000', '00000003 ffffffff 00000001')
        .join('')
        .replaceAll(' ', ''),
    );
    const final = encode({ ...COMMITTED, resultCode: 'A', resultText: 'bc' });
    expect(Buffer.from(final.subarray(40)).toString('hex')).toBe('014100026263');
  });

  test('passes the hostile harness', () => {
    attackDecoder<Plain>({
      name: 'status',
      vectors: [
        RECEIVING,
        COMMITTED,
        { ...COMMITTED, state: 'failed', resultCode: '', resultText: '' } as const,
      ].map((status) => encode(status)),
      decode,
      trailing: 'refused',
      check: (status) => {
        expect(status.delivered).toBeLessThanOrEqual(status.cumulative);
        expect(status.cumulative).toBeLessThanOrEqual(status.highest);
        expect(status.entries.length).toBeLessThanOrEqual(LIMITS.statusEntries);
        for (const [record, low, high] of status.entries) {
          expect(record).toBeGreaterThanOrEqual(status.cumulative);
          expect(low + high).toBeGreaterThan(0);
        }
        expect(status.resultText.length).toBeLessThanOrEqual(LIMITS.messageBytes);
      },
    });
  });

  test('every status survives', () => {
    const u32 = fc.nat(0xffff_ffff);
    const u48 = fc.nat(2 ** 47);
    const entry = fc.tuple(fc.nat(0xffff_ffff), fc.integer({ min: 1, max: 0xffff_ffff }), u32);
    fc.assert(
      fc.property(
        u48,
        u32,
        u32,
        u48,
        fc.array(entry, { maxLength: 100 }),
        (delivered, held, more, any, list) => {
          const cumulative = delivered + held;
          const entries = list.map(([ahead, low, high]) => [cumulative + ahead, low, high] as const);
          const counters = { ringDrops: held, badRecords: more, echoTimeUs: any, creditLimit: any };
          const status: Plain = {
            ...RECEIVING,
            ...counters,
            cumulative,
            delivered,
            highest: cumulative + more,
            entries,
          };
          expect(decode(encode(status))).toEqual(status);
        },
      ),
      { numRuns: 100 },
    );
    for (const state of ['receiving', 'stalled', 'draining'] as const) {
      expect(decode(encode({ ...RECEIVING, state }))).toEqual({ ...RECEIVING, state });
    }
    for (const state of ['committed', 'failed'] as const) {
      expect(decode(encode({ ...COMMITTED, state }))).toEqual({ ...COMMITTED, state });
    }
  });

  test('a full one fits a control segment; what does not fit a small path is left out', () => {
    const entries = Array.from({ length: 100 }, (_, i) => [0x1_0000_0001 + i, 1, 0] as const);
    expect(encode({ ...RECEIVING, entries }).length).toBe(1240);
    const small = encode({ ...RECEIVING, entries }, controlBodyBytesForMtu(576));
    expect(small.length).toBeLessThanOrEqual(controlBodyBytesForMtu(576));
    expect(decode(small).entries).toEqual(entries.slice(0, 38));
    const text = 'x'.repeat(1000);
    expect(decode(encode({ ...COMMITTED, resultText: text })).resultText).toBe('x'.repeat(600));
    expect(encode({ ...COMMITTED, resultText: text }, 500).length).toBe(500);
  });

  test('counters stop at their end instead of starting again', () => {
    expect(decode(encode({ ...RECEIVING, ringDrops: 2 ** 32 + 5 })).ringDrops).toBe(0xffff_ffff);
  });

  test('a status that is not final carries no result, and clears an earlier one', () => {
    const status = emptyStatus();
    for (const bytes of [
      encode(COMMITTED),
      encode({ ...RECEIVING, resultCode: 'LEFT', resultText: 'over' }),
    ]) {
      decodeStatus(viewOf(bytes), 0, bytes.length, status);
    }
    expect(plainOf(status)).toEqual(RECEIVING);
  });

  test('what is refused changes nothing', () => {
    const bytes = encode(RECEIVING);
    bytes.fill(0, bytes.length - 8); // the last entry lacks nothing
    const status = fill(COMMITTED);
    expect(() => decodeStatus(viewOf(bytes), 0, bytes.length, status)).toThrow(
      expect.objectContaining({ fields: { what: 'STATUS entry', offset: 52 } }),
    );
    expect(plainOf(status)).toEqual(COMMITTED);
  });

  test('result codes are codes', () => {
    for (const resultCode of ['lower', 'A B', 'Ä', 'X'.repeat(41), '\u001b[2J']) {
      expect(() => encode({ ...COMMITTED, resultCode })).toThrow(RangeError);
    }
    const bytes = encode(COMMITTED);
    bytes[41] = 0x1b;
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 'WIRE_MALFORMED' }));
  });
});
