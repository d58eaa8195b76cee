// The clock of traces: microseconds of the monotonic clock, the same in every thread of the process.

/**
 * A function that tells the time, and the difference to performance.now() of this thread, whose zero is the start of
 * the thread.
 */
export interface TraceClock {
  readonly nowUs: () => number;
  /** Microseconds of performance.now() of this thread plus this are trace time. */
  readonly offsetUs: number;
}

export function traceClock(): TraceClock {
  const offsetUs = Number(process.hrtime.bigint()) / 1000 - performance.now() * 1000;
  return { nowUs: () => performance.now() * 1000 + offsetUs, offsetUs };
}
