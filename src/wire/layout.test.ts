// The tables are read here by themselves, and must say what the codecs say of the same bytes.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ABORT_CODES, encodeAbort } from './abort.ts';
import { ANNOUNCE_CLEAR_BYTES, encodeAnnounceClear } from './announce.ts';
import { encodeEnd } from './end.ts';
import { encodeJoin, encodeJoinClear, REFUSAL_CODES } from './join.ts';
import * as layouts from './layout.ts';
import type { Layout } from './layout.ts';
import { encodeProbe } from './probe.ts';
import { encodeSegmentHeader, MAGIC, MessageType, SEGMENT_HEADER_BYTES, VERSION } from './segment.ts';
import { emptyStatus, encodeStatus, type Status } from './status.ts';
import { encodeV0Chunk, encodeV0End, encodeV0Preflight } from './v0.ts';

type Read = Record<string, bigint | string>;

/** Reads bytes by a table alone; numbers as bigint, everything else in hex or as text. Gives the end as well. */
function readBy(layout: Layout, bytes: Uint8Array, start = 0): { fields: Read; end: number } {
  const fields: Read = {};
  let end = start;
  for (const { name, offset, bytes: length, kind } of layout) {
    const from = offset === 'next' ? end : start + offset;
    expect(from, `${name} begins where the field before it ends`).toBe(end);
    end = from + (typeof length === 'number' ? length : Number(fields[length]));
    expect(end).toBeLessThanOrEqual(bytes.length);
    const raw = Buffer.from(bytes.subarray(from, end));
    if (kind === 'text' || kind === 'json') fields[name] = raw.toString();
    else if (kind === 'bytes') fields[name] = raw.toString('hex');
    else fields[name] = BigInt(`0x${raw.toString('hex')}`);
  }
  return { fields, end };
}

/** Reads bytes that are one layout and nothing else. */
function readAll(layout: Layout, bytes: Uint8Array): Read {
  const { fields, end } = readBy(layout, bytes);
  expect(end, 'the table ends where the message ends').toBe(bytes.length);
  return fields;
}

const hex = (byte: number, count: number): string => Buffer.alloc(count, byte).toString('hex');
const filled = (byte: number, count: number): Uint8Array => new Uint8Array(count).fill(byte);
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

function statusBytes(part: Partial<Status>): Uint8Array {
  const bytes = new Uint8Array(1500);
  const status = Object.assign(emptyStatus(), part);
  status.entryRecords.set([0x1_0000_0007, 0x1_0000_0009]);
  status.entryMissingHigh.set([0x8000_0000, 0]);
  status.entryMissingLow.set([3, 0x10]);
  return bytes.slice(0, encodeStatus(viewOf(bytes), 0, status));
}

const STATUS_NUMBERS = {
  cumulative: 0x1_0000_0005,
  delivered: 0x1_0000_0004,
  highest: 0x1_0000_000a,
  creditLimit: 0x1_0000_0065,
  echoTimeUs: 0xabcd_ef01_2345,
  ringDrops: 21,
  badRecords: 22,
};
const STATUS_FIELDS = {
  cumulative: 0x1_0000_0005n,
  delivered: 0x1_0000_0004n,
  highest: 0x1_0000_000an,
  credit_limit: 0x1_0000_0065n,
  echo: 0xabcd_ef01_2345n,
  ring_drops: 21n,
  bad_records: 22n,
};

