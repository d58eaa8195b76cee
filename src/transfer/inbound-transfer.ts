// The receiver's side of one transfer, inside the receiving worker: reassembles, opens, orders and hands records to
// the writer; says what it has (STATUS); decides when everything is verified.
//
//   deciding -> receiving -> draining -> committed | failed        (ended: answers for a while, then forgotten)
//      \-> refused   any -> aborting (told the main thread; waits until the sink is cleaned up) -> failed
//
// The newest record in order that has bytes is held back until the next one is authentic, and the very last until END has
// proved count, length and digest: a cut or spliced stream is never complete in the sink.
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import type { Peer } from '../link/frame-source.ts';
import { createEpochOpener } from '../seal/epoch-seal.ts';
import type { TransferId } from '../seal/handshake.ts';
import { type RecordOpener } from '../seal/record-seal.ts';
import { TAG_BYTES } from '../sys/aead-context.ts';
import * as libc from '../sys/libc.ts';
import type { Memory } from '../sys/memory.ts';
import { activityNumbers } from '../trace/activity.ts';
import type { Announcement } from '../wire/announce.ts';
import type { End } from '../wire/end.ts';
import { type Geometry, fitsGeometry, geometryForSegment } from '../wire/geometry.ts';
import { FLAG_LAST, SEGMENT_HEADER_BYTES, SEGMENT_OFFSETS, type SegmentHeader } from '../wire/segment.ts';
import type { ControlChannel } from './control-channel.ts';
import { Counters } from './counters.ts';
import type { CreditPool } from './credit-pool.ts';
import type { KeyedVisitor, Visitor } from './doorkeeper.ts';
import { RecordTable } from './record-table.ts';
import { Allowance, type TransferLimits } from './sender-limits.ts';
import { SLOT_BYTES, type SlotPool } from './slot-pool.ts';
import type { Failure } from './worker-message.ts';
import type { InboundTrace } from './worker-trace.ts';
import type { WriteQueue } from './write-queue.ts';
import { TagChain, copyTag } from './tag-chain.ts';

const TABLE_RECORDS = 4096;
/** One-way: how long after END what is missing may still arrive out of order. */
const ONE_WAY_GRACE_MS = 200;
const RANGES_SHOWN = 5;

/** What a trace calls what is done here. */
const DOES = activityNumbers('receiver');

export type InboundState = 'deciding' | 'receiving' | 'draining' | 'aborting' | 'committed' | 'failed';

export interface InboundResult {
  readonly code: string;
  readonly text: string;
}

export class InboundTransfer {
  readonly id: string;
  readonly announcement: Announcement;
  readonly channel: ControlChannel;
  /** Undefined in the open suite. */
  readonly keyed: KeyedVisitor | undefined;
  readonly geometry: Geometry;
  readonly oneWay: boolean;
  readonly counters: Counters = new Counters();
  readonly table: RecordTable = new RecordTable(TABLE_RECORDS);
  /** Where answers go: the address of the newest authentic control message. */
  peer: Peer;
  state: InboundState = 'deciding';
  result: InboundResult = { code: '', text: '' };
  creditLimit = 0;
  /** All records below are in the sink. */
  delivered = 0;
  heardAtMs: number;
  endedAtMs: number = WIDE_ZERO;
  badRecords = 0;
  /** Frames with segments of this transfer. */
  frames = 0;
  /** Something changed since the last STATUS; records completed since. */
  dirty = false;
  freshRecords = 0;
  /** Time of the newest PROBE: answered, and still to be answered; 0 for none. */
  echoTimeUs: number = WIDE_ZERO;
  probeTimeUs: number = WIDE_ZERO;
  failure: Failure | undefined;

  readonly trace: InboundTrace | undefined;
  readonly #pool: SlotPool;
  readonly #credit: CreditPool;
  readonly #opener: RecordOpener;
  readonly #tags: TagChain = new TagChain();
  readonly #recordTags: DataView = new DataView(new ArrayBuffer(TABLE_RECORDS * TAG_BYTES));
  #queue: WriteQueue | undefined;
  #queuePosition = 0;
  #handedOver = 0;
  #bytes = WIDE_ZERO;
  #segments = 0;
  #repeats = 0;
  #lastRecord = -1;
  #lastRecords = 0;
  #end: End | undefined;
  #endAtMs = WIDE_ZERO;
  #verified = false;
  #allowance: Allowance | undefined;
  /** No credit beyond this record, for the sender's rate. */
  #promisedMax = Infinity;

