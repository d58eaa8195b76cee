// The reader against streams of our writer: every record, every order of bytes, every way to damage them.
import { deepStrictEqual } from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { attackDecoder, attackSplits } from '../../test/hostile-harness.ts';
import {
  content,
  everyRecordStream,
  joined,
  packageStream,
  rawStream,
  smallStream,
} from '../../test/sample-stream.ts';
import type { ErrorCode } from '../bytes/error-codes.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import { encodeXdrNvList } from './nvlist-encode.ts';
import { CHECKSUM_AT, RECORD_BYTES } from './record-layout.ts';
import { StreamReader, type StreamReaderOptions } from './stream-reader.ts';
import { BeginRecord, type StreamRecord } from './stream-record.ts';
import { StreamWriter } from './stream-writer.ts';

/** What the reader said of a record, as plain data. */
function plain(record: StreamRecord): unknown {
  const { type, number, offset, payloadBytes, checksum, fields } = record;
  const begin = record instanceof BeginRecord ? record.begin : undefined;
  return { type, number, offset, payloadBytes, checksum, fields, begin };
}

function readAll(stream: Uint8Array, options: StreamReaderOptions = {}): unknown[] {
  const reader = new StreamReader(options);
  const records = Array.from(reader.read(stream), plain);
  return [...records, reader.finish()];
}

function records(stream: Uint8Array): StreamRecord[] {
  return [...new StreamReader().read(stream)];
}

/** The error that a stream is refused with. */
function refusal(stream: Uint8Array, options: StreamReaderOptions = {}): ZwireError {
  try {
    readAll(stream, options);
  } catch (error) {
    if (error instanceof ZwireError) return error;
    throw error;
  }
  throw new Error('the stream was taken');
}

const STREAM_CODES: readonly ErrorCode[] = [
  'STREAM_CHECKSUM',
  'STREAM_FOREIGN',
  'STREAM_LIMIT',
  'STREAM_MALFORMED',
  'STREAM_TRUNCATED',
  'STREAM_UNSUPPORTED',
  'NVLIST_MALFORMED',
];

test.each([
  ['every record', everyRecordStream, true],
  ['raw', rawStream, false],
  ['package', packageStream, true],
] as const)('%s: the same records wherever the stream is cut', (name, make, littleEndian) => {
  attackSplits(
    {
      name,
      create: () => {
        const reader = new StreamReader();
        const found: unknown[] = [];
        return {
          push: (piece) => found.push(...Array.from(reader.read(piece), plain)),
          finish: () => [...found, reader.finish()],
        };
      },
    },
    make(littleEndian),
  );
});

describe.each([true, false])('little-endian: %s', (littleEndian) => {
  test('the fields are those that were written', () => {
    const [begin, free, object, ...rest] = records(everyRecordStream(littleEndian));
    if (!(begin instanceof BeginRecord) || free?.type !== 'FREEOBJECTS' || object?.type !== 'OBJECT')
      throw new Error('other records than were written');
    expect(begin.begin).toMatchObject({
      kind: 'substream',
      littleEndian,
      toName: 'tank/data@monday',
      toGuid: 0xf3851fd58c3305c6n,
      fromGuid: undefined,
      contents: 'filesystem',
      features: ['dedup', 'sa_spill', 'embed_data', 'lz4', 'large_blocks', 'redacted', 'compressed'],
      flags: ['freerecords', 'spill_block'],
      redactSnapshots: [0xafd9859f28e384b2n],
    });
    expect(free.fields).toEqual({ firstObject: 5n, objects: 27n, toGuid: 0xf3851fd58c3305c6n });
    expect(object.fields).toMatchObject({ object: 2n, blockBytes: 21_504, bonusBytes: 13, flags: 4 });
    expect(object).toMatchObject({ number: 3, payloadBytes: 16, checksum: 'verified' });
    expect(rest.map((record) => [record.type, record.payloadBytes])).toEqual([
      ['SPILL', 64],
      ['FREE', 0],
      ['WRITE', 128],
      ['WRITE', 512],
      ['WRITE_EMBEDDED', 72],
      ['WRITE_BYREF', 0],
      ['REDACT', 0],
      ['END', 0],
    ]);
  });

  test('a raw stream says its IV sets before any data', () => {
    const [begin] = new StreamReader().read(rawStream(littleEndian).subarray(0, 1000));
    if (!(begin instanceof BeginRecord)) throw new Error('no BEGIN');
    expect(begin.begin.ivsetGuids).toEqual({ to: 77n, from: undefined });
    expect(begin.begin.nvlist?.encoding).toBe('native');
  });
});