describe('a table reads what its codec wrote', () => {
  test('segment header', () => {
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    encodeSegmentHeader(viewOf(bytes), 0, {
      type: MessageType.data,
      flags: 3,
      parityRow: 4,
      payloadBytes: 0x1234,
      transferIdHigh: 0x0102_0304,
      transferIdLow: 0x0506_0708,
      record: 0xa1a2_a3a4_a5a6,
      segmentIndex: 7,
      segmentCount: 44,
      recordBytes: 0xf780,
    });
    expect(readAll(layouts.SEGMENT_LAYOUT, bytes)).toEqual({
      magic: BigInt(MAGIC),
      version: BigInt(VERSION),
      type: 2n,
      flags: 3n,
      parity_row: 4n,
      payload_length: 0x1234n,
      transfer: 0x0102_0304_0506_0708n,
      record: 0xa1a2_a3a4_a5a6n,
      segment: 7n,
      segment_count: 44n,
      record_length: 0xf780n,
      reserved: 0n,
    });
  });

  test('ANNOUNCE, its clear part', () => {
    const bytes = encodeAnnounceClear({
      suite: 'open',
      keyId: filled(8, 8),
      salt: filled(0x32, 32),
      ephemeralPublic: filled(0x33, 32),
      senderTimeNs: 1_700_000_000_000_000_000n,
    });
    expect(bytes.length).toBe(ANNOUNCE_CLEAR_BYTES);
    expect(readAll(layouts.ANNOUNCE_CLEAR_LAYOUT, bytes)).toEqual({
      suite: 0n,
      zero: hex(0, 7),
      key_id: 0x0808_0808_0808_0808n,
      salt: hex(0x32, 32),
      ephemeral_key: hex(0x33, 32),
      time: 1_700_000_000_000_000_000n,
    });
  });

  test('JOIN, clear part and all answers', () => {
    const clear = encodeJoinClear({ nonce: filled(1, 32), ephemeralPublic: filled(2, 32) });
    expect(readAll(layouts.JOIN_CLEAR_LAYOUT, clear)).toEqual({
      nonce: hex(1, 32),
      ephemeral_key: hex(2, 32),
    });
    const have = { snapshots: [{ name: 'a@b', guid: 7n }] };
    const json = '{"snapshots":[{"name":"a@b","guid":"7"}]}';
    const accepted = encodeJoin({ accepted: true, creditLimit: 0x1_0000_0001, windowRecords: 96, have });
    expect(readAll(layouts.JOIN_ACCEPTED_LAYOUT, accepted)).toEqual({
      answer: 1n,
      zero: 0n,
      credit_limit: 0x1_0000_0001n,
      window: 96n,
      have_length: BigInt(json.length),
      have: json,
    });
    const refused = encodeJoin({ accepted: false, code: 'EXISTS', message: 'it exists' });
    const code = BigInt(REFUSAL_CODES.EXISTS);
    expect(readAll(layouts.JOIN_REFUSED_LAYOUT, refused)).toEqual({
      answer: 0n,
      zero: 0n,
      code,
      message_length: 9n,
      message: 'it exists',
    });
    expect(readAll(layouts.JOIN_UNDECIDED_LAYOUT, encodeJoin({ accepted: 'undecided' }))).toEqual({
      answer: 2n,
      zero: 0n,
    });
  });

  test('STATUS with entries', () => {
    const bytes = statusBytes({ state: 'stalled', ...STATUS_NUMBERS, entryCount: 2 });
    const { fields, end } = readBy(layouts.STATUS_LAYOUT, bytes);
    expect(fields).toEqual({ state: 1n, entry_count: 2n, ...STATUS_FIELDS });
    const first = readBy(layouts.STATUS_ENTRY_LAYOUT, bytes, end);
    expect(first.fields).toEqual({ record: 2n, missing: 0x8000_0000_0000_0003n });
    const second = readBy(layouts.STATUS_ENTRY_LAYOUT, bytes, first.end);
    expect(second).toEqual({ fields: { record: 4n, missing: 0x10n }, end: bytes.length });
  });

  test.each(['committed', 'failed'] as const)('STATUS %s', (state) => {
    const result = { resultCode: 'SINK_FAILED', resultText: 'no space' };
    const bytes = statusBytes({ state, ...STATUS_NUMBERS, ...result });
    const { fields, end } = readBy(layouts.STATUS_LAYOUT, bytes);
    const number = state === 'committed' ? layouts.STATUS_FINAL_STATE : layouts.STATUS_FINAL_STATE + 1;
    expect(fields).toEqual({ state: BigInt(number), entry_count: 0n, ...STATUS_FIELDS });
    expect(readBy(layouts.STATUS_RESULT_LAYOUT, bytes, end)).toEqual({
      fields: { code_length: 11n, code: 'SINK_FAILED', text_length: 8n, text: 'no space' },
      end: bytes.length,
    });
  });

  test('END, PROBE and ABORT', () => {
    const end = encodeEnd({ records: 0x1_0000_0002, bytes: 2n ** 60n, digest: filled(9, 32) });
    const expected = { zero: 0n, records: 0x1_0000_0002n, bytes: 2n ** 60n, digest: hex(9, 32) };
    expect(readAll(layouts.END_LAYOUT, end)).toEqual(expected);
    const probe = encodeProbe({ timeUs: 0xabcd_ef01_2345 });
    expect(readAll(layouts.PROBE_LAYOUT, probe)).toEqual({ zero: 0n, time: 0xabcd_ef01_2345n });
    const abort = encodeAbort({ code: 'TIMEOUT', message: 'silent' });
    const code = BigInt(ABORT_CODES.TIMEOUT);
    expect(readAll(layouts.ABORT_LAYOUT, abort)).toEqual({ code, message_length: 6n, message: 'silent' });
  });

  test.each(['dataset', 'pool', 'delta'] as const)('v0 pre-flight of a %s', (kind) => {
    const fields = readAll(layouts.V0_PREFLIGHT_LAYOUT, encodeV0Preflight(kind, 5, 'tank/x'));
    const type = BigInt(layouts.V0_PREFLIGHT_LAYOUT[0]?.values?.[`pre-flight of a ${kind}`] ?? -1);
    expect(fields).toEqual({ type, transfer: 5n, name_length: 6n, name: 'tank/x' });
  });

  test('v0 chunk and end', () => {
    const chunk = new Uint8Array(13 + 3);
    const crc = encodeV0Chunk(chunk, 5, 254, Uint8Array.of(1, 2, 3), 0xfeed_beef);
    expect(readAll(layouts.V0_CHUNK_LAYOUT, chunk)).toEqual({
      type: 3n,
      transfer: 5n,
      index: 254n,
      crc: BigInt(crc),
      data_length: 3n,
      data: '010203',
      previous_crc: 0xfeed_beefn,
    });
    expect(readAll(layouts.V0_END_LAYOUT, encodeV0End(5))).toEqual({ type: 4n, transfer: 5n });
  });
});