  /** Owns the visitor's channel and keys. */
  constructor(
    id: string,
    transferId: TransferId,
    visitor: Visitor,
    peer: Peer,
    pool: SlotPool,
    credit: CreditPool,
    nowMs: number,
    trace?: InboundTrace,
  ) {
    const { announcement, channel, keyed, keys } = visitor;
    this.id = id;
    this.trace = trace;
    this.announcement = announcement;
    this.geometry = geometryForSegment(announcement.segmentPayloadBytes);
    this.oneWay = announcement.feedback === 'none';
    this.channel = channel;
    this.keyed = keyed;
    this.peer = peer;
    this.heardAtMs = nowMs;
    this.#bytes = 0;
    this.#pool = pool;
    this.#credit = credit;
    this.#opener = createEpochOpener(keys.data, transferId.transferIdHigh, transferId.transferIdLow);
    this.extendCredit();
  }

  get ended(): boolean {
    return this.state === 'committed' || this.state === 'failed';
  }

  /** The sink is open: what has been held for it may go. */
  accept(queue: WriteQueue, limits: TransferLimits | undefined, nowMs: number): void {
    if (limits !== undefined) {
      this.#allowance = new Allowance(limits, this.geometry.recordBytes, nowMs);
      // Nothing has been promised to anyone yet.
      if (!this.oneWay) this.creditLimit = Math.min(this.creditLimit, this.#allowance.ceiling(0, nowMs));
    }
    this.#queue = queue;
    this.#queuePosition = queue.tail;
    this.state = 'receiving';
    this.dirty = true;
    this.#handOver();
  }

  /** Promises whatever memory has become free. */
  extendCredit(): void {
    const more = this.#credit.grant(this.id, this.creditLimit - this.delivered);
    const ceiling = Math.min(this.delivered + TABLE_RECORDS - 2, this.#promisedMax);
    const limit = Math.min(this.creditLimit + more, ceiling);
    if (limit > this.creditLimit) {
      this.creditLimit = limit;
      this.dirty = true;
    }
  }

  /** Holds the transfer to its sender's limits; a failure when it is over them. */
  pace(nowMs: number): Failure | undefined {
    const allowance = this.#allowance;
    if (allowance === undefined) return undefined;
    if (!this.oneWay) this.#promisedMax = allowance.ceiling(this.table.cumulative, nowMs);
    this.extendCredit();
    return allowance.exceeded(this.#bytes, this.oneWay, nowMs);
  }

  // --- records

  /**
   * Takes DATA at `at` of a frame whose bytes end at `endAt`; `header` is decoded. Returns the bytes used: one segment,
   * or a whole record where the frame carries it in order (it is then opened straight from the frame).
   */
  onData(header: SegmentHeader, memory: Memory, at: number, endAt: number, nowMs: number): number {
    const segmentBytes = SEGMENT_HEADER_BYTES + header.payloadBytes;
    this.#segments++;
    const { record } = header;
    if (!fitsGeometry(header, this.geometry) || record >= this.creditLimit || !this.#isTaking()) {
      // A one-way sender knows no credit: beyond it our memory is full, and the segment is lost.
      this.counters.add(this.oneWay && record >= this.creditLimit ? 'drops' : 'rejected', 1);
      return segmentBytes;
    }
    if (!this.table.wants(record)) {
      this.#repeats++;
      return segmentBytes;
    }
    this.dirty = true;
    if (header.segmentIndex === 0 && !this.table.isPartial(record)) {
      const whole = header.recordBytes + header.segmentCount * SEGMENT_HEADER_BYTES;
      if (whole <= endAt - at && this.#isWholeRecord(header, memory, at)) {
        this.#openFromFrame(header, memory, at, nowMs);
        return whole;
      }
    }
    this.#addSegment(header, memory, at + SEGMENT_HEADER_BYTES, nowMs);
    return segmentBytes;
  }

  #isTaking(): boolean {
    return this.state === 'receiving' || (this.state === 'deciding' && this.oneWay);
  }

  /** Whether the segments behind the first are the rest of its record, in order, and the tag lies in one piece. */
  #isWholeRecord(header: SegmentHeader, memory: Memory, at: number): boolean {
    const { view } = memory;
    const { segmentCount, recordBytes } = header;
    const stride = this.geometry.segmentBytes;
    if (recordBytes - (segmentCount - 1) * this.geometry.segmentPayloadBytes < TAG_BYTES) return false;
    const start = view.getUint32(at);
    const low = view.getUint32(at + SEGMENT_OFFSETS.recordLow);
    for (let index = 1, next = at + stride; index < segmentCount; index++, next += stride) {
      const same =
        view.getUint32(next) === start &&
        view.getUint32(next + SEGMENT_OFFSETS.recordLow) === low &&
        view.getUint8(next + SEGMENT_OFFSETS.segmentIndex) === index;
      if (!same) return false;
    }
    return true;
  }

  #openFromFrame(header: SegmentHeader, memory: Memory, at: number, nowMs: number): void {
    const slot = this.#takeSlot();
    if (slot < 0) return;
    const { record, recordBytes, segmentCount } = header;
    this.#segments += segmentCount - 1;
    const payload = this.geometry.segmentPayloadBytes;
    const stride = this.geometry.segmentBytes;
    const out = this.#pool.memory;
    const outAt = slot * SLOT_BYTES;
    const last = (header.flags & FLAG_LAST) !== 0;
    this.trace?.activity.enter(DOES.check);
    this.#opener.begin(record, recordBytes, last);
    let from = at + SEGMENT_HEADER_BYTES;
    for (let index = 0; index < segmentCount - 1; index++, from += stride) {
      this.#opener.update(out, outAt + index * payload, memory, from, payload);
    }
    const before = (segmentCount - 1) * payload;
    const rest = recordBytes - before - TAG_BYTES;
    this.#opener.update(out, outAt + before, memory, from, rest);
    const authentic = this.#opener.finish(memory, from + rest);
    this.trace?.activity.enter(DOES['receive and reassemble']);
    if (!authentic) {
      this.#pool.give(slot);
      this.#spoiled();
      return;
    }
    this.#keepTag(record, memory, from + rest);
    this.#completed(record, slot, recordBytes - TAG_BYTES, last, nowMs);
  }

