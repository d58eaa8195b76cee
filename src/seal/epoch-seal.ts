// Seals and opens the records of a whole transfer: the key changes every 2^20 records, and the one before is wiped as
// soon as no record can need it. What a sealer has sealed it never seals again: repeats send stored ciphertext.
import type { Memory } from '../sys/memory.ts';
import { bestImplementation, type SealImplementation } from './implementation.ts';
import { createOpener, createSealer, type RecordOpener, type RecordSealer } from './record-seal.ts';
import { type DataKeys, EPOCH_RECORDS, nextEpoch, wipeKey } from './session-keys.ts';

const RECORDS_END = 2 ** 48;

class EpochSealer implements RecordSealer {
  readonly #make: (keys: DataKeys) => RecordSealer;
  #keys: DataKeys;
  #inner: RecordSealer;
  #epochEnd: number = EPOCH_RECORDS;
  #next = 0;

  constructor(keys: DataKeys, make: (keys: DataKeys) => RecordSealer) {
    this.#make = make;
    this.#keys = keys;
    this.#inner = make(keys);
  }

  seal(
    record: number,
    last: boolean,
    plain: Memory,
    plainAt: number,
    plainBytes: number,
    out: Memory,
    outAt: number,
  ): void {
    // The invariant that everything rests on: no nonce twice under one key.
    if (record < this.#next || record >= RECORDS_END) throw new RangeError(`record ${record} is not sealed`);
    this.#next = record + 1;
    while (record >= this.#epochEnd) this.#advance();
    this.#inner.seal(record, last, plain, plainAt, plainBytes, out, outAt);
  }

  #advance(): void {
    const keys = nextEpoch(this.#keys);
    this[Symbol.dispose]();
    this.#keys = keys;
    this.#inner = this.#make(keys);
    this.#epochEnd += EPOCH_RECORDS;
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
    wipeKey(this.#keys);
  }
}

class EpochOpener implements RecordOpener {
  readonly #make: (keys: DataKeys) => RecordOpener;
  #keys: DataKeys;
  #epochStart = 0;
  #newest: RecordOpener;
  /** Of the epoch before: records overtake each other, by less than an epoch. */
  #previous: RecordOpener | undefined;
  #chosen: RecordOpener | undefined;

  constructor(keys: DataKeys, make: (keys: DataKeys) => RecordOpener) {
    this.#make = make;
    this.#keys = keys;
    this.#newest = make(keys);
  }

  begin(record: number, recordBytes: number, last: boolean): void {
    this.#chosen = this.#choose(record);
    this.#chosen?.begin(record, recordBytes, last);
  }

  #choose(record: number): RecordOpener | undefined {
    const ahead = record - this.#epochStart;
    if (ahead < 0) return ahead >= -EPOCH_RECORDS ? this.#previous : undefined;
    if (ahead < EPOCH_RECORDS) return this.#newest;
    // Record numbers are not authentic yet: credit lets none in that is more than one epoch ahead.
    if (ahead >= 2 * EPOCH_RECORDS) return undefined;
    const keys = nextEpoch(this.#keys);
    wipeKey(this.#keys);
    this.#previous?.[Symbol.dispose]();
    this.#previous = this.#newest;
    this.#keys = keys;
    this.#newest = this.#make(keys);
    this.#epochStart += EPOCH_RECORDS;
    return this.#newest;
  }

  update(out: Memory, outAt: number, sealed: Memory, sealedAt: number, bytes: number): void {
    this.#chosen?.update(out, outAt, sealed, sealedAt, bytes);
  }

  finish(tag: Memory, tagAt: number): boolean {
    return this.#chosen?.finish(tag, tagAt) ?? false;
  }

  [Symbol.dispose](): void {
    this.#newest[Symbol.dispose]();
    this.#previous?.[Symbol.dispose]();
    wipeKey(this.#keys);
  }
}

/** Takes the keys over and wipes them. Records are sealed in ascending order; another is a RangeError. */
export function createEpochSealer(
  keys: DataKeys,
  transferIdHigh: number,
  transferIdLow: number,
  implementation: SealImplementation = bestImplementation(keys.cipher),
): RecordSealer {
  return new EpochSealer(keys, (epoch) => createSealer(epoch, transferIdHigh, transferIdLow, implementation));
}

/** Takes the keys over and wipes them. Opens records of the newest epoch seen, the one before, and the next. */
export function createEpochOpener(
  keys: DataKeys,
  transferIdHigh: number,
  transferIdLow: number,
  implementation: SealImplementation = bestImplementation(keys.cipher),
): RecordOpener {
  return new EpochOpener(keys, (epoch) => createOpener(epoch, transferIdHigh, transferIdLow, implementation));
}
