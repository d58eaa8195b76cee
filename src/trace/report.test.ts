import { describe, expect, it } from 'vitest';
import type { ActivityName } from './activity.ts';
import { type Culprit, reportTrace } from './report.ts';
import type { TraceDocument, TraceHost } from './trace-document.ts';
import type { TraceEvent } from './trace-event.ts';

type Times = Readonly<Partial<Record<ActivityName, number>>>;

/** A second of a transfer; what lies before and after it is none of its time. */
function document(role: TraceHost['role'], worker: Times, writer: Times = {}): TraceDocument {
  const draw = (tid: number, times: Times): TraceEvent[] => {
    let atUs = 1_000_000;
    return Object.entries(times).map(([name, share]) => {
      const [ts, dur] = [atUs, share * 1_000_000];
      atUs += dur;
      return { ph: 'X', name, cat: 'activity', pid: 1, tid, ts, dur };
    });
  };
  const outside: TraceEvent = { ph: 'X', name: 'idle', cat: 'activity', pid: 1, tid: 1, ts: 0, dur: 1e6 };
  const figures = {
    bytes: 125_000_000,
    records: 1,
    segments: 1,
    repeats: 0,
    frames: 1,
    drops: 0,
    rejected: 0,
  };
  const transfer = {
    transfer: 'aa',
    name: 'x',
    kind: 'file',
    peer: '',
    outcome: 'committed',
    startUs: 1_000_000,
    endUs: 2_000_000,
    figures,
    flightStride: 8,
    repeatedStride: 1,
    unlistedRepeats: 0,
    echoes: [],
    writerTid: role === 'send' ? 0 : 10,
    recordsTid: 11,
  } as const;
  return {
    traceEvents: [outside, ...draw(1, worker), ...draw(10, writer), { ...outside, ts: 2e6 }],
    displayTimeUnit: 'ns',
    otherData: {
      producer: 'zwire',
      format: 1,
      hosts: [{ pid: 1, role, startedMs: 0, transfers: [transfer], transfersLeftOut: 0 }],
      alignments: [],
    },
  };
}

describe('who limits', () => {
  it.each<[Culprit, Times]>([
    ['source', { read: 0.2, seal: 0.2, send: 0.1, 'wait for the source': 0.5 }],
    ['source', { read: 0.7, seal: 0.2, send: 0.1 }],
    ['sink', { read: 0.1, seal: 0.1, 'wait for credit': 0.5, 'wait for the result': 0.3 }],
    ['wire', { seal: 0.3, 'wait for the wire': 0.6, read: 0.1 }],
    ['rate', { seal: 0.3, 'wait for the rate': 0.7 }],
    ['sender', { read: 0.3, seal: 0.3, send: 0.3, 'wait for the wire': 0.1 }],
  ])('is the %s when a sender spends its time so', (culprit, times) => {
    expect(reportTrace(document('send', times)).transfers[0]?.culprit).toBe(culprit);
  });

  it.each<[Culprit, Times, Times]>([
    ['sink', { idle: 0.9, check: 0.1 }, { 'sink stalled': 0.8, write: 0.1, 'wait for records': 0.1 }],
    ['sink', { idle: 0.9, check: 0.1 }, { write: 0.9, 'wait for records': 0.1 }],
    [
      'receiver',
      { idle: 0.1, 'receive and reassemble': 0.5, check: 0.4 },
      { write: 0.4, 'wait for records': 0.6 },
    ],
    ['elsewhere', { idle: 0.8, check: 0.2 }, { write: 0.1, 'wait for records': 0.9 }],
  ])('is the %s when a receiver spends its time so', (culprit, worker, writer) => {
    expect(reportTrace(document('receive', worker, writer)).transfers[0]?.culprit).toBe(culprit);
  });
});

it('shares the time of the transfer, and only that', () => {
  const [report] = reportTrace(document('send', { read: 0.25, seal: 0.5, send: 0.25 })).transfers;
  expect(report?.shares.map(({ activity, share }) => [activity, share])).toEqual([
    ['seal', 0.5],
    ['read', 0.25],
    ['send', 0.25],
  ]);
  expect(report?.bitsPerSecond).toBe(1e9);
});
