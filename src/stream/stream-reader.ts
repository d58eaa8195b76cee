// Reads a ZFS send stream piece by piece: records, their order, and every checksum. Mirrors receive_read_record in
// module/zfs/dmu_recv.c and the packages of lib/libzfs/libzfs_sendrecv.c.
//
//   plain stream:  BEGIN record* END
//   package:       BEGIN(package) END  (BEGIN record* END)*  END
//
// A fletcher4 runs from each BEGIN over headers and payloads. A record holds the sum of everything before the last 32
// bytes of its header, and END also that of everything before END: so a record that fits proves all before it.
import type { ErrorCode } from '../bytes/error-codes.ts';
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import { featuresOf, type StreamFeature } from './feature.ts';
import { type ChecksumWords, Fletcher4, isZeroChecksum, sameChecksum } from './fletcher4.ts';
import { STREAM_LIMITS } from './limits.ts';
import { checkRecord, type SubstreamRules } from './record-check.ts';
import {
  CHECKSUM_AT,
  decodeFields,
  MAGIC,
  MAGIC_AT,
  readChecksum,
  RECORD_BYTES,
  RECORD_TYPES,
  type RecordType,
} from './record-layout.ts';
import {
  BeginRecord,
  featureFlagsOf,
  headerTypeOf,
  RecordOf,
  type RecordPlace,
  type StreamRecord,
} from './stream-record.ts';

export interface StreamReaderOptions {
  /**
   * Take a stream without END that stops between two records, as `zfs send --saved` makes it. The payload of its last
   * record is not covered by any checksum. Default false: STREAM_TRUNCATED.
   */
  readonly partial?: boolean;
}

/** What a stream came to. */
export interface StreamEnd {
  readonly bytes: number;
  readonly records: number;
  /** False only with `partial`. */
  readonly complete: boolean;
}

/** Where in the stream the next record stands. */
type State = 'start' | 'package head' | 'between substreams' | 'substream' | 'end';

const HINTS: Partial<Record<ErrorCode, string>> = {
  STREAM_CHECKSUM: 'The bytes before this were changed on their way or on their disk. Send the stream again.',
  STREAM_FOREIGN: 'A stream of zfs send is wanted. Is it compressed, or the output of another program?',
  STREAM_UNSUPPORTED: 'Use a newer zwire, or a stream without that feature.',
  STREAM_TRUNCATED: 'It was cut off, or saved by zfs send --saved. Send it again, or resume it.',
};

/** A BEGIN whose nvlist is still to come. */
interface PendingBegin {
  readonly place: RecordPlace;
  /** Of the nvlist what has come, with room for more. */
  payload: Uint8Array;
}

function rulesOf(features: readonly StreamFeature[]): SubstreamRules {
  return {
    raw: features.includes('raw'),
    largeBlocks: features.includes('large_blocks'),
    largeDnodes: features.includes('large_dnode'),
    embedded: features.includes('embed_data'),
    redacted: features.includes('redacted'),
    deduplicated: features.includes('dedup'),
  };
}

/** Memory grows with what comes, not with the length that was stated. */
function keepPayload(begin: PendingBegin, piece: Uint8Array, stillToCome: number): void {
  const at = begin.place.payloadBytes - stillToCome - piece.length;
  const needed = at + piece.length;
  if (needed > begin.payload.length) {
    const grown = new Uint8Array(Math.min(begin.place.payloadBytes, Math.max(needed, 2 * at)));
    grown.set(begin.payload);
    begin.payload = grown;
  }
  begin.payload.set(piece, at);
}

const EMPTY = new Uint8Array(0);
const SLAB_RECORDS = 64;

/**
 * Takes a stream in pieces of any size, cut anywhere, and hands out each record as soon as its header is complete and
 * verified; BEGIN when its nvlist is. Payloads are summed and skipped, so that memory does not grow with the stream:
 * one header, and the nvlist of a BEGIN (STREAM_LIMITS).
 *
 *     const reader = new StreamReader();
 *     for await (const chunk of source) for (const record of reader.read(chunk)) console.log(record.type);
 *     const { records } = reader.finish();
 *
 * Errors are ZwireErrors: STREAM_FOREIGN, STREAM_MALFORMED, STREAM_LIMIT, STREAM_UNSUPPORTED, STREAM_CHECKSUM,
 * NVLIST_MALFORMED, with fields `record` (the first is 1) and `offset` (byte of the stream). After one, the reader
 * throws the same at every call.
 */
