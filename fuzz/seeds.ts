// The first inputs of each target: messages of our own encoders, and small streams. `npm run fuzz -- --write-seeds`
// writes them into the corpus, under names that begin with "valid-": the tests hold that these are taken.
import type { NvList } from '../src/stream/nvlist.ts';
import { encodeNativeNvList, encodeXdrNvList } from '../src/stream/nvlist-encode.ts';
import { encodeResumeToken, type ResumeToken } from '../src/stream/resume-token.ts';
import { encodeAbort } from '../src/wire/abort.ts';
import { type Announcement, encodeAnnounceClear, encodeAnnouncement } from '../src/wire/announce.ts';
import { encodeEnd } from '../src/wire/end.ts';
import { encodeJoin, encodeJoinClear } from '../src/wire/join.ts';
import { encodeProbe } from '../src/wire/probe.ts';
import {
  emptySegmentHeader,
  encodeSegmentHeader,
  MessageType,
  type SegmentHeader,
} from '../src/wire/segment.ts';
import { emptyStatus, encodeStatus, type Status } from '../src/wire/status.ts';
import { encodeV0Chunk, encodeV0End, encodeV0Preflight } from '../src/wire/v0.ts';
import { everyRecordStream, packageStream, rawStream, smallStream } from '../test/sample-stream.ts';

const NESTED: NvList = { uniqueNames: true, pairs: [{ name: 'x', type: 'uint64', value: 5n }] };
const LIST: NvList = {
  uniqueNames: true,
  pairs: [
    { name: 'not_recursive', type: 'boolean', value: true },
    { name: 'i16', type: 'int16', value: -300 },
    { name: 'u64', type: 'uint64', value: 0xffff_ffff_ffff_fffen },
    { name: 'real', type: 'double', value: 1.5 },
    { name: 'text', type: 'string', value: 'tank/däta' },
    { name: 'list', type: 'nvlist', value: NESTED },
    { name: 'bytes', type: 'byte_array', value: Uint8Array.of(1, 2, 255) },
    { name: 'u8s', type: 'uint8_array', value: [1, 2, 200] },
    { name: 'u64s', type: 'uint64_array', value: [1n, 2n] },
    { name: 'flags', type: 'boolean_array', value: [true, false] },
    { name: 'texts', type: 'string_array', value: ['', 'a', 'bcd'] },
    { name: 'lists', type: 'nvlist_array', value: [NESTED, { uniqueNames: false, pairs: [] }] },
  ],
};

const TOKEN: ResumeToken = {
  toName: 'tank/src@a',
  toGuid: 0x94a2_0a5f_2587_7859n,
  fromGuid: 7n,
  object: 2n,
  offset: 2_883_584n,
  bytes: 3_025_016n,
  largeBlocks: true,
  embedded: false,
  compressed: true,
  raw: false,
  saved: false,
  redactSnapshots: [1n, 2n],
  bookmarkRedactSnapshots: undefined,
  littleEndian: true,
};

/** What a token holds, as decodeResumeToken wants it. */
const TOKEN_LIST: NvList = {
  uniqueNames: true,
  pairs: [
    { name: 'object', type: 'uint64', value: 2n },
    { name: 'offset', type: 'uint64', value: 0n },
    { name: 'bytes', type: 'uint64', value: 312n },
    { name: 'toguid', type: 'uint64', value: 9n },
    { name: 'toname', type: 'string', value: 'tank/src@a' },
    { name: 'compressok', type: 'boolean', value: true },
    { name: 'redact_snaps', type: 'uint64_array', value: [1n] },
  ],
};

const CLEAR = {
  suite: 'IK_AESGCM',
  keyId: new Uint8Array(8).fill(1),
  salt: Uint8Array.from({ length: 32 }, (_, at) => at),
  ephemeralPublic: new Uint8Array(32).fill(2),
  senderTimeNs: 0x1122_3344_5566_7788n,
} as const;

