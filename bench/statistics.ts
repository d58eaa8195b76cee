// Medians with their spread, and the ratio to the reference of the same round.
import type { Contender, Sample } from './contender.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One contender's runs, one for each round; undefined where a run failed. */
export interface Series {
  readonly contender: Contender;
  readonly samples: (Sample | undefined)[];
  readonly failures: string[];
}

/** Median, least and greatest; undefined without values. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** A figure of every run that succeeded. */
export const figures = (series: Series, figure: (sample: Sample) => number): number[] =>
  series.samples.flatMap((sample) => (sample ? [figure(sample)] : []));

/** Rate over the reference's rate in the same round, for the rounds where both ran. */
export function ratios(series: Series, reference: Series | undefined): number[] {
  return series.samples.flatMap((sample, round) => {
    const base = reference?.samples[round];
    return sample && base ? [sample.bitsPerSecond / base.bitsPerSecond] : [];
  });
}