test('a package: the ENDs of libzfs have no checksum, substreams begin anew', () => {
  const found = records(packageStream()).map((record) => `${record.type} ${record.checksum}`);
  const substream = ['BEGIN pending', 'OBJECT verified', 'WRITE verified', 'END verified'];
  expect(found).toEqual(['BEGIN pending', 'END absent', ...substream, ...substream, 'END absent']);
});

test('hostile bytes', () => {
  attackDecoder({
    name: 'stream',
    codes: STREAM_CODES,
    // Short: the attacks grow with the square of the length.
    vectors: [streamWith((w) => w.record('OBJECT', FILE))],
    decode: (bytes) => readAll(bytes),
    trailing: 'refused',
  });
});

test('truncated at every 64th byte: never taken, and the offset is said', () => {
  for (const stream of [everyRecordStream(), packageStream()]) {
    for (let length = 0; length < stream.length; length += 64) {
      const error = refusal(stream.subarray(0, length));
      expect(error.code).toBe(length < RECORD_BYTES ? 'STREAM_FOREIGN' : 'STREAM_TRUNCATED');
      expect(error.fields['offset']).toBe(length);
    }
  }
});

test('a bit flipped anywhere after the first header is found, at or behind its place', () => {
  const stream = everyRecordStream();
  for (let at = 0; at < stream.length; at++) {
    const damaged = stream.slice();
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    const error = refusal(damaged);
    const end = Number(error.fields['offset']) + RECORD_BYTES;
    expect(end).toBeGreaterThan(at);
    expect(error.fields['verifiedBytes']).toBeLessThanOrEqual(at + RECORD_BYTES);
  }
});

test('a damaged payload: which record found it, and where the damage must be', () => {
  const stream = smallStream();
  const at = stream.length - RECORD_BYTES - 100;
  stream[at] = 0xee;
  const error = refusal(stream);
  expect(error.code).toBe('STREAM_CHECKSUM');
  expect(error.message).toMatch(/^record 4 \(END\) at byte 1448: .* between bytes 936 and 1760$/);
  expect(error.fields).toEqual({ record: 4, offset: 1448, verifiedBytes: 936 });
});

test('saved: without an END only where that is wanted, and only between records', () => {
  const saved = smallStream({ saved: true });
  expect(refusal(saved).code).toBe('STREAM_TRUNCATED');
  expect(readAll(saved, { partial: true }).at(-1)).toEqual({ bytes: 1448, records: 3, complete: false });
  expect(refusal(saved.subarray(0, -1), { partial: true }).message).toMatch(
    /in the payload of record 3, 1 bytes/,
  );
  expect(refusal(new Uint8Array(0), { partial: true }).code).toBe('STREAM_FOREIGN');
});

/** A substream with one record of our choice in it. */
function streamWith(
  make: (writer: StreamWriter) => Uint8Array,
  begin: Partial<Parameters<StreamWriter['begin']>[0]> = {},
): Uint8Array {
  const writer = new StreamWriter();
  return joined([writer.begin({ toName: 'a@b', ...begin }), make(writer), writer.end()]);
}

const MAX = 0xffff_ffff_ffff_ffffn;
const FILE = { object: 2n, blockBytes: 512 } as const;

