import { afterEach, beforeEach, expect, test } from 'vitest';
import { ANNOUNCEMENT } from '../../test/announced.ts';
import type { TransferId } from '../seal/handshake.ts';
import { openSuiteKeys } from '../seal/session-keys.ts';
import { emptySegmentHeader, type SegmentHeader } from '../wire/segment.ts';
import { ControlChannel } from './control-channel.ts';
import { CreditPool } from './credit-pool.ts';
import { InboundTransfer } from './inbound-transfer.ts';
import { InboundTransfers } from './inbound-transfers.ts';
import { transferName } from './segment-owner.ts';
import { SLOT_BYTES, SlotPool } from './slot-pool.ts';

const TRANSFERS = 4;
let pool: SlotPool;
let credit: CreditPool;
const made: InboundTransfer[] = [];

beforeEach(() => {
  pool = new SlotPool(16 * SLOT_BYTES);
  credit = new CreditPool(pool.slots, TRANSFERS);
});
afterEach(() => {
  for (const transfer of made.splice(0)) {
    transfer.finish('failed', { code: '', text: '' }, 0);
    transfer.channel[Symbol.dispose]();
  }
  pool[Symbol.dispose]();
});

const headerOf = (id: TransferId): SegmentHeader => ({ ...emptySegmentHeader(), ...id });

function transferOf(id: TransferId): InboundTransfer {
  const name = transferName(headerOf(id));
  const keys = openSuiteKeys(new Uint8Array(32));
  const channel = new ControlChannel(
    keys.receiverControl,
    keys.senderControl,
    id.transferIdHigh,
    id.transferIdLow,
  );
  const visitor = { announcement: ANNOUNCEMENT, channel, keys, senderTimeNs: 0n, keyed: undefined };
  const peer = { ip: 0x7f00_0001, port: 1, localIp: 0x7f00_0001, mac: undefined };
  credit.open(name);
  const transfer = new InboundTransfer(name, id, visitor, peer, pool, credit, 0);
  made.push(transfer);
  return transfer;
}

// Each differs from another in one half of its number alone.
const A: TransferId = { transferIdHigh: 1, transferIdLow: 2 };
const B: TransferId = { transferIdHigh: 1, transferIdLow: 3 };
const C: TransferId = { transferIdHigh: 2, transferIdLow: 2 };

test('each segment finds its own transfer, in any order, and a stranger finds none', () => {
  const transfers = new InboundTransfers();
  expect(transfers.find(headerOf(A))).toBeUndefined();
  expect(transfers.latest).toBeUndefined();
  const [a, b, c] = [transferOf(A), transferOf(B), transferOf(C)];
  for (const transfer of [a, b, c]) transfers.add(transfer);
  expect(transfers.size).toBe(3);
  expect([...transfers]).toEqual([a, b, c]);
  for (const [id, transfer] of [
    [A, a],
    [A, a],
    [B, b],
    [C, c],
    [A, a],
    [C, c],
  ] as const) {
    expect(transfers.find(headerOf(id))).toBe(transfer);
    expect(transfers.latest).toBe(transfer);
  }
  expect(transfers.find(headerOf({ transferIdHigh: 2, transferIdLow: 3 }))).toBeUndefined();
  // What belongs to nobody changes nothing: the segment before still has its transfer.
  expect(transfers.latest).toBe(c);
  expect(transfers.find(headerOf(C))).toBe(c);
});

test('by its name, which is its number in hex', () => {
  const transfers = new InboundTransfers();
  const transfer = transferOf({ transferIdHigh: 0x0012_3456, transferIdLow: 0xffff_fff0 });
  transfers.add(transfer);
  expect(transfers.get('00123456fffffff0')).toBe(transfer);
  expect(transfers.get('123456fffffff0')).toBeUndefined();
});

test('one that is forgotten is found no more, though it was the one found last', () => {
  const transfers = new InboundTransfers();
  const [a, b] = [transferOf(A), transferOf(B)];
  transfers.add(a);
  transfers.add(b);
  expect(transfers.find(headerOf(A))).toBe(a);
  expect(transfers.delete(b)).toBe(true);
  expect(transfers.latest).toBe(a);
  expect(transfers.find(headerOf(B))).toBeUndefined();
  expect(transfers.delete(a)).toBe(true);
  expect(transfers.delete(a)).toBe(false);
  expect(transfers.latest).toBeUndefined();
  expect(transfers.find(headerOf(A))).toBeUndefined();
  expect(transfers.size).toBe(0);
  // The same number again, as another transfer.
  const again = transferOf(A);
  transfers.add(again);
  expect(transfers.find(headerOf(A))).toBe(again);
});

test('a segment of transfer 0 is no stranger that is let in by an empty memory', () => {
  const transfers = new InboundTransfers();
  const zero: TransferId = { transferIdHigh: 0, transferIdLow: 0 };
  expect(transfers.find(headerOf(zero))).toBeUndefined();
  const transfer = transferOf(zero);
  transfers.add(transfer);
  expect(transfers.find(headerOf(zero))).toBe(transfer);
});
