import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ACTIVITIES, activityNumbers } from './activity.ts';
import { ActivityRecorder, readActivity } from './activity-recorder.ts';

const { write: WRITE, 'sink stalled': STALLED, 'wait for records': WAIT } = activityNumbers('writer');

/** Enters each activity for its time on a clock of its own; returns what each took in all, us. */
function run(
  shared: SharedArrayBuffer,
  steps: readonly (readonly [kind: number, us: number])[],
  startUs = 1e9,
): number[] {
  let nowUs = startUs;
  const recorder = new ActivityRecorder(shared, 'writer', () => nowUs);
  const sums = ACTIVITIES.writer.map(() => 0);
  for (const [kind, us] of steps) {
    recorder.enter(kind);
    nowUs += us;
    sums[kind] = (sums[kind] ?? 0) + us;
  }
  recorder.enter(0);
  return sums;
}

it('draws one span for what went on without a break', () => {
  const shared = ActivityRecorder.share('writer');
  run(shared, [
    [WRITE, 1000],
    [STALLED, 250_000],
    [WRITE, 50],
  ]);
  expect(readActivity(shared, 'writer', 1e9 - 5)).toEqual([
    { kind: WRITE, startNs: 5000, endNs: 1_005_000 },
    { kind: STALLED, startNs: 1_005_000, endNs: 251_005_000 },
    { kind: WRITE, startNs: 251_005_000, endNs: 251_055_000 },
  ]);
});

it('sums up what changes faster than its buckets', () => {
  const shared = ActivityRecorder.share('writer');
  run(shared, [
    [WRITE, 10],
    [STALLED, 5],
    [WRITE, 10],
    [STALLED, 5],
    [WAIT, 70],
  ]);
  const spans = readActivity(shared, 'writer', 1e9);
  expect(spans.map(({ kind, startNs, endNs }) => [kind, endNs - startNs])).toEqual([
    [WAIT, 70_000],
    [WRITE, 20_000],
    [STALLED, 10_000],
  ]);
});

it('keeps every sum, and spans that follow each other, in a fixed memory for any length of run', () => {
  const step = fc.tuple(
    fc.nat(2),
    fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 5_000_000 })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const shared = ActivityRecorder.share('writer', 16);
      const sums = run(shared, steps);
      const spans = readActivity(shared, 'writer', 1e9);
      const found = ACTIVITIES.writer.map(() => 0);
      let endNs = 0;
      for (const span of spans) {
        expect(span.startNs).toBeGreaterThanOrEqual(endNs);
        expect(span.endNs).toBeGreaterThan(span.startNs);
        endNs = span.endNs;
        found[span.kind] = (found[span.kind] ?? 0) + (span.endNs - span.startNs) / 1000;
      }
      expect(spans.length).toBeLessThanOrEqual(16 * 3);
      found.forEach((us, kind) => expect(us).toBeCloseTo(sums[kind] ?? 0, 1));
    }),
    { numRuns: 200 },
  );
});
