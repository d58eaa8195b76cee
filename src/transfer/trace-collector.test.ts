// A run's events in, a trace file out: sound, complete, and no larger than promised.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { expectSound } from '../../test/trace-checks.ts';
import { ACTIVITIES } from '../trace/activity.ts';
import { ActivityRecorder, BUCKETS_MAX } from '../trace/activity-recorder.ts';
import { FLIGHTS_MAX } from '../trace/flight-table.ts';
import { mergeTraces } from '../trace/merge.ts';
import { reportTrace } from '../trace/report.ts';
import { parseTrace, type TraceDocument } from '../trace/trace-document.ts';
import { TraceWriter } from '../trace/trace-writer.ts';
import { Counters } from './counters.ts';
import { publish } from './event-channel.ts';
import {
  InboundRecordTrace,
  OutboundRecordTrace,
  type RecordMemory,
  shareRecordMemory,
} from './record-trace.ts';
import { Teller } from './teller.ts';
import { SAMPLES_MAX, TraceCollector, TRANSFERS_MAX } from './trace-collector.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zwire-trace-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const ID = '00112233445566aa';

function written(collector: TraceCollector): TraceDocument {
  const path = join(directory, 'trace.json');
  using writer = new TraceWriter(path);
  collector.write(writer);
  expect(readdirSync(directory)).toEqual(['trace.json']);
  return parseTrace(readFileSync(path, 'utf8'), path);
}

/** One transfer that goes through everything; returns its trace. */
function trace(
  role: 'send' | 'receive',
  clock: { us: number },
  skewUs: number,
  records: (memory: RecordMemory) => void,
): TraceDocument {
  using collector = new TraceCollector(role);
  const counters = new Counters();
  const teller = new Teller(ID, counters, () => undefined);
  const memory = shareRecordMemory();
  const worker = role === 'send' ? 'sender' : 'receiver';
  const activity = ActivityRecorder.share(worker);
  const base = { transfer: ID, time: 0 };
  publish({ event: 'track', ...base, role: worker, activity });
  publish({ event: 'records', ...base, memory });
  teller.tell({ event: 'announced', name: 'x.img', kind: 'file', peer: 'b', mtuBytes: 9000 });
  teller.begin(1000n);
  const recorder = new ActivityRecorder(activity, worker, () => clock.us + skewUs);
  for (const kind of ACTIVITIES[worker].keys()) {
    recorder.enter(kind);
    clock.us += 500;
  }
  recorder.enter(0);
  records(memory);
  counters.set('bytes', 1000);
  counters.set('records', 3);
  counters.set('segments', role === 'send' ? 24 : 22);
  counters.set('repeats', role === 'send' ? 3 : 1);
  teller.tell({ event: 'finished', outcome: 'committed', ...teller.figures(performance.now() - 1000) });
  return written(collector);
}

it('holds what the run did, and what the run said of itself', () => {
  const clock = { us: performance.now() * 1000 };
  const document = trace('send', clock, 0, (memory) => {
    const records = new OutboundRecordTrace(memory, { nowUs: () => clock.us++, offsetUs: 0 });
    for (let record = 0; record < 3; record++) records.leaves(record);
    records.repeated(1, 3, clock.us / 1000);
    records.passed(3, 2);
  });
  expectSound(document);
  const [host] = document.otherData.hosts;
  expect(host?.transfers[0]).toMatchObject({
    transfer: ID,
    name: 'x.img',
    outcome: 'committed',
    figures: { bytes: 1000, records: 3, segments: 24, repeats: 3 },
  });
  const flights = document.traceEvents.flatMap((event) => (event.ph === 'b' ? [event.args] : []));
  expect(flights).toEqual([
    { record: 0, repeats: 0 },
    { record: 1, repeats: 3 },
  ]);
  const names = document.traceEvents.flatMap((event) =>
    event.ph === 'X' && event.cat === 'activity' ? [event.name] : [],
  );
  expect(names).toEqual([...ACTIVITIES.sender]);
});