test.each<[string, ErrorCode, RegExp, Uint8Array]>([
  [
    'nested BEGIN',
    'STREAM_MALFORMED',
    /begins before the END/,
    streamWith((w) => w.begin({ toName: 'a@b' })),
  ],
  [
    'two streams in a row',
    'STREAM_MALFORMED',
    /bytes follow the end/,
    joined([smallStream(), smallStream()]),
  ],
  [
    'a package in a package',
    'STREAM_MALFORMED',
    /begins before the END/,
    streamWith((w) => w.begin({ toName: 'a@b', kind: 'package' })),
  ],
  [
    'a record outside',
    'STREAM_MALFORMED',
    /OBJECT.*outside of a substream/,
    streamWith((w) => w.record('OBJECT', FILE), { kind: 'package' }),
  ],
  ['no name', 'STREAM_MALFORMED', /not that of a snapshot/, streamWith((w) => w.end(), { toName: 'tank' })],
  ['unknown feature', 'STREAM_UNSUPPORTED', /0x8\b/, withFeatureBits(0x8n)],
  ['nvlist of 2^31 bytes', 'STREAM_LIMIT', /an nvlist of 2147483648 bytes/, lengthOfNvList(2 ** 31)],
  ['nvlist of 5 MiB', 'STREAM_LIMIT', /an nvlist of 5242880 bytes/, lengthOfNvList(5 * 2 ** 20)],
  [
    'nvlist of 4 MiB that does not come',
    'STREAM_TRUNCATED',
    /in the payload of record 1/,
    lengthOfNvList(4 * 2 ** 20),
  ],
  [
    'nvlist of noise',
    'NVLIST_MALFORMED',
    /record 1 \(BEGIN\).* at byte 312/,
    streamWith((w) => w.end(), { payload: content(64) }),
  ],
  [
    'WRITE of 2^63 bytes',
    'STREAM_LIMIT',
    /logical size of 92233720368547\d+ bytes/,
    streamWith((w) => w.record('WRITE', { logicalBytes: 2n ** 63n })),
  ],
  [
    'WRITE of 256 bytes',
    'STREAM_MALFORMED',
    /logical size of 256/,
    streamWith((w) => w.record('WRITE', { logicalBytes: 256n })),
  ],
  [
    'WRITE of 1 MiB',
    'STREAM_MALFORMED',
    /without large blocks/,
    streamWith((w) => w.record('WRITE', { logicalBytes: 2n ** 20n })),
  ],
  [
    'WRITE that grows',
    'STREAM_MALFORMED',
    /512 bytes are compressed to 513/,
    streamWith((w) => w.record('WRITE', { logicalBytes: 512n, compression: 15, compressedBytes: 513n })),
  ],
  [
    'WRITE compressed to nothing',
    'STREAM_MALFORMED',
    /compressed to 0/,
    streamWith((w) => w.record('WRITE', { logicalBytes: 512n, compression: 15 })),
  ],
  [
    'WRITE at the end of all',
    'STREAM_MALFORMED',
    /beyond the largest offset/,
    streamWith((w) => w.record('WRITE', { offset: MAX, logicalBytes: 512n })),
  ],
  [
    'WRITE that hides a length',
    'STREAM_MALFORMED',
    /without compression/,
    streamWith((w) => w.record('WRITE', { logicalBytes: 512n, compressedBytes: 1n })),
  ],
  ['object 0', 'STREAM_MALFORMED', /object 0/, streamWith((w) => w.record('OBJECT', { blockBytes: 512 }))],
  [
    'a block of 513 bytes',
    'STREAM_MALFORMED',
    /no multiple of 512/,
    streamWith((w) => w.record('OBJECT', { ...FILE, blockBytes: 513 })),
  ],
  [
    'a bonus of 2^31 bytes',
    'STREAM_LIMIT',
    /bonus buffer of 2147483648/,
    streamWith((w) => w.record('OBJECT', { ...FILE, bonusBytes: 2 ** 31 })),
  ],
  [
    'a raw bonus',
    'STREAM_MALFORMED',
    /not raw/,
    streamWith((w) => w.record('OBJECT', { ...FILE, rawBonusBytes: 8 })),
  ],
  [
    'a large dnode',
    'STREAM_MALFORMED',
    /without large dnodes/,
    streamWith((w) => w.record('OBJECT', { ...FILE, dnodeSlots: 2 })),
  ],
  [
    'a dnode of 33 slots',
    'STREAM_LIMIT',
    /33 slots/,
    streamWith((w) => w.record('OBJECT', { ...FILE, dnodeSlots: 33 })),
  ],
  [
    'an object range',
    'STREAM_MALFORMED',
    /not raw/,
    streamWith((w) => w.record('OBJECT_RANGE', { slots: 32n })),
  ],
  [
    'an object range of 31',
    'STREAM_MALFORMED',
    /one block of 32/,
    streamWith((w) => w.record('OBJECT_RANGE', { slots: 31n }), { features: ['raw'] }),
  ],
  [
    'a spill of 2^40 bytes',
    'STREAM_LIMIT',
    /spill block of 1099511627776/,
    streamWith((w) => w.record('SPILL', { length: 2n ** 40n })),
  ],
  [
    'embedded data of 113 bytes',
    'STREAM_LIMIT',
    /embedded data of 113/,
    streamWith((w) => w.record('WRITE_EMBEDDED', { payloadBytes: 113 }), { features: ['embed_data'] }),
  ],
  [
    'embedded data, which its head does not say',
    'STREAM_MALFORMED',
    /embedded data in a stream without/,
    streamWith((w) => w.record('WRITE_EMBEDDED', {})),
  ],
  [
    'a redaction, which its head does not say',
    'STREAM_MALFORMED',
    /not redacted/,
    streamWith((w) => w.record('REDACT', { object: 2n, length: 512n })),
  ],
  [
    'a reference, which its head does not say',
    'STREAM_MALFORMED',
    /not deduplicated/,
    streamWith((w) => w.record('WRITE_BYREF', { object: 2n })),
  ],
  [
    'a FREE beyond the end',
    'STREAM_MALFORMED',
    /beyond the largest offset/,
    streamWith((w) => w.record('FREE', { offset: MAX, length: 2n })),
  ],
  [
    'FREEOBJECTS beyond the end',
    'STREAM_MALFORMED',
    /beyond the last number/,
    streamWith((w) => w.record('FREEOBJECTS', { firstObject: MAX, objects: 2n })),
  ],
])('%s', (_name, code, message, stream) => {
  const error = refusal(stream);
  expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  expect(error.fields).toMatchObject({ record: expect.any(Number), offset: expect.any(Number) });
});