export class StreamReader {
  readonly #partial: boolean;
  readonly #header = new Uint8Array(RECORD_BYTES);
  readonly #view: DataView = new DataView(this.#header.buffer);
  #headerBytes = 0;
  #slab: Uint8Array = EMPTY;
  #slabBytes = 0;
  #littleEndian = true;
  #sum = new Fletcher4(true);
  #state: State = 'start';
  #inPackage = false;
  #rules: SubstreamRules = rulesOf([]);
  #offset = WIDE_ZERO;
  #records = 0;
  #payloadLeft = 0;
  #begin: PendingBegin | undefined;
  #verifiedOffset = WIDE_ZERO;
  #error: ZwireError | undefined;
  #reading = false;

  constructor(options: StreamReaderOptions = {}) {
    this.#partial = options.partial ?? false;
    this.#offset = 0;
    this.#verifiedOffset = 0;
  }

  /** Bytes taken. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Bytes before this belong to records that were handed out. While a record is handed out, its own `offset` is the
   * point up to which a gate may have let the stream pass; between two calls of `read` this is.
   */
  get announcedOffset(): number {
    return this.#begin?.place.offset ?? this.#offset - this.#headerBytes;
  }

  /** Bytes before this are proven by a checksum to be what was sent. */
  get verifiedOffset(): number {
    return this.#verifiedOffset;
  }

  /** True when the END of the stream has been handed out. */
  get ended(): boolean {
    return this.#state === 'end';
  }

