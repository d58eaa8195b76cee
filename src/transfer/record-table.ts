// The receiver's side of the window: which records are here, in part or whole, and what to ask for. Pure.
//
// Records lie in a table by number modulo its size. A record is absent, partial (some segments are in its slot), or
// complete (authenticated). `cumulative` runs over complete records in order.
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import { LIMITS } from '../wire/limits.ts';
import type { Status } from '../wire/status.ts';

/** A gap must be this old before it is reported: frames of several queues overtake each other. */
export const GAP_MS = 0.5;
const NO_SLOT = -1;

const ABSENT = 0;
const PARTIAL = 1;
const COMPLETE = 2;

export class RecordTable {
  /** All records below are authenticated and held. */
  cumulative = 0;
  /** Highest record seen, plus 1. */
  highest: number = WIDE_ZERO;
  readonly capacity: number;
  readonly #mask: number;
  readonly #state: Uint8Array;
  readonly #slot: Int32Array;
  readonly #plainBytes: Uint32Array;
  readonly #gotLow: Uint32Array;
  readonly #gotHigh: Uint32Array;
  readonly #gotCount: Uint8Array;
  readonly #recordBytes: Uint32Array;
  readonly #noticedAtMs: Float64Array;

  /** `capacity`: a power of two, at least the records that credit may cover. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.highest = 0;
    this.#mask = capacity - 1;
    this.#state = new Uint8Array(capacity);
    this.#slot = new Int32Array(capacity).fill(NO_SLOT);
    this.#plainBytes = new Uint32Array(capacity);
    this.#gotLow = new Uint32Array(capacity);
    this.#gotHigh = new Uint32Array(capacity);
    this.#gotCount = new Uint8Array(capacity);
    this.#recordBytes = new Uint32Array(capacity);
    this.#noticedAtMs = new Float64Array(capacity);
  }

  /** Whether a record is wanted: not here already, and within the table. */
  wants(record: number): boolean {
    return (
      record >= this.cumulative &&
      record < this.cumulative + this.capacity - 1 &&
      this.#state[record & this.#mask] !== COMPLETE
    );
  }

  /** Something of this record arrived: gaps below it begin to age. */
  notice(record: number, nowMs: number): void {
    if (record < this.highest) return;
    for (let gap = Math.max(this.highest, record - this.capacity); gap <= record; gap++) {
      this.#noticedAtMs[gap & this.#mask] = nowMs;
    }
    this.highest = record + 1;
  }

  isPartial(record: number): boolean {
    return this.#state[record & this.#mask] === PARTIAL;
  }

  /** Opens an absent record for single segments in a slot of the pool. */
  begin(record: number, slot: number, recordBytes: number): void {
    const place = record & this.#mask;
    this.#state[place] = PARTIAL;
    this.#slot[place] = slot;
    this.#recordBytes[place] = recordBytes;
    this.#gotLow[place] = 0;
    this.#gotHigh[place] = 0;
    this.#gotCount[place] = 0;
  }

  slot(record: number): number {
    return this.#slot[record & this.#mask] ?? NO_SLOT;
  }

  recordBytes(record: number): number {
    return this.#recordBytes[record & this.#mask] ?? 0;
  }

  plainBytes(record: number): number {
    return this.#plainBytes[record & this.#mask] ?? 0;
  }

  /** Marks a segment of a partial record; false when it was there already. */
  addSegment(record: number, segment: number): boolean {
    const place = record & this.#mask;
    const map = segment < 32 ? this.#gotLow : this.#gotHigh;
    const bit = 1 << (segment & 31);
    const got = map[place] ?? 0;
    if ((got & bit) !== 0) return false;
    map[place] = got | bit;
    this.#gotCount[place] = (this.#gotCount[place] ?? 0) + 1;
    return true;
  }

  segmentsHere(record: number): number {
    return this.#gotCount[record & this.#mask] ?? 0;
  }

  /** The record is authenticated and lies in `slot`. */
  complete(record: number, slot: number, plainBytes: number): void {
    const place = record & this.#mask;
    this.#state[place] = COMPLETE;
    this.#slot[place] = slot;
    this.#plainBytes[place] = plainBytes;
  }

  /** The record failed its check or is given up: as if nothing of it had come. Returns its slot, or -1. */
  forget(record: number): number {
    const place = record & this.#mask;
    const slot = this.#state[place] === ABSENT ? NO_SLOT : (this.#slot[place] ?? NO_SLOT);
    this.#state[place] = ABSENT;
    this.#slot[place] = NO_SLOT;
    return slot;
  }

  /** If the next record in order is complete, passes it and returns true; it keeps its slot until `forget`. */
  advance(): boolean {
    if (this.#state[this.cumulative & this.#mask] !== COMPLETE || this.cumulative >= this.highest)
      return false;
    this.cumulative++;
    return true;
  }

  /** A delivered record's place in the table becomes free. */
  clear(record: number): void {
    const place = record & this.#mask;
    this.#state[place] = ABSENT;
    this.#slot[place] = NO_SLOT;
  }

  hasGaps(): boolean {
    return this.cumulative < this.highest;
  }

  /** Fills a status' entries with what is missing and old enough, oldest first. Returns how many. */
  listMissing(status: Status, nowMs: number, minAgeMs: number = GAP_MS): number {
    let count = 0;
    for (let record = this.cumulative; record < this.highest && count < LIMITS.statusEntries; record++) {
      const place = record & this.#mask;
      const state = this.#state[place];
      if (state === COMPLETE || nowMs - (this.#noticedAtMs[place] ?? 0) < minAgeMs) continue;
      const partial = state === PARTIAL;
      status.entryRecords[count] = record;
      status.entryMissingLow[count] = partial ? ~(this.#gotLow[place] ?? 0) : 0xffff_ffff;
      status.entryMissingHigh[count] = partial ? ~(this.#gotHigh[place] ?? 0) : 0xffff_ffff;
      count++;
    }
    status.entryCount = count;
    return count;
  }

  /** Records below `end` that are not here, as ranges for people, at most `most` of them. */
  missingRanges(end: number, most: number): { readonly ranges: string[]; readonly records: number } {
    const ranges: string[] = [];
    let records = 0;
    let start = -1;
    const limit = Math.min(end, this.cumulative + this.capacity);
    for (let record = this.cumulative; record <= limit; record++) {
      const missing =
        record < limit && !(record < this.highest && this.#state[record & this.#mask] === COMPLETE);
      if (missing) {
        records++;
        if (start < 0) start = record;
      } else if (start >= 0) {
        if (ranges.length < most) ranges.push(start === record - 1 ? `${start}` : `${start}-${record - 1}`);
        start = -1;
      }
    }
    return { ranges, records: records + Math.max(0, end - limit) };
  }

  /** Every slot the table holds, for giving the pool back. */
  *slots(): Generator<number> {
    for (let place = 0; place < this.capacity; place++) {
      const slot = this.#slot[place] ?? NO_SLOT;
      if (this.#state[place] !== ABSENT && slot !== NO_SLOT) yield slot;
    }
  }
}