it('of both sides is laid onto one clock, with arrows between the records that both have', () => {
  const clock = { us: 5e6 };
  const skewUs = 7.5e9;
  const tick = (us: number): number => (clock.us += us);
  const noted: (() => void)[] = [];
  const sender = (memory: RecordMemory): void => {
    const records = new OutboundRecordTrace(memory, { nowUs: () => clock.us, offsetUs: 0 });
    noted.push(
      () => records.leaves(0),
      () => records.probeLeaves(77, 1),
      () => records.echoed(77),
    );
  };
  // The sender's half is written first; both live in the same virtual time.
  const outbound = shareRecordMemory();
  sender(outbound);
  const inbound = shareRecordMemory();
  const there = new InboundRecordTrace(inbound, { nowUs: () => clock.us + skewUs, offsetUs: 0 });
  noted[0]?.();
  tick(100);
  there.completed(0);
  noted[1]?.();
  tick(100);
  there.probeCame(77);
  tick(30);
  there.echoLeaves();
  tick(100);
  noted[2]?.();
  there.delivered(1);
  const copy =
    (from: RecordMemory) =>
    (to: RecordMemory): void => {
      for (const name of ['flights', 'repeated', 'echoes'] as const)
        new Uint8Array(to[name]).set(new Uint8Array(from[name]));
    };
  const sent = trace('send', clock, 0, copy(outbound));
  const received = trace('receive', clock, skewUs, copy(inbound));
  const merged = mergeTraces(received, sent);
  expect(merged.arrows).toBe(1);
  const document: TraceDocument = {
    traceEvents: merged.events,
    displayTimeUnit: 'ns',
    otherData: merged.info,
  };
  expectSound(document);
  const [alignment] = merged.info.alignments;
  expect(alignment).toMatchObject({ method: 'echoes', uncertaintyUs: 100, exchanges: 1 });
  // 100 us on the way: the arrow is as long as that.
  const [from, to] = ['s', 'f'].map((phase) => merged.events.find((event) => event.ph === phase)?.ts ?? 0);
  expect((to ?? 0) - (from ?? 0)).toBeCloseTo(100, 2);
  expect(reportTrace(document).wire[0]).toMatchObject({
    segmentsSent: 24,
    segmentsArrived: 22,
    segmentsLost: 2,
    repeats: 3,
    needless: 1,
  });
});

it('cannot be merged with one of another transfer, or of the same side', () => {
  const clock = { us: performance.now() * 1000 };
  const one = trace('send', clock, 0, () => undefined);
  const other = trace('receive', clock, 0, () => undefined);
  const [host] = other.otherData.hosts;
  const foreign: TraceDocument = {
    ...other,
    otherData: {
      ...other.otherData,
      hosts: host === undefined ? [] : [{ ...host, transfers: [] }],
    },
  };
  const unrelated = expect.objectContaining({ code: 'TRACES_UNRELATED' });
  expect(() => mergeTraces(one, foreign)).toThrow(unrelated);
  expect(() => mergeTraces(one, one)).toThrow(unrelated);
});

it('without an echo is laid together by wall clocks, and says so', () => {
  const clock = { us: performance.now() * 1000 };
  const nothing = (): void => undefined;
  const merged = mergeTraces(trace('send', clock, 0, nothing), trace('receive', clock, 0, nothing));
  expect(merged.info.alignments).toEqual([expect.objectContaining({ method: 'wall clocks', exchanges: 0 })]);
});

it('stays below a million events, whatever the run', () => {
  const track = (role: keyof typeof ACTIVITIES): number => BUCKETS_MAX * ACTIVITIES[role].length;
  const flights = 2 * FLIGHTS_MAX * (1 + 4);
  const counters = (SAMPLES_MAX + 1) * 5;
  const aTransfer = track('writer') + flights + counters;
  expect(Math.max(track('sender'), track('receiver')) + TRANSFERS_MAX * aTransfer).toBeLessThan(1e6);
});

it('of a long run keeps its newest transfers, and says how many there were', () => {
  using collector = new TraceCollector('receive');
  for (let number = 0; number < TRANSFERS_MAX + 3; number++) {
    const transfer = String(number).padStart(16, '0');
    const teller = new Teller(transfer, new Counters(), () => undefined);
    teller.tell({ event: 'announced', name: `${number}`, kind: 'file', peer: 'a', mtuBytes: 1500 });
    teller.begin(undefined);
    if (number !== 1) teller.tell({ event: 'finished', outcome: 'failed', ...teller.figures(0) });
    teller.end();
  }
  const [host] = written(collector).otherData.hosts;
  expect(host?.transfersLeftOut).toBe(3);
  // The one that is still under way is kept.
  expect(host?.transfers.map((transfer) => transfer.name).slice(0, 2)).toEqual(['1', '4']);
});

it('watches no more when it is disposed', () => {
  const collector = new TraceCollector('send');
  collector[Symbol.dispose]();
  const teller = new Teller(ID, new Counters(), () => undefined);
  teller.tell({ event: 'announced', name: 'x', kind: 'file', peer: 'b', mtuBytes: 9000 });
  expect(written(collector).otherData.hosts[0]?.transfers).toEqual([]);
});
