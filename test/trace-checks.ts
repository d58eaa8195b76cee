// What must hold of every trace, whatever was traced: spans of a track follow each other, asynchronous spans and
// arrows have both ends, counters move forward in time.
import { expect } from 'vitest';
import { findFault, type TraceDocument } from '../src/trace/trace-document.ts';
import type { TraceEvent } from '../src/trace/trace-event.ts';

/** Times are written in microseconds with three digits; sums of them are compared as whole nanoseconds. */
export function ns(us: number): number {
  return Math.round(us * 1000);
}

export function expectSound(document: TraceDocument): void {
  expect(findFault(document)).toBeUndefined();
  expect(trackFaults(document.traceEvents)).toEqual([]);
  expect(asyncFaults(document.traceEvents)).toEqual([]);
  expect(counterFaults(document.traceEvents)).toEqual([]);
  expect(arrowFaults(document.traceEvents)).toEqual([]);
  expect(backwards(document)).toEqual([]);
}

/** Nothing arrives before it leaves, on one clock: what merging must not break by more than it says. */
function backwards({ traceEvents, otherData }: TraceDocument): string[] {
  const [alignment] = otherData.alignments;
  // Wall clocks promise nothing.
  if (alignment?.uncertaintyUs === undefined) return [];
  const least = -alignment.uncertaintyUs - 1;
  const starts = new Map(traceEvents.flatMap((event) => (event.ph === 's' ? [[event.id, event.ts]] : [])));
  const ends = traceEvents.flatMap((event) => (event.ph === 'f' ? [event] : []));
  return ends.flatMap((end) => {
    const us = end.ts - (starts.get(end.id) ?? end.ts);
    return us < least ? [`arrow ${end.id} takes ${us} us, bound ${least}`] : [];
  });
}

function grouped<E>(events: readonly E[], key: (event: E) => string): E[][] {
  const groups = new Map<string, E[]>();
  for (const event of events) groups.set(key(event), [...(groups.get(key(event)) ?? []), event]);
  return [...groups.values()];
}

function trackFaults(events: readonly TraceEvent[]): string[] {
  const ends = new Map<string, number>();
  return events.flatMap((event): string[] => {
    if (event.ph !== 'X') return [];
    const track = `${event.pid}:${event.tid}`;
    const freeNs = ends.get(track) ?? Number.NEGATIVE_INFINITY;
    ends.set(track, ns(event.ts + event.dur));
    if (event.dur <= 0) return [`${event.name} on ${track} at ${event.ts} lasts ${event.dur}`];
    return ns(event.ts) < freeNs ? [`${event.name} on ${track} at ${event.ts} overlaps its neighbour`] : [];
  });
}

function asyncFaults(events: readonly TraceEvent[]): string[] {
  const parts = events.flatMap((event) =>
    event.ph === 'b' || event.ph === 'n' || event.ph === 'e' ? [event] : [],
  );
  return grouped(parts, (event) => `${event.pid} ${event.cat} ${event.id2.local}`).flatMap((group) => {
    const phases = group.map((event) => event.ph).join('');
    const inOrder = group.every((event, index) => index === 0 || event.ts >= (group[index - 1]?.ts ?? 0));
    return /^bn*e$/.test(phases) && inOrder
      ? []
      : [`${group[0]?.id2.local}: ${phases}, in order: ${inOrder}`];
  });
}

function counterFaults(events: readonly TraceEvent[]): string[] {
  const counters = events.flatMap((event) => (event.ph === 'C' ? [event] : []));
  return grouped(counters, (event) => `${event.pid} ${event.id} ${event.name}`).flatMap((group) =>
    group.every((event, index) => index === 0 || event.ts >= (group[index - 1]?.ts ?? 0))
      ? []
      : [`${group[0]?.name} goes back in time`],
  );
}

function arrowFaults(events: readonly TraceEvent[]): string[] {
  const spans = events.flatMap((event) => (event.ph === 'X' ? [event] : []));
  const ends = events.flatMap((event) => (event.ph === 's' || event.ph === 'f' ? [event] : []));
  const byPlace = new Map(
    grouped(spans, (span) => `${span.pid}:${span.tid}`).map((group) => [place(group[0]), group]),
  );
  const faults = ends.flatMap((end) => {
    const around = byPlace
      .get(place(end))
      ?.find((span) => span.cat === end.cat && span.ts <= end.ts && end.ts <= span.ts + span.dur);
    return around === undefined ? [`no span around the arrow ${end.id}`] : [];
  });
  const pairs = grouped(ends, (end) => end.id).filter(
    (group) => group.map((end) => end.ph).join('') !== 'sf',
  );
  // Perfetto draws no arrow whose id is no number in hex of at most 64 bits.
  const names = ends.filter((end) => !/^0x[0-9a-f]{1,16}$/.test(end.id));
  return [
    ...faults,
    ...pairs.map((group) => `arrow ${group[0]?.id} lacks an end`),
    ...names.map((end) => `arrow ${end.id}: no number in hex`),
  ];
}

function place(event: { readonly pid: number; readonly tid: number } | undefined): string {
  return `${event?.pid}:${event?.tid}`;
}
