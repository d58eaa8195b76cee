// What a send stream holds, added up: per substream and for the whole.
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import { compressionName } from './feature.ts';
import type { RecordType } from './record-layout.ts';
import type { StreamBegin, StreamRecord } from './stream-record.ts';

export interface RecordCount {
  readonly records: number;
  readonly payloadBytes: number;
}

/** Blocks of one compression: what they are, and what they take in the stream. */
export interface CompressionCount {
  readonly blocks: number;
  readonly logicalBytes: number;
  readonly payloadBytes: number;
}

/** How many checksums of records fitted, and how many were left out by the sender. */
export interface ChecksumCount {
  readonly verified: number;
  readonly absent: number;
}

/** A substream, or the head of a package. */
export interface SubstreamSummary {
  readonly begin: StreamBegin;
  /** Of all types that there were. */
  readonly records: Readonly<Partial<Record<RecordType, RecordCount>>>;
  /** WRITE, SPILL and WRITE_EMBEDDED by the name of their compression; `none` for those without. */
  readonly compression: Readonly<Record<string, CompressionCount>>;
  readonly checksums: ChecksumCount;
  /** Headers and payloads. */
  readonly bytes: number;
  /** False when the stream ended before the END. */
  readonly complete: boolean;
}

/** Kinds that people know streams by, the main one first: `full`, `incremental` or `clone`, or `package`. */
export function streamKinds(begin: StreamBegin): readonly string[] {
  if (begin.kind === 'package') return ['package'];
  const origin = begin.flags.includes('clone') ? 'clone' : 'incremental';
  const main = begin.fromGuid === undefined ? 'full' : origin;
  const others = [
    begin.features.includes('resuming') ? 'resumed' : '',
    begin.features.includes('raw') ? 'raw' : '',
    begin.features.includes('redacted') ? 'redacted' : '',
  ];
  return [main, ...others.filter((kind) => kind !== '')];
}

const RECORD_BYTES = 312;

interface Blocks {
  readonly compression: number;
  readonly logicalBytes: number;
}

/** The block that a record brings, if it brings one. */
function blocksOf(record: StreamRecord): Blocks | undefined {
  switch (record.type) {
    case 'WRITE': {
      const { compression, logicalBytes } = record.fields;
      return { compression, logicalBytes: Number(logicalBytes) };
    }
    case 'SPILL': {
      const { compression, length } = record.fields;
      return { compression, logicalBytes: Number(length) };
    }
    case 'WRITE_EMBEDDED': {
      const { compression, logicalBytes } = record.fields;
      return { compression, logicalBytes };
    }
    default:
      return undefined;
  }
}

/** Adds the records of one stream up. Holds figures only: its memory does not grow with the stream. */
export class StreamSummary {
  #begin: StreamBegin | undefined;
  #records: Partial<Record<RecordType, RecordCount>> = {};
  #compression: Record<string, CompressionCount> = {};
  #checksums: ChecksumCount = { verified: 0, absent: 0 };
  #bytes = WIDE_ZERO;
  #total: ChecksumCount = { verified: 0, absent: 0 };
  #substreams = 0;

  /** Of the whole stream so far. */
  get checksums(): ChecksumCount {
    return this.#total;
  }

  /** Substreams that have ended, heads of packages left out. */
  get substreams(): number {
    return this.#substreams;
  }

  /** Returns the summary of the substream, or of the head of the package, that this record ends. */
  add(record: StreamRecord): SubstreamSummary | undefined {
    if (record.type === 'BEGIN') this.#reset(record.begin);
    const { type, payloadBytes } = record;
    const before = this.#records[type] ?? { records: 0, payloadBytes: 0 };
    this.#records[type] = {
      records: before.records + 1,
      payloadBytes: before.payloadBytes + payloadBytes,
    };
    this.#bytes += RECORD_BYTES + payloadBytes;
    const blocks = blocksOf(record);
    if (blocks !== undefined) this.#addBlocks(blocks, payloadBytes);
    if (record.checksum !== 'pending') {
      this.#checksums = oneMore(this.#checksums, record.checksum);
      this.#total = oneMore(this.#total, record.checksum);
    }
    return record.type === 'END' ? this.#finish(true) : undefined;
  }

  /** The substream that a saved or damaged stream ended in, if it was in one. */
  incomplete(): SubstreamSummary | undefined {
    return this.#finish(false);
  }

  #reset(begin: StreamBegin): void {
    this.#begin = begin;
    this.#records = {};
    this.#compression = {};
    this.#checksums = { verified: 0, absent: 0 };
    this.#bytes = 0;
  }

  #addBlocks({ compression, logicalBytes }: Blocks, payloadBytes: number): void {
    const name = compressionName(compression);
    const before = this.#compression[name] ?? { blocks: 0, logicalBytes: 0, payloadBytes: 0 };
    this.#compression[name] = {
      blocks: before.blocks + 1,
      logicalBytes: before.logicalBytes + logicalBytes,
      payloadBytes: before.payloadBytes + payloadBytes,
    };
  }

  #finish(complete: boolean): SubstreamSummary | undefined {
    const begin = this.#begin;
    if (begin === undefined) return undefined; // the END of a package
    this.#begin = undefined;
    if (begin.kind === 'substream') this.#substreams += 1;
    return {
      begin,
      records: this.#records,
      compression: this.#compression,
      checksums: this.#checksums,
      bytes: this.#bytes,
      complete,
    };
  }
}

function oneMore(count: ChecksumCount, which: 'verified' | 'absent'): ChecksumCount {
  return { ...count, [which]: count[which] + 1 };
}