  /**
   * The records that begin in `chunk`. Works as it is iterated, so it must be iterated to its end before the next
   * call, and `chunk` must not change until then. Nothing of `chunk` is kept.
   */
  *read(chunk: Uint8Array): Generator<StreamRecord, void, void> {
    if (this.#error !== undefined) throw this.#error;
    if (this.#reading) throw new Error('the records of the last chunk have not all been taken');
    this.#reading = true;
    let at = 0;
    while (at < chunk.length) {
      const before = this.#offset;
      const record = this.#payloadLeft > 0 ? this.#takePayload(chunk, at) : this.#takeHeader(chunk, at);
      at += this.#offset - before;
      if (record !== undefined) yield record;
    }
    this.#reading = false;
  }

  /** Says that the stream is over. @throws ZwireError STREAM_TRUNCATED, STREAM_FOREIGN */
  finish(): StreamEnd {
    if (this.#error !== undefined) throw this.#error;
    const betweenRecords = this.#headerBytes === 0 && this.#payloadLeft === 0 && this.#state !== 'start';
    const complete = this.#state === 'end';
    if (!complete && !(this.#partial && betweenRecords)) this.#refuseTruncated(betweenRecords);
    return { bytes: this.#offset, records: this.#records, complete };
  }

  #refuseTruncated(betweenRecords: boolean): never {
    if (this.#offset === 0) this.#fail('STREAM_FOREIGN', 'the stream is empty');
    if (this.#state === 'start') this.#fail('STREAM_FOREIGN', `${this.#offset} bytes are not a send stream`);
    const where = betweenRecords
      ? `after record ${this.#records}, without an END`
      : this.#payloadLeft > 0
        ? `in the payload of record ${this.#records}, ${this.#payloadLeft} bytes before its end`
        : `in the header of record ${this.#records + 1}`;
    return this.#fail('STREAM_TRUNCATED', `the stream ends at byte ${this.#offset} ${where}`);
  }

  #takeHeader(chunk: Uint8Array, at: number): StreamRecord | undefined {
    if (this.#state === 'end') this.#fail('STREAM_MALFORMED', `bytes follow the end of the stream`);
    const taken = Math.min(RECORD_BYTES - this.#headerBytes, chunk.length - at);
    this.#header.set(chunk.subarray(at, at + taken), this.#headerBytes);
    this.#headerBytes += taken;
    this.#offset += taken;
    if (this.#headerBytes < RECORD_BYTES) return undefined;
    this.#headerBytes = 0;
    this.#records += 1;
    if (this.#state === 'start') this.#detectByteOrder();
    const type = RECORD_TYPES[this.#view.getUint32(0, this.#littleEndian)];
    return type === 'BEGIN' && this.#hasMagic() ? this.#takeBegin() : this.#takeOther(type);
  }

  #detectByteOrder(): void {
    this.#littleEndian = this.#view.getBigUint64(MAGIC_AT, true) === MAGIC;
    const isBegin = this.#view.getUint32(0, this.#littleEndian) === 0;
    if (!isBegin || !this.#hasMagic())
      this.#fail('STREAM_FOREIGN', 'this is not a send stream: it does not start with a BEGIN record');
    this.#sum = new Fletcher4(this.#littleEndian);
  }

  #hasMagic(): boolean {
    return this.#view.getBigUint64(MAGIC_AT, this.#littleEndian) === MAGIC;
  }

  #takeBegin(): StreamRecord | undefined {
    const fields = decodeFields('BEGIN', this.#header, this.#littleEndian);
    const headerType = headerTypeOf(fields.versionInfo);
    const features = featuresOf(featureFlagsOf(fields.versionInfo));
    const isPackage = headerType === 2n;
    if (this.#state === 'substream' || this.#state === 'package head')
      this.#refuse('BEGIN', 'STREAM_MALFORMED', 'begins before the END of what began earlier');
    if ((headerType !== 1n && !isPackage) || (isPackage && this.#state !== 'start'))
      this.#refuse('BEGIN', 'STREAM_MALFORMED', `a header of type ${headerType} does not belong here`);
    if (features.unknown !== 0n)
      this.#refuse('BEGIN', 'STREAM_UNSUPPORTED', `unknown feature flags 0x${features.unknown.toString(16)}`);
    if (!fields.toName.includes('@'))
      this.#refuse('BEGIN', 'STREAM_MALFORMED', 'the name is not that of a snapshot');
    const payloadBytes = this.#beginPayloadBytes(isPackage);
    this.#state = isPackage ? 'package head' : 'substream';
    this.#inPackage ||= isPackage;
    this.#rules = rulesOf(features.known);
    this.#sum.reset();
    this.#sum.update(this.#header);
    const place = this.#place(payloadBytes, 'pending');
    this.#payloadLeft = payloadBytes;
    if (payloadBytes === 0) return new BeginRecord(place, this.#copyHeader(), this.#littleEndian, EMPTY);
    this.#begin = { place, payload: EMPTY };
    return undefined;
  }

  #beginPayloadBytes(isPackage: boolean): number {
    const bytes = this.#view.getUint32(4, this.#littleEndian);
    const bytesMax = isPackage ? STREAM_LIMITS.packageBytes : STREAM_LIMITS.substreamBytes;
    if (bytes > bytesMax)
      this.#refuse('BEGIN', 'STREAM_LIMIT', `an nvlist of ${bytes} bytes (at most ${bytesMax})`);
    if (bytes % 4 !== 0)
      this.#refuse('BEGIN', 'STREAM_MALFORMED', `an nvlist of ${bytes} bytes, which is no multiple of 4`);
    return bytes;
  }

  /** A record that is no BEGIN, or claims to be one without its magic number. */
  #takeOther(type: RecordType | undefined): StreamRecord {
    // What END states is the sum before it.
    const before = type === 'END' ? this.#sum.words() : undefined;
    const checksum = this.#verifyHeader(type);
    if (type === undefined || type === 'BEGIN') {
      const number = this.#view.getUint32(0, this.#littleEndian);
      const what = type === undefined ? `unknown record type ${number}` : 'a BEGIN without its magic number';
      return this.#refuse(type, 'STREAM_MALFORMED', what);
    }
    if (this.#state !== 'substream' && type !== 'END')
      this.#refuse(type, 'STREAM_MALFORMED', `stands outside of a substream`);
    const payloadBytes = checkRecord(type, this.#view, this.#littleEndian, this.#rules, (code, what) =>
      this.#refuse(type, code, what),
    );
    if (before !== undefined) this.#endSubstream(before);
    this.#payloadLeft = payloadBytes;
    const place = this.#place(payloadBytes, checksum);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a union over `type`, which is not known here
    return new RecordOf(type, place, this.#copyHeader(), this.#littleEndian) as StreamRecord;
  }

  #verifyHeader(type: RecordType | undefined): 'verified' | 'absent' {
    this.#sum.update(this.#header.subarray(0, CHECKSUM_AT));
    const stated = readChecksum(this.#view, CHECKSUM_AT, this.#littleEndian);
    const absent = isZeroChecksum(stated);
    if (!absent && !sameChecksum(stated, this.#sum.words())) this.#refuseChecksum(type, 'the checksum');
    this.#sum.update(this.#header.subarray(CHECKSUM_AT));
    if (absent) return 'absent';
    this.#verifiedOffset = this.#offset;
    return 'verified';
  }

  #endSubstream(before: ChecksumWords): void {
    if (!sameChecksum(readChecksum(this.#view, 8, this.#littleEndian), before))
      this.#refuseChecksum('END', 'the checksum over the whole substream');
    this.#verifiedOffset = this.#offset;
    const isLast = this.#state === 'between substreams' || !this.#inPackage;
    this.#state = isLast ? 'end' : 'between substreams';
    this.#sum.reset();
  }

  #takePayload(chunk: Uint8Array, at: number): StreamRecord | undefined {
    const piece = chunk.subarray(at, at + Math.min(this.#payloadLeft, chunk.length - at));
    this.#sum.update(piece);
    this.#offset += piece.length;
    this.#payloadLeft -= piece.length;
    if (this.#begin !== undefined) keepPayload(this.#begin, piece, this.#payloadLeft);
    if (this.#payloadLeft > 0) return undefined;
    this.#sum.endBlock();
    return this.#begin === undefined ? undefined : this.#finishBegin(this.#begin);
  }

  #finishBegin({ place, payload }: PendingBegin): StreamRecord {
    try {
      const record = new BeginRecord(place, this.#copyHeader(), this.#littleEndian, payload);
      this.#begin = undefined;
      return record;
    } catch (error) {
      if (!(error instanceof ZwireError)) throw error;
      const offset = place.offset + RECORD_BYTES + Number(error.fields['offset']);
      const what = `the nvlist is malformed at byte ${offset}: ${error.fields['what']}`;
      return this.#fail(error.code, `record ${this.#records} (BEGIN): ${what}`, offset);
    }
  }

  /** Headers are copied into memory that is taken for many at once: a piece for each costs more than the rest. */
  #copyHeader(): Uint8Array {
    if (this.#slabBytes === this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_RECORDS * RECORD_BYTES);
      this.#slabBytes = 0;
    }
    const copy = this.#slab.subarray(this.#slabBytes, this.#slabBytes + RECORD_BYTES);
    copy.set(this.#header);
    this.#slabBytes += RECORD_BYTES;
    return copy;
  }

  #place(payloadBytes: number, checksum: RecordPlace['checksum']): RecordPlace {
    return { number: this.#records, offset: this.#offset - RECORD_BYTES, payloadBytes, checksum };
  }

  #refuseChecksum(type: RecordType | undefined, which: string): never {
    const range = `the damage lies between bytes ${this.#verifiedOffset} and ${this.#offset}`;
    return this.#refuse(type, 'STREAM_CHECKSUM', `${which} does not fit: ${range}`);
  }

  /** Refuses the record whose header has just been taken. */
  #refuse(type: RecordType | undefined, code: ErrorCode, what: string): never {
    const offset = this.#offset - RECORD_BYTES;
    const name = type === undefined ? '' : ` (${type})`;
    return this.#fail(code, `record ${this.#records}${name} at byte ${offset}: ${what}`, offset);
  }

  #fail(code: ErrorCode, message: string, offset: number = this.#offset): never {
    const hint = HINTS[code];
    this.#error = new ZwireError(code, message, {
      fields: { record: Math.max(1, this.#records), offset, verifiedBytes: this.#verifiedOffset },
      ...(hint === undefined ? {} : { hint }),
    });
    throw this.#error;
  }
}