  #takeSlot(): number {
    const slot = this.#pool.take();
    // Credit is backed by the pool; only a one-way sender can overrun it.
    if (slot < 0) this.counters.add('drops', 1);
    return slot;
  }

  #addSegment(header: SegmentHeader, memory: Memory, payloadAt: number, nowMs: number): void {
    const { record, recordBytes } = header;
    if (!this.table.isPartial(record)) {
      const taken = this.#takeSlot();
      if (taken < 0) return;
      this.table.begin(record, taken, recordBytes);
    } else if (this.table.recordBytes(record) !== recordBytes) {
      // Segments of one record agree on its length, or one of them is forged. Nobody knows which: the newer one
      // stays, since the sender repeats what is missing and a forger may have been first.
      this.counters.add('rejected', 1);
      this.table.begin(record, this.table.slot(record), recordBytes);
    }
    if (!this.table.addSegment(record, header.segmentIndex)) {
      this.#repeats++;
      return;
    }
    const slot = this.table.slot(record);
    const outAt = slot * SLOT_BYTES;
    const placeAt = outAt + header.segmentIndex * this.geometry.segmentPayloadBytes;
    libc.memcpy(this.#pool.memory.address + placeAt, memory.address + payloadAt, header.payloadBytes);
    if (this.table.segmentsHere(record) < header.segmentCount) return;
    this.#openInPlace(record, slot, recordBytes, (header.flags & FLAG_LAST) !== 0, nowMs);
  }

  #openInPlace(record: number, slot: number, recordBytes: number, last: boolean, nowMs: number): void {
    const { memory } = this.#pool;
    const at = slot * SLOT_BYTES;
    const plainBytes = recordBytes - TAG_BYTES;
    this.trace?.activity.enter(DOES.check);
    this.#opener.begin(record, recordBytes, last);
    this.#opener.update(memory, at, memory, at, plainBytes);
    const authentic = this.#opener.finish(memory, at + plainBytes);
    this.trace?.activity.enter(DOES['receive and reassemble']);
    if (!authentic) {
      this.#pool.give(this.table.forget(record));
      this.#spoiled();
      return;
    }
    this.#keepTag(record, memory, at + plainBytes);
    this.#completed(record, slot, plainBytes, last, nowMs);
  }

  /** A record failed its check: damaged on the way, or one of its segments is forged. */
  #spoiled(): void {
    this.badRecords++;
    this.counters.add('rejected', 1);
  }

  #keepTag(record: number, memory: Memory, at: number): void {
    copyTag(memory.view, at, this.#recordTags, (record % TABLE_RECORDS) * TAG_BYTES);
  }

  #completed(record: number, slot: number, plainBytes: number, last: boolean, nowMs: number): void {
    // Only what is authentic counts as heard, and moves the highest record: a forged number would make us ask for what
    // never was.
    this.heardAtMs = nowMs;
    this.table.notice(record, nowMs);
    this.table.complete(record, slot, plainBytes);
    if (last) {
      this.#lastRecords++;
      this.#lastRecord = record;
    }
    this.freshRecords++;
    this.trace?.records.completed(record);
    this.#advance();
  }

  // --- order, digest, hand-over

  #advance(): void {
    let moved = false;
    while (this.table.advance()) {
      const record = this.table.cumulative - 1;
      this.#tags.append(this.#recordTags, (record % TABLE_RECORDS) * TAG_BYTES);
      this.#bytes += this.table.plainBytes(record);
      moved = true;
    }
    if (moved) this.#handOver();
  }

  #handOver(): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    const end = this.#verified ? this.table.cumulative : this.#newestWithBytes();
    if (this.#handedOver >= end) return;
    for (; this.#handedOver < end; this.#handedOver++) {
      const record = this.#handedOver;
      queue.push(this.table.slot(record), this.table.plainBytes(record));
      this.table.clear(record);
    }
    queue.wake();
  }

  /** Held back: behind an empty record, which many streams end with, the sink would have every byte of the stream. */
  #newestWithBytes(): number {
    let record = this.table.cumulative - 1;
    while (record > this.#handedOver && this.table.plainBytes(record) === 0) record--;
    return record;
  }

  /** Takes back the slots the writer is done with; more memory may mean more credit. */
  takeDelivered(): void {
    const queue = this.#queue;
    if (queue === undefined || this.ended) return;
    const { tail } = queue;
    if (tail === this.#queuePosition) return;
    while (this.#queuePosition !== tail) {
      this.#pool.give(queue.slotAt(this.#queuePosition));
      this.#queuePosition = queue.next(this.#queuePosition);
      this.delivered++;
    }
    this.trace?.records.delivered(this.delivered);
    this.dirty = true;
    this.extendCredit();
  }

  // --- the end

  onEnd(end: End, nowMs: number): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#endAtMs = nowMs;
    // What was never seen is missing from here on.
    if (end.records > 0) this.table.notice(Math.min(end.records, this.creditLimit) - 1, nowMs);
  }

  /**
   * Checks the whole once END is here. Returns 'verified' once, when everything has been handed to the writer; a
   * failure when the stream is not what END says, or when one-way records can no longer come.
   */
  checkEnd(nowMs: number): 'verified' | Failure | undefined {
    const end = this.#end;
    if (end === undefined || this.#verified || this.state !== 'receiving') return undefined;
    if (this.table.cumulative < end.records) {
      if (!this.oneWay || nowMs - this.#endAtMs < ONE_WAY_GRACE_MS) return undefined;
      return this.#lost(end);
    }
    const digest = this.#tags.digest();
    const whole =
      this.table.cumulative === end.records &&
      this.#lastRecord === end.records - 1 &&
      this.#lastRecords === 1 &&
      BigInt(this.#bytes) === end.bytes &&
      Buffer.compare(digest, end.digest) === 0;
    if (!whole) {
      return {
        code: 'DIGEST_MISMATCH',
        message: `what arrived (${this.table.cumulative} records, ${this.#bytes} bytes) is not what the sender says it sent (${end.records} records, ${end.bytes} bytes)`,
        hint: 'Nothing was committed. Send again; if it happens again, report it.',
      };
    }
    this.#verified = true;
    this.#handOver();
    this.state = 'draining';
    this.dirty = true;
    this.#queue?.end();
    return 'verified';
  }

  #lost(end: End): Failure {
    const { ranges, records } = this.table.missingRanges(end.records, RANGES_SHOWN);
    const shown = ranges.join(', ') + (ranges.length === RANGES_SHOWN ? ', ...' : '');
    return {
      code: 'DATA_LOST',
      message: `${records} of ${end.records} records were lost on the way (record ${shown}), and nothing can bring them back one-way`,
      fields: { recordsLost: records, records: end.records },
      hint: 'Nothing was committed. Send again with a lower --rate, or two-way if the receiver can answer.',
    };
  }

  /** Stops taking; the main thread cleans the sink up and then calls `finish`. */
  abort(failure: Failure): void {
    this.failure = failure;
    this.state = 'aborting';
  }

  /** The result is known; nobody touches the pool's slots of this transfer any more. */
  finish(state: 'committed' | 'failed', result: InboundResult, nowMs: number): void {
    this.takeDelivered();
    this.state = state;
    this.result = result;
    this.endedAtMs = nowMs;
    this.dirty = true;
    this.#release();
  }

  #release(): void {
    for (const slot of this.table.slots()) this.#pool.give(slot);
    const queue = this.#queue;
    if (queue !== undefined) {
      // An aborted writer leaves entries behind.
      for (let left = queue.ready; left > 0; left--) {
        this.#pool.give(queue.slotAt(this.#queuePosition));
        this.#queuePosition = queue.next(this.#queuePosition);
      }
    }
    this.#queue = undefined;
    this.#credit.close(this.id);
    this.#opener[Symbol.dispose]();
  }

  publish(): void {
    this.counters.set('bytes', this.#bytes);
    this.counters.set('records', this.table.cumulative);
    this.counters.set('frames', this.frames);
    this.counters.set('segments', this.#segments);
    this.counters.set('repeats', this.#repeats);
    this.counters.set('delivered', this.delivered);
    this.counters.set('creditRecords', Math.max(0, this.creditLimit - this.table.highest));
    this.counters.set('poolRecords', this.#pool.slots - this.#pool.freeSlots);
  }
}