function lengthOfNvList(bytes: number): Uint8Array {
  const stream = streamWith(() => new Uint8Array(0));
  new DataView(stream.buffer).setUint32(4, bytes, true);
  return stream;
}

/** A BEGIN with feature flags that have no name. */
function withFeatureBits(bits: bigint): Uint8Array {
  const stream = streamWith(() => new Uint8Array(0));
  new DataView(stream.buffer).setBigUint64(16, (bits << 2n) | 1n, true);
  return stream;
}

test('the order of bytes changes mid-stream', () => {
  const [begin, other] = [smallStream().subarray(0, 312), smallStream({ littleEndian: false }).subarray(312)];
  const error = refusal(joined([begin, other]));
  expect([error.code, error.fields['record']]).toEqual(['STREAM_CHECKSUM', 2]);
  // Who leaves its checksum out is not read in the other order either.
  const absent = other.slice(0, RECORD_BYTES).fill(0, CHECKSUM_AT);
  const swapped = refusal(joined([begin, absent]));
  expect([swapped.code, swapped.message]).toEqual([
    'STREAM_MALFORMED',
    expect.stringMatching(/^record 2 at byte 312: unknown record type 16777216$/),
  ]);
});

test('an nvlist nested 10,000 deep is refused, and the stack holds', () => {
  const depth = 10_000;
  const listBytes = (level: number): number => 16 + 40 * (depth - level);
  const heads = Array.from({ length: depth }, (_, level) => {
    // version, flags; the pair: its size, its size in memory, the name n, type nvlist, one element
    const words = [0, 1, 24 + listBytes(level + 1), 48, 1, 0x6e00_0000, 19, 1];
    return Buffer.concat(words.map((word) => Buffer.from(word.toString(16).padStart(8, '0'), 'hex')));
  });
  const payload = joined([Uint8Array.of(1, 1, 0, 0), ...heads, new Uint8Array(16 + 8 * depth)]);
  expect(refusal(streamWith((w) => w.end(), { payload })).message).toMatch(/nested deeper than 20/);
});

test('padding after the nvlist of a BEGIN', () => {
  const list = encodeXdrNvList({ uniqueNames: true, pairs: [] });
  const stream = streamWith(() => new Uint8Array(0), { payload: joined([list, new Uint8Array(4)]) });
  expect(readAll(stream)).toHaveLength(3);
});

test('announcedOffset is the point up to which a gate may let bytes pass', () => {
  const stream = everyRecordStream();
  const reader = new StreamReader();
  const starts = records(stream).map((record) => record.offset);
  const beginEnd = starts[1] ?? 0;
  for (let at = 0; at < stream.length; at++) {
    for (const record of reader.read(stream.subarray(at, at + 1))) expect(starts).toContain(record.offset);
    const started = starts.findLast((start) => start <= at) ?? 0;
    // Within BEGIN, its nvlist included, and within a header: its start. In a payload: everything so far.
    const held = at + 1 < beginEnd || at + 1 - started < RECORD_BYTES;
    expect(reader.announcedOffset).toBe(held ? started : at + 1);
  }
});

test('after an error the reader says the same again', () => {
  const reader = new StreamReader();
  const noise = content(400);
  const first = refusalOf(() => [...reader.read(noise)]);
  expect(refusalOf(() => [...reader.read(noise)])).toBe(first);
  expect(refusalOf(() => reader.finish())).toBe(first);
});

test('a chunk that was left half-read is a mistake of the caller', () => {
  const reader = new StreamReader();
  for (const record of reader.read(smallStream())) if (record.type === 'BEGIN') break;
  expect(() => [...reader.read(smallStream())]).toThrow('have not all been taken');
});

function refusalOf(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    return error;
  }
}

test('memory does not grow with what a BEGIN states', () => {
  const reader = new StreamReader();
  const before = process.memoryUsage().arrayBuffers;
  deepStrictEqual([...reader.read(lengthOfNvList(4 * 2 ** 20).subarray(0, 400))], []);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
});
