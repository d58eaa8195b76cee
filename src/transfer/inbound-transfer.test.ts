// What a sender that is let in cannot take: memory beyond its credit, or a rate beyond its line. And what a sink is not
// given before the end is proven.
import { expect, test } from 'vitest';
import { ANNOUNCEMENT } from '../../test/announced.ts';
import { createEpochSealer } from '../seal/epoch-seal.ts';
import { TAG_BYTES } from '../sys/aead-context.ts';
import { openSuiteKeys } from '../seal/session-keys.ts';
import { Memory } from '../sys/memory.ts';
import { emptySegmentHeader, FLAG_LAST, MessageType, type SegmentHeader } from '../wire/segment.ts';
import { ControlChannel } from './control-channel.ts';
import { CreditPool } from './credit-pool.ts';
import type { Visitor } from './doorkeeper.ts';
import { InboundTransfer } from './inbound-transfer.ts';
import { SLOT_BYTES, SlotPool } from './slot-pool.ts';
import { WriteQueue } from './write-queue.ts';

const ID = { transferIdHigh: 1, transferIdLow: 2 };
const RECORDS = 64;

class Desk implements Disposable {
  readonly pool: SlotPool = new SlotPool(RECORDS * SLOT_BYTES);
  readonly frame: Memory = Memory.allocate(4096);
  readonly transfer: InboundTransfer;

  constructor() {
    const keys = openSuiteKeys(new Uint8Array(32));
    const channel = new ControlChannel(keys.receiverControl, keys.senderControl, 1, 2);
    const visitor: Visitor = {
      announcement: ANNOUNCEMENT,
      channel,
      keys,
      senderTimeNs: 0n,
      keyed: undefined,
    };
    const peer = { ip: 0x7f00_0001, port: 1, localIp: 0x7f00_0001, mac: undefined };
    const credit = new CreditPool(this.pool.slots, 1);
    credit.open('one');
    this.transfer = new InboundTransfer('one', ID, visitor, peer, this.pool, credit, 0);
  }

  /** Half of a record of two segments: it needs memory, and is never opened. */
  push(record: number): number {
    const header: SegmentHeader = {
      ...emptySegmentHeader(),
      ...ID,
      type: MessageType.data,
      record,
      payloadBytes: 1440,
      recordBytes: 2000,
      segmentIndex: 0,
      segmentCount: 2,
    };
    return this.transfer.onData(header, this.frame, 0, 32 + 1440, 0);
  }

  /** A whole record of so many bytes, sealed. */
  pushSealed(record: number, plainBytes: number, last: boolean): void {
    using plain = Memory.allocate(4096);
    using sealer = createEpochSealer(openSuiteKeys(new Uint8Array(32)).data, 1, 2);
    sealer.seal(record, last, plain, 0, plainBytes, this.frame, 32);
    const recordBytes = plainBytes + TAG_BYTES;
    const header: SegmentHeader = {
      ...emptySegmentHeader(),
      ...ID,
      type: MessageType.data,
      flags: last ? FLAG_LAST : 0,
      record,
      payloadBytes: recordBytes,
      recordBytes,
      segmentCount: 1,
    };
    this.transfer.onData(header, this.frame, 0, 32 + recordBytes, 0);
  }

  [Symbol.dispose](): void {
    this.transfer.finish('failed', { code: '', text: '' }, 0);
    this.transfer.channel[Symbol.dispose]();
    this.pool[Symbol.dispose]();
    this.frame[Symbol.dispose]();
  }
}

test('a sender that grants itself credit gets no memory for it', () => {
  using desk = new Desk();
  const { transfer } = desk;
  transfer.accept(WriteQueue.create(RECORDS + 1), undefined, 0);
  const limit = transfer.creditLimit;
  expect(limit).toBeGreaterThan(0);
  expect(limit).toBeLessThanOrEqual(RECORDS);
  for (const record of [limit, limit + 1, limit + 4096, 2 ** 47]) expect(desk.push(record)).toBe(1472);
  expect(transfer.counters.snapshot().rejected).toBe(4);
  expect(transfer.table.highest).toBe(0);
  for (let record = 0; record < limit; record++) desk.push(record);
  expect(transfer.counters.snapshot()).toMatchObject({ rejected: 4, drops: 0 });
  expect(transfer.creditLimit).toBe(limit);
});

test('a sender with a max-rate is promised a burst, and then what time allows', () => {
  using desk = new Desk();
  const { transfer } = desk;
  const recordBits = transfer.geometry.recordBytes * 8;
  // A record every 10 ms.
  transfer.accept(WriteQueue.create(RECORDS + 1), { bitsPerSecondMax: recordBits * 100 }, 0);
  const burst = transfer.creditLimit;
  expect(burst).toBe(4);
  expect(transfer.pace(9)).toBeUndefined();
  expect(transfer.creditLimit).toBe(burst);
  transfer.pace(5000);
  expect(transfer.creditLimit, 'nothing has come: the burst stays what it is').toBe(burst);
  desk.push(burst);
  expect(transfer.counters.snapshot().rejected).toBe(1);
});

test('a stream that ends in an empty record is not whole in the sink before its end is proven', () => {
  using desk = new Desk();
  const queue = WriteQueue.create(RECORDS + 1);
  desk.transfer.accept(queue, undefined, 0);
  desk.pushSealed(0, 100, false);
  desk.pushSealed(1, 100, false);
  expect(queue.ready).toBe(1);
  desk.pushSealed(2, 0, true);
  expect(desk.transfer.table.cumulative).toBe(3);
  expect(queue.ready, 'the last bytes are held back').toBe(1);
});
