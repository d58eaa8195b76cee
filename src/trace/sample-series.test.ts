import { expect, it } from 'vitest';
import { SampleSeries } from './sample-series.ts';

it('keeps evenly spaced samples, the first and the newest, in bounded memory', () => {
  for (const count of [1, 7, 8, 9, 1000, 12_345]) {
    const series = new SampleSeries<number>(8);
    for (let sample = 0; sample < count; sample++) series.add(sample);
    const { samples } = series;
    expect(samples.length).toBeLessThanOrEqual(9);
    expect(samples[0]).toBe(0);
    expect(samples.at(-1)).toBe(count - 1);
    const steps = new Set(samples.slice(1, -1).map((sample, index) => sample - (samples[index] ?? 0)));
    expect(steps.size).toBeLessThanOrEqual(1);
  }
});
