// What the bench compares: one way to move a file from side a to side b.
import type { Lab } from '../test/netns/lab.ts';

export interface NodeBinary {
  readonly path: string;
  readonly version: string;
}

/** The file to move, on a tmpfs. */
export interface Workload {
  readonly path: string;
  readonly bytes: number;
  /** Directory for throw-away files. */
  readonly scratch: string;
}

/** What one side of one run used. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

/** One run. */
export interface Sample {
  /** Rate of the transfer itself, bit/s. */
  readonly bitsPerSecond: number;
  /** Bytes over the time from the sender's start to the end of both programs, bit/s. */
  readonly wallBitsPerSecond: number;
  readonly bytes: number;
  readonly sender: Usage;
  readonly receiver: Usage;
}

export type MtuBytes = 1500 | 9000;

export interface Contender {
  readonly id: string;
  readonly title: string;
  readonly mtuBytes: MtuBytes;
  /** 'file': tmpfs file to /dev/null. 'pipe': cat into a 1 MiB pipe, out through another. */
  readonly feed: 'file' | 'pipe';
  /** The commands as one would type them: sender, receiver. */
  readonly commands: readonly [string, string];
  /** Why it cannot run here, if it cannot. */
  readonly missing?: string;
  run(lab: Lab, workload: Workload): Promise<Sample>;
}

/** Port of every TCP peer. */
export const TCP_PORT = 5201;

/** The sample of a run that is timed by its programs' start and end alone. */
export function timedSample(
  bytes: number,
  startedMs: number,
  endedMs: number,
  sender: Usage,
  receiver: Usage,
): Sample {
  const bitsPerSecond = (bytes * 8000) / (endedMs - startedMs);
  return { bitsPerSecond, wallBitsPerSecond: bitsPerSecond, bytes, sender, receiver };
}