const FILE: Announcement = {
  kind: 'file',
  name: 'größe.img',
  recursive: false,
  features: [],
  sizeBytes: 0n,
  segmentPayloadBytes: 1440,
  fecDataRecords: 0,
  fecParityRecords: 0,
  feedback: 'none',
  timeoutMs: 1,
};
const DELTA: Announcement = {
  ...FILE,
  kind: 'delta',
  name: 'tank/a b',
  toSnapshot: { name: 'tank/a b@tuesday', guid: 2n ** 64n - 1n },
  fromSnapshot: { name: 'tank/a b@monday', guid: 0n },
  replicated: { count: 12, digest: 'ab'.repeat(32) },
  recursive: true,
  features: ['large_blocks', 'compressed'],
  feedback: 'one',
};

function segment(changes: Partial<SegmentHeader>): Uint8Array {
  const header: SegmentHeader = { ...emptySegmentHeader(), transferIdLow: 7, segmentCount: 1, ...changes };
  const bytes = new Uint8Array(32 + header.payloadBytes);
  encodeSegmentHeader(new DataView(bytes.buffer), 0, header);
  return bytes;
}

function status(changes: Partial<Status>): Uint8Array {
  const bytes = new Uint8Array(2000);
  const value: Status = { ...emptyStatus(), ...changes };
  value.entryRecords[0] = value.cumulative + 2;
  value.entryMissingLow[0] = 5;
  return bytes.slice(0, encodeStatus(new DataView(bytes.buffer), 0, value));
}

function chunk(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 13);
  encodeV0Chunk(bytes, 7, 0, data, 0);
  return bytes;
}

/** By target and name. */
export function seeds(): Readonly<Record<string, Readonly<Record<string, Uint8Array>>>> {
  const streams = {
    small: smallStream(),
    'small-big-endian': smallStream({ littleEndian: false }),
    'every-record': everyRecordStream(),
    raw: rawStream(),
    'raw-big-endian': rawStream(false),
    package: packageStream(),
  };
  return {
    stream: streams,
    records: streams,
    nvlist: {
      xdr: encodeXdrNvList(LIST),
      native: encodeNativeNvList(LIST, true),
      'native-big-endian': encodeNativeNvList(LIST, false),
    },
    token: { increment: new TextEncoder().encode(encodeResumeToken(TOKEN)) },
    'token-list': { native: encodeNativeNvList(TOKEN_LIST, true), xdr: encodeXdrNvList(TOKEN_LIST) },
    segment: {
      data: segment({
        type: MessageType.data,
        record: 9,
        payloadBytes: 512,
        segmentCount: 3,
        recordBytes: 1200,
      }),
      control: segment({ type: MessageType.status, record: 1, payloadBytes: 56, recordBytes: 56 }),
    },
    'announce-clear': {
      keyed: encodeAnnounceClear(CLEAR),
      open: encodeAnnounceClear({ ...CLEAR, suite: 'open' }),
    },
    announce: { file: encodeAnnouncement(FILE), delta: encodeAnnouncement(DELTA) },
    'join-clear': {
      plain: encodeJoinClear({ nonce: new Uint8Array(32).fill(3), ephemeralPublic: CLEAR.salt }),
    },
    join: {
      accepted: encodeJoin({
        accepted: true,
        creditLimit: 2 ** 48 - 1,
        windowRecords: 96,
        have: { snapshots: [{ name: 'tank/a@b', guid: 2n ** 64n - 1n }], token: '1-bf31b879a-b8-789c636064' },
      }),
      refused: encodeJoin({ accepted: false, code: 'EXISTS', message: 'backup/tank/a exists: größer' }),
      undecided: encodeJoin({ accepted: 'undecided' }),
    },
    status: {
      receiving: status({ cumulative: 5, delivered: 4, highest: 9, creditLimit: 90, entryCount: 1 }),
      committed: status({ state: 'committed', resultCode: 'OK', resultText: '{"guid":"1"}' }),
    },
    end: { plain: encodeEnd({ records: 12, bytes: 700_000n, digest: new Uint8Array(32).fill(9) }) },
    abort: { message: encodeAbort({ code: 'SOURCE_FAILED', message: 'größer' }) },
    probe: { plain: encodeProbe({ timeUs: 0xabcd_ef01_2345 }) },
    v0: {
      preflight: encodeV0Preflight('dataset', 7, 'tank/data'),
      chunk: chunk(Uint8Array.of(1, 2, 3, 4, 5)),
      end: encodeV0End(7),
    },
  };
}
