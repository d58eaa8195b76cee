// The codecs that run for every segment and status must not allocate: at 1.5 million segments a second, 16 bytes
// each would be a garbage collection every few milliseconds.
import { expect, test } from 'vitest';
import {
  decodeSegmentHeader,
  emptySegmentHeader,
  encodeSegmentHeader,
  MessageType,
  writeAad,
} from './segment.ts';
import { decodeStatus, emptyStatus, encodeStatus } from './status.ts';

const RUNS = 5_000;

/** The median heap growth of many rounds, bytes: compilation and collections disturb only some of them. */
function heapGrowth(round: () => void): number {
  const growths = Array.from({ length: 101 }, () => {
    const before = process.memoryUsage().heapUsed;
    round();
    return process.memoryUsage().heapUsed - before;
  });
  return growths.sort((a, b) => a - b)[50] ?? 0;
}

test('the measure finds one small object a call', () => {
  let kept: { n: number } = { n: 0 };
  const growth = heapGrowth(() => {
    for (let i = 0; i < RUNS; i++) kept = { n: i };
  });
  expect(kept.n).toBe(RUNS - 1);
  expect(growth).toBeGreaterThan(RUNS * 8);
});

test('segment headers', () => {
  const view = new DataView(new ArrayBuffer(4096));
  const header = Object.assign(emptySegmentHeader(), {
    type: MessageType.data,
    payloadBytes: 1440,
    segmentCount: 44,
    recordBytes: 63_360,
  });
  const out = emptySegmentHeader();
  let dropped = 0;
  const growth = heapGrowth(() => {
    for (let i = 0; i < RUNS; i++) {
      header.record = 0x2345_0000_0000 + i;
      header.transferIdHigh = 0xf000_0000 + i;
      encodeSegmentHeader(view, 8, header);
      writeAad(view, 2048, MessageType.data, header.transferIdHigh, 1, header.record, 63_360, false);
      if (decodeSegmentHeader(view, 8, 1472, out) !== '' || out.record !== header.record) dropped++;
    }
  });
  expect(dropped).toBe(0);
  expect(growth).toBeLessThan(RUNS);
});

test('STATUS with entries', () => {
  const view = new DataView(new ArrayBuffer(4096));
  const status = Object.assign(emptyStatus(), { entryCount: 3 });
  const out = emptyStatus();
  let wrong = 0;
  const growth = heapGrowth(() => {
    for (let i = 0; i < RUNS; i++) {
      status.delivered = 0x1_0000_0000 + i;
      status.cumulative = status.delivered + 5;
      status.highest = status.delivered + 90;
      status.creditLimit = status.delivered + 96;
      status.echoTimeUs = 0x8000_0000_0000 + i;
      for (let entry = 0; entry < 3; entry++) {
        status.entryRecords[entry] = status.cumulative + entry;
        status.entryMissingLow[entry] = 0xf000_0001;
        status.entryMissingHigh[entry] = entry;
      }
      decodeStatus(view, 16, encodeStatus(view, 16, status), out);
      if (out.entryRecords[2] !== status.cumulative + 2) wrong++;
    }
  });
  expect(wrong).toBe(0);
  expect(growth).toBeLessThan(RUNS);
});
