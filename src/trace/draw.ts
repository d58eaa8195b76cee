// Turns what workers recorded into events of a trace. Times come in as microseconds of the trace clock and leave as
// microseconds after `originUs`. Pure.
import { ACTIVITIES, type TrackRole } from './activity.ts';
import { readActivity } from './activity-recorder.ts';
import type { Flight } from './flight-table.ts';
import {
  ACTIVITY,
  type AsyncEvent,
  type CounterEvent,
  MARK_US,
  type MetadataEvent,
  RECORD,
  roundUs,
  type SpanEvent,
  type TraceEvent,
} from './trace-event.ts';

/** Where events go: a host's process and one of its tracks. */
export interface Track {
  readonly pid: number;
  readonly tid: number;
}

export function nameProcess(pid: number, name: string): MetadataEvent[] {
  const base = { ph: 'M', pid, tid: 0, ts: 0 } as const;
  return [
    { ...base, name: 'process_name', args: { name } },
    { ...base, name: 'process_sort_index', args: { sort_index: pid } },
  ];
}

export function nameTrack(track: Track, name: string): MetadataEvent[] {
  const base = { ph: 'M', ...track, ts: 0 } as const;
  return [
    { ...base, name: 'thread_name', args: { name } },
    { ...base, name: 'thread_sort_index', args: { sort_index: track.tid } },
  ];
}

/** A worker's track. */
export function drawActivity(
  track: Track,
  role: TrackRole,
  shared: SharedArrayBuffer,
  originUs: number,
): SpanEvent[] {
  const names = ACTIVITIES[role];
  return readActivity(shared, role, originUs).map(({ kind, startNs, endNs }) => ({
    ph: 'X',
    name: names[kind] ?? '',
    cat: ACTIVITY,
    ...track,
    ts: startNs / 1000,
    dur: (endNs - startNs) / 1000,
  }));
}

/** A moment's counters of one transfer. What does not apply to a side is absent. */
export interface CounterSample {
  readonly timeUs: number;
  readonly bytes: number;
  readonly repeats: number;
  readonly drops: number;
  /** Records that the receiver's memory still has room for. */
  readonly creditRecords: number;
  /** Records in the receiver's memory. */
  readonly poolRecords?: number;
}

export function drawCounters(
  pid: number,
  transfer: string,
  samples: readonly CounterSample[],
  originUs: number,
): CounterEvent[] {
  const events: CounterEvent[] = [];
  let before: CounterSample | undefined;
  for (const sample of samples) {
    const base = { ph: 'C', pid, tid: 0, id: transfer, ts: roundUs(sample.timeUs - originUs) } as const;
    const us = before === undefined ? 0 : sample.timeUs - before.timeUs;
    const gigabits = us <= 0 ? 0 : ((sample.bytes - (before?.bytes ?? 0)) * 8) / us / 1000;
    events.push({ ...base, name: 'rate, Gbit/s', args: { rate: Math.round(gigabits * 1000) / 1000 } });
    events.push({ ...base, name: 'credit, records', args: { credit: sample.creditRecords } });
    if (sample.poolRecords !== undefined)
      events.push({ ...base, name: 'pool, records', args: { pool: sample.poolRecords } });
    events.push({ ...base, name: 'repeats, segments', args: { repeats: sample.repeats } });
    events.push({ ...base, name: 'drops, frames', args: { drops: sample.drops } });
    before = sample;
  }
  return events;
}

/** What is drawn of a transfer's records. */
export interface FlightDrawing {
  readonly track: Track;
  readonly transfer: string;
  readonly originUs: number;
  /** Where a flight that did not end is cut off, us of the trace clock. */
  readonly endUs: number;
  /** On the sender a flight begins when a record leaves; on the receiver when all of it is there and checked. */
  readonly side: 'send' | 'receive';
}

/**
 * Each flight as an asynchronous span, and as a short mark on a track of its own, where arrows between hosts start and
 * end.
 */
export function drawFlights(drawing: FlightDrawing, flights: readonly Flight[]): TraceEvent[] {
  const ordered = flights.toSorted((a, b) => a.beganUs - b.beganUs);
  const spans = ordered.flatMap((flight) => drawFlight(drawing, flight));
  return [...drawMarks(drawing, ordered), ...spans];
}

function drawFlight(drawing: FlightDrawing, flight: Flight): AsyncEvent[] {
  const { track, transfer, originUs, endUs, side } = drawing;
  const { record, beganUs, heldUs, deliveredUs, repeats, repeatedUs } = flight;
  const base = {
    name: `record ${record}`,
    cat: RECORD,
    id2: { local: `${transfer}:${record}` },
    ...track,
  } as const;
  const at = (us: number): number => roundUs(Math.max(us, beganUs) - originUs);
  const events: AsyncEvent[] = [{ ...base, ph: 'b', ts: at(beganUs), args: { record, repeats } }];
  const moments: [number, string][] = [];
  if (repeatedUs !== 0) moments.push([repeatedUs, `repeated, ${repeats} segments`]);
  if (side === 'send' && heldUs !== 0) moments.push([heldUs, 'held by the receiver']);
  for (const [us, name] of moments.sort(([a], [b]) => a - b))
    events.push({ ...base, ph: 'n', ts: at(us), args: { what: name } });
  const last = Math.max(deliveredUs === 0 ? endUs : deliveredUs, heldUs, repeatedUs);
  events.push({ ...base, ph: 'e', ts: at(last), args: { delivered: deliveredUs !== 0 } });
  return events;
}

function drawMarks(drawing: FlightDrawing, ordered: readonly Flight[]): SpanEvent[] {
  const { track, transfer, originUs } = drawing;
  let free = Number.NEGATIVE_INFINITY;
  return ordered.map(({ record, beganUs }) => {
    // Records of one moment stand beside each other: spans of a track do not overlap.
    const ts = roundUs(Math.max(beganUs - originUs, free));
    free = ts + MARK_US;
    return {
      ph: 'X',
      name: `record ${record}`,
      cat: RECORD,
      ...track,
      ts,
      dur: MARK_US,
      args: { transfer, record },
    };
  });
}
