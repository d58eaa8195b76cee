// Programs of a contender, each under measure.mjs, and the wait for a TCP listener.
import { closeSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Program, ProgramOptions } from '../test/netns/program.ts';
import type { Side } from '../test/netns/side.ts';
import { createPipe } from '../src/sys/pipe.ts';
import type { Usage } from './contender.ts';
import { numberAt } from './json-number.ts';

const MEASURE = fileURLToPath(new URL('../../../bench/measure.mjs', import.meta.url));

/** Longest time a listener may take to appear, and a contender to end. */
const LISTEN_TIMEOUT_MS = 10_000;
const RUN_TIMEOUT_MS = 180_000;

let runs = 0;

/** What a program used and when, on the clock that all processes share (CLOCK_MONOTONIC, ms). */
export interface TimedUsage extends Usage {
  readonly startedMs: number;
  readonly endedMs: number;
}

/** That clock. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** A program that tells what it used when it has ended. */
export class Metered {
  readonly program: Program;
  #usagePath: string;

  constructor(side: Side, scratch: string, argv: readonly string[], options: ProgramOptions = {}) {
    runs += 1;
    this.#usagePath = `${scratch}/usage-${runs}.json`;
    this.program = side.start([process.execPath, MEASURE, this.#usagePath, ...argv], {
      sampleRss: false,
      ...options,
    });
  }

  /** Waits for the end and reads the usage. Throws, with what the program said, on a non-zero exit code. */
  async end(acceptedExitCodes: readonly number[] = [0]): Promise<TimedUsage> {
    const timer = setTimeout(() => this.program.signal('SIGTERM'), RUN_TIMEOUT_MS);
    const { code } = await this.program.exit;
    clearTimeout(timer);
    if (!acceptedExitCodes.includes(code)) throw new Error(`exit ${code}: ${this.program.describe()}`);
    const usage: unknown = JSON.parse(readFileSync(this.#usagePath, 'utf8'));
    return {
      cpuSeconds: numberAt(usage, 'cpuSeconds'),
      peakRssBytes: numberAt(usage, 'peakRssBytes'),
      startedMs: numberAt(usage, 'startedMs'),
      endedMs: numberAt(usage, 'endedMs'),
    };
  }
}

/** Resolves when something in the namespace of `side` listens on that TCP port. */
export async function tcpListener(side: Side, port: number): Promise<void> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const giveUp = monotonicMs() + LISTEN_TIMEOUT_MS;
  for (;;) {
    const tables = ['tcp', 'tcp6'].map((name) =>
      readFileSync(`/proc/${side.holderPid}/net/${name}`, 'latin1'),
    );
    const listening = tables
      .join('\n')
      .split('\n')
      .some((line) => {
        const [, local, , state] = line.trim().split(/\s+/);
        return state === '0A' && local?.endsWith(wanted) === true;
      });
    if (listening) return;
    if (monotonicMs() > giveUp) throw new Error(`nothing listens on TCP port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** `cat FILE` in `side` at the writing end of a 1 MiB pipe; returns the reading end, to be given away and closed. */
export function catFrom(side: Side, path: string): number {
  const pipe = createPipe();
  side.start(['cat', path], { stdout: pipe.writeFd });
  closeSync(pipe.writeFd);
  return pipe.readFd;
}

/** `cat >/dev/null` in `side` at the reading end of a 1 MiB pipe; returns the writing end and cat's end. */
export function catToNull(side: Side): { writeFd: number; ended: Promise<unknown> } {
  const pipe = createPipe();
  const cat = side.start(['sh', '-c', 'exec cat >/dev/null'], { stdin: pipe.readFd });
  closeSync(pipe.readFd);
  return { writeFd: pipe.writeFd, ended: cat.exit };
}