/** `offset | size` of the tables in a section of the specification, as written. */
function documented(heading: string): string[][] {
  const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
  const section = text.split(`\n### ${heading}\n`)[1]?.split('\n### ')[0] ?? '';
  const tables = section
    .trim()
    .split(/\n\n/)
    .filter((block) => block.startsWith('| offset | size |'));
  return tables.map((table) =>
    table
      .split('\n')
      .slice(2)
      .map((row) => row.split('|').slice(1, 3).join('|').replace(/\s/g, '')),
  );
}

/** The same of a table; a number of bytes that varies is left out there. */
function tabled(layout: Layout): string[] {
  return layout.map(
    ({ offset, bytes }) => `${offset === 'next' ? '.' : offset}|${typeof bytes === 'number' ? bytes : ''}`,
  );
}

/** Of a layout that lies behind another. */
function behind(layout: Layout, first: number): string[] {
  return tabled(layout).map((row) => row.replace(/^\d+/, (offset) => String(Number(offset) + first)));
}

describe('the specification gives the same places', () => {
  test.each<[string, string[][]]>([
    ['Segment header', [tabled(layouts.SEGMENT_LAYOUT)]],
    ['ANNOUNCE', [tabled(layouts.ANNOUNCE_CLEAR_LAYOUT)]],
    [
      'JOIN',
      [layouts.JOIN_CLEAR_LAYOUT, layouts.JOIN_ACCEPTED_LAYOUT, layouts.JOIN_REFUSED_LAYOUT].map(tabled),
    ],
    [
      'STATUS',
      [
        [...tabled(layouts.STATUS_LAYOUT), '40|12each'],
        tabled(layouts.STATUS_ENTRY_LAYOUT),
        behind(layouts.STATUS_RESULT_LAYOUT, 40),
      ],
    ],
    ['END', [tabled(layouts.END_LAYOUT)]],
    ['PROBE', [tabled(layouts.PROBE_LAYOUT)]],
    ['ABORT', [tabled(layouts.ABORT_LAYOUT)]],
  ])('%s', (heading, expected) => {
    expect(documented(heading)).toEqual(expected);
  });
});
