// What is fuzzed: every decoder of bytes that come from a peer or from a file, each with what it promises.
import { deepStrictEqual } from 'node:assert/strict';
import { deflateSync } from 'node:zlib';
import type { ErrorCode } from '../src/bytes/error-codes.ts';
import { ZwireError } from '../src/bytes/zwire-error.ts';
import { decodeNvList } from '../src/stream/nvlist-decode.ts';
import { encodeXdrNvList } from '../src/stream/nvlist-encode.ts';
import { decodeResumeToken, encodeResumeToken } from '../src/stream/resume-token.ts';
import { StreamReader } from '../src/stream/stream-reader.ts';
import { BeginRecord } from '../src/stream/stream-record.ts';
import { decodeAbort } from '../src/wire/abort.ts';
import { decodeAnnounceClear, decodeAnnouncement, encodeAnnounceClear } from '../src/wire/announce.ts';
import { decodeEnd, encodeEnd } from '../src/wire/end.ts';
import { decodeJoin, decodeJoinClear, encodeJoinClear } from '../src/wire/join.ts';
import { decodeProbe } from '../src/wire/probe.ts';
import { decodeSegmentHeader, emptySegmentHeader } from '../src/wire/segment.ts';
import { decodeStatus, emptyStatus } from '../src/wire/status.ts';
import { decodeV0 } from '../src/wire/v0.ts';
import { V0Reassembler } from '../src/wire/v0-reassembler.ts';
import { attackOnce, type HostileSubject, refused } from '../test/hostile-harness.ts';
import { reseal } from './reseal.ts';

export interface Target {
  readonly name: string;
  /** Undefined when the input is taken, else why it is refused. Throws when the decoder breaks a promise. */
  readonly run: (bytes: Uint8Array) => string | undefined;
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

type Subject<T> = Omit<HostileSubject<T>, 'vectors' | 'trailing'>;

function target<T>(subject: Subject<T>): Target {
  const whole: HostileSubject<T> = { ...subject, vectors: [], trailing: 'refused' };
  return { name: subject.name, run: (bytes) => attackOnce(whole, bytes) };
}

interface Read {
  readonly records: unknown[];
  readonly error: ZwireError | undefined;
}

function readPieces(stream: Uint8Array, pieceBytes: number): Read {
  const reader = new StreamReader({ partial: true });
  const records: unknown[] = [];
  try {
    for (let at = 0; at < stream.length; at += pieceBytes) {
      for (const record of reader.read(stream.subarray(at, at + pieceBytes))) {
        const { type, number, offset, payloadBytes, checksum, fields } = record;
        const begin = record instanceof BeginRecord ? record.begin : undefined;
        records.push({ type, number, offset, payloadBytes, checksum, fields, begin });
      }
    }
    records.push(reader.finish());
    return { records, error: undefined };
  } catch (error) {
    if (error instanceof ZwireError) return { records, error };
    throw error;
  }
}

/** Whole and in pieces, of which length depends on the stream: records and refusal must be the same. */
function readStream(stream: Uint8Array): unknown[] {
  const whole = readPieces(stream, Math.max(1, stream.length));
  const cut = readPieces(stream, 1 + ((stream.length * 31 + (stream.at(-1) ?? 0)) % 700));
  const what = ({ records, error }: Read): unknown => [records, error?.code, error?.message, error?.fields];
  deepStrictEqual(what(cut), what(whole), 'the records depend on where the stream is cut');
  if (whole.error !== undefined) throw whole.error;
  return whole.records;
}

/** A token around a packed nvlist, with a checksum that fits. */
function tokenAround(packed: Uint8Array): string {
  const compressed = deflateSync(packed, { level: 1 });
  let sum = 0;
  for (let at = 0; at + 4 <= compressed.length; at += 4) sum += compressed.readUInt32LE(at);
  return `1-${sum.toString(16)}-${packed.length.toString(16)}-${compressed.toString('hex')}`;
}

function encodeToken(token: ReturnType<typeof decodeResumeToken>): Uint8Array {
  return new TextEncoder().encode(encodeResumeToken(token));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function readSegment(bytes: Uint8Array): unknown {
  const header = emptySegmentHeader();
  const reason = decodeSegmentHeader(viewOf(bytes), 0, bytes.length, header);
  if (reason !== '') throw refused(reason);
  return header;
}

function readStatus(bytes: Uint8Array): unknown {
  const status = emptyStatus();
  decodeStatus(viewOf(bytes), 0, bytes.length, status);
  const { entryCount, entryRecords, entryMissingLow, entryMissingHigh, ...rest } = status;
  const lists = [entryRecords, entryMissingLow, entryMissingHigh].map((list) =>
    Array.from(list.slice(0, entryCount)),
  );
  return { ...rest, lists };
}

/** A message, and what the receiver's side makes of it: alone, twice, and behind a pre-flight. */
function readV0(bytes: Uint8Array): unknown {
  const message = decodeV0(bytes);
  if (message === undefined) throw refused('no message');
  const reassembler = new V0Reassembler();
  const outcomes = [reassembler.push(message), reassembler.push(message)];
  reassembler.push({ type: 'preflight', transferId: message.transferId, kind: 'dataset', name: 'a' });
  outcomes.push(reassembler.push(message), reassembler.push(message));
  return { message, outcomes };
}

export const TARGETS: readonly Target[] = [
  target({ name: 'stream', codes: STREAM_CODES, decode: readStream }),
  target({ name: 'records', codes: STREAM_CODES, decode: (bytes) => readStream(reseal(bytes)) }),
  target({
    name: 'nvlist',
    codes: ['NVLIST_MALFORMED'],
    decode: (bytes) => decodeNvList(bytes).list,
    encode: encodeXdrNvList,
  }),
  target({
    name: 'token',
    codes: ['TOKEN_MALFORMED'],
    decode: (bytes) => decodeResumeToken(Buffer.from(bytes).toString('latin1')),
    encode: encodeToken,
  }),
  target({
    name: 'token-list',
    codes: ['TOKEN_MALFORMED'],
    decode: (bytes) => decodeResumeToken(tokenAround(bytes)),
  }),
  target({ name: 'segment', decode: readSegment }),
  target({ name: 'announce-clear', decode: decodeAnnounceClear, encode: encodeAnnounceClear }),
  target({ name: 'announce', decode: decodeAnnouncement }),
  target({ name: 'join-clear', decode: decodeJoinClear, encode: encodeJoinClear }),
  target({ name: 'join', decode: decodeJoin }),
  target({ name: 'status', decode: readStatus }),
  target({ name: 'end', decode: decodeEnd, encode: encodeEnd }),
  target({ name: 'abort', decode: decodeAbort }),
  target({ name: 'probe', decode: decodeProbe }),
  target({ name: 'v0', decode: readV0, aliases: true }),
];
