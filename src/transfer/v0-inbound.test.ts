import { describe, expect, test } from 'vitest';
import type { Announcement } from '../wire/announce.ts';
import { CreditPool } from './credit-pool.ts';
import { SLOT_BYTES, SlotPool } from './slot-pool.ts';
import { V0Inbound } from './v0-inbound.ts';
import { WriteQueue } from './write-queue.ts';

const SLOTS = 8;
const ANNOUNCEMENT: Announcement = {
  kind: 'dataset',
  name: 'tank/data',
  recursive: false,
  features: [],
  segmentPayloadBytes: 1440,
  fecDataRecords: 0,
  fecParityRecords: 0,
  feedback: 'none',
  timeoutMs: 1000,
};

/** A transfer with a real pool, and the queue to a writer that the test plays. */
class Desk implements Disposable {
  readonly pool: SlotPool = new SlotPool(SLOTS * SLOT_BYTES);
  readonly credit: CreditPool = new CreditPool(SLOTS, 1);
  readonly queue: WriteQueue = WriteQueue.create(SLOTS + 1);
  readonly transfer: V0Inbound;
  #value = 0;

  constructor() {
    this.credit.open('id');
    this.transfer = new V0Inbound('id', ANNOUNCEMENT, '1.2.3.4:5', this.pool, this.credit, undefined, 0);
  }

  /** Appends a chunk that continues the pattern. */
  append(bytes: number): boolean {
    return this.transfer.append(Uint8Array.from({ length: bytes }, () => this.#value++ % 251));
  }

  /** The writer takes everything that is ready; returns how many bytes, and checks that they continue the pattern. */
  write(from = 0): number {
    let bytes = from;
    for (let left = this.queue.ready; left > 0; left--) {
      const slotAt = this.queue.slotAt(this.queue.tail) * SLOT_BYTES;
      const count = this.queue.bytesAt(this.queue.tail);
      for (let at = slotAt; at < slotAt + count; at++, bytes++) {
        if (this.pool.memory.bytes[at] !== bytes % 251) throw new Error(`byte ${bytes} is not what was sent`);
      }
      this.queue.finish(1);
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    this.pool[Symbol.dispose]();
  }
}

describe('chunks', () => {
  test('reach the writer in order, whatever their sizes, across the ends of slots', () => {
    using desk = new Desk();
    desk.transfer.accept(desk.queue);
    let sent = 0;
    let written = 0;
    for (const bytes of [1, 1445, 8945, 65_535, 0, 3, 60_000, 65_535, 65_535, 1]) {
      expect(desk.append(bytes)).toBe(true);
      sent += bytes;
      written = desk.write(written);
      desk.transfer.takeDelivered();
    }
    desk.transfer.end();
    expect(desk.write(written)).toBe(sent);
    desk.transfer.publish();
    expect(desk.transfer.counters.snapshot()).toMatchObject({ bytes: sent, records: 10 });
  });

  test('of the newest slot are held back until the end is known', () => {
    using desk = new Desk();
    desk.transfer.accept(desk.queue);
    desk.append(1000);
    expect(desk.queue.ready).toBe(0);
    expect(desk.queue.ended).toBe(false);
    desk.transfer.end();
    expect(desk.queue.ready).toBe(1);
    expect(desk.queue.ended).toBe(true);
    expect(desk.transfer.state).toBe('draining');
  });

  test('are kept while the sink is being opened', () => {
    using desk = new Desk();
    for (let index = 0; index < 4; index++) expect(desk.append(50_000)).toBe(true);
    desk.transfer.accept(desk.queue);
    expect(desk.queue.ready).toBe(3);
    desk.transfer.end();
    expect(desk.write()).toBe(200_000);
  });

  test('that all came before the sink was open end it as soon as it is', () => {
    using desk = new Desk();
    desk.append(10);
    desk.transfer.end();
    expect(desk.transfer.state).toBe('deciding');
    expect(desk.transfer.taking).toBe(false);
    desk.transfer.accept(desk.queue);
    expect(desk.queue.ended).toBe(true);
    expect(desk.write()).toBe(10);
  });

  test('are refused when memory is full, and taken again when the writer has gone on', () => {
    using desk = new Desk();
    desk.transfer.accept(desk.queue);
    for (let slot = 0; slot < SLOTS; slot++) expect(desk.append(SLOT_BYTES - 1)).toBe(true);
    // What is left of eight slots.
    expect(desk.append(SLOTS)).toBe(true);
    expect(desk.append(1)).toBe(false);
    expect(desk.pool.freeSlots).toBe(0);
    desk.queue.finish(1);
    desk.transfer.takeDelivered();
    expect(desk.append(1)).toBe(true);
  });
});

test('a sink that stands still leaves another transfer its share of memory', () => {
  using slots = new SlotPool(SLOTS * SLOT_BYTES);
  const credit = new CreditPool(SLOTS, 2);
  const start = (id: string): V0Inbound => {
    expect(credit.open(id)).toBe(true);
    return new V0Inbound(id, ANNOUNCEMENT, '1.2.3.4:5', slots, credit, undefined, 0);
  };
  const fill = (transfer: V0Inbound): number => {
    let count = 0;
    while (transfer.append(new Uint8Array(SLOT_BYTES))) count++;
    return count;
  };
  const stalled = start('stalled');
  expect(fill(stalled)).toBe(SLOTS - 2);
  const other = start('other');
  expect(fill(stalled)).toBe(0);
  expect(fill(other)).toBe(2);
});

describe('the end gives every slot back', () => {
  test('when everything was written', () => {
    using desk = new Desk();
    desk.transfer.accept(desk.queue);
    for (let index = 0; index < 4; index++) desk.append(60_000);
    desk.transfer.end();
    desk.write();
    desk.transfer.finish();
    expect(desk.pool.freeSlots).toBe(SLOTS);
    expect(desk.credit.open('next')).toBe(true);
  });

  test('when the writer was stopped in the middle', () => {
    using desk = new Desk();
    desk.transfer.accept(desk.queue);
    for (let index = 0; index < 4; index++) desk.append(60_000);
    desk.queue.finish(1);
    desk.transfer.finish();
    expect(desk.pool.freeSlots).toBe(SLOTS);
  });

  test('when the sink was never opened', () => {
    using desk = new Desk();
    for (let index = 0; index < 4; index++) desk.append(60_000);
    desk.transfer.finish();
    expect(desk.pool.freeSlots).toBe(SLOTS);
    expect(desk.transfer.state).toBe('over');
  });
});
