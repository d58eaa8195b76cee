// The log file of --log-dir: events as JSON lines with a level, in a file of its own for each run.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { VERBOSITY_LEVELS, type VerbosityLevel } from '../parse/verbosity.ts';
import { messageOf } from './error-text.ts';
import { errorEvent, jsonLine } from './json-line.ts';
import type { CommandEvent, Reporter } from './reporter.ts';

/** Progress is logged at most this often; a transfer tells it more often than a log needs. */
const PROGRESS_INTERVAL_MS = 1000;

/** Every event there is. */
export const LEVELS: Readonly<Record<CommandEvent['event'], VerbosityLevel>> = {
  error: 'error',
  finished: 'info',
  warning: 'warning',
  refused: 'warning',
  listening: 'info',
  announced: 'info',
  accepted: 'info',
  snapshot: 'info',
  traced: 'info',
  progress: 'debug',
};

/** The level of an event; the log holds those up to its own level. */
export function levelOf(event: CommandEvent): VerbosityLevel {
  return event.event === 'finished' && event.outcome === 'failed' ? 'error' : LEVELS[event.event];
}

/** `zwire-20261123T025351Z-4711.jsonl`: the time in UTC, and the process. */
export function logFileName(timeMs: number, processId: number): string {
  const stamp = new Date(timeMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `zwire-${stamp}-${processId}.jsonl`;
}

export interface LogFileOptions {
  readonly directory: string;
  readonly verbosity: VerbosityLevel;
  readonly processId: number;
  readonly now: () => number;
  /** Called once when the file cannot be written any more; the run goes on without it. */
  readonly onLost: (message: string) => void;
}

/**
 * Opens a new file in the directory, which is made if need be. Written synchronously: events are few, and
 * the last ones before a crash are those that matter.
 * @throws ZwireError LOG_UNWRITABLE
 */
export function openLogFile(options: LogFileOptions): Reporter {
  const path = join(options.directory, logFileName(options.now(), options.processId));
  let descriptor: number | undefined = create(options.directory, path);
  let progressTime = Number.NEGATIVE_INFINITY;

  const close = (): void => {
    const open = descriptor;
    descriptor = undefined;
    try {
      if (open !== undefined) closeSync(open);
    } catch {
      // A network file system may report a late write error here. The log is lost; the run is not.
    }
  };
  const append = (event: CommandEvent): void => {
    const level = levelOf(event);
    if (descriptor === undefined || !isWithin(level, options.verbosity)) return;
    if (event.event === 'progress') {
      if (event.time - progressTime < PROGRESS_INTERVAL_MS) return;
      progressTime = event.time;
    }
    try {
      writeSync(descriptor, `${jsonLine(event, { level })}\n`);
    } catch (error) {
      close();
      options.onLost(`the log ${path} cannot be written any more: ${messageOf(error)}`);
    }
  };
  return {
    event: append,
    failure: (error, exitCode) => append(errorEvent(error, exitCode, options.now())),
    close,
  };
}

function isWithin(level: VerbosityLevel, verbosity: VerbosityLevel): boolean {
  return VERBOSITY_LEVELS.indexOf(level) <= VERBOSITY_LEVELS.indexOf(verbosity);
}

function create(directory: string, path: string): number {
  try {
    mkdirSync(directory, { recursive: true });
    // Not over an existing file, and readable to the group only: names of datasets are in it.
    return openSync(path, 'wx', 0o640);
  } catch (error) {
    throw new ZwireError('LOG_UNWRITABLE', `cannot write a log in ${directory}: ${messageOf(error)}`, {
      fields: { directory },
      hint: 'Give a directory that this user may write to, or leave --log-dir out.',
      cause: error,
    });
  }
}
