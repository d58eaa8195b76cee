// How much is said, where, and in which form. The same flags in every command that moves data.
import type { VerbosityLevel } from '../parse/verbosity.ts';

export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
  readonly verbosityLevel?: VerbosityLevel;
  readonly locale?: string;
  readonly logDir?: string;
  readonly trace?: string;
}

export interface OutputRequest {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Print the causes and stacks of errors. */
  readonly debug: boolean;
  /** Detail of the log file. */
  readonly verbosity: VerbosityLevel;
  readonly logDirectory?: string;
  readonly tracePath?: string;
}

/** --debug raises the log to `debug` too, unless a level is named. */
export function outputRequest(flags: OutputFlags): OutputRequest {
  return {
    json: flags.json ?? false,
    quiet: flags.quiet ?? false,
    debug: flags.debug ?? false,
    verbosity: flags.verbosityLevel ?? (flags.debug === true ? 'debug' : 'info'),
    ...(flags.logDir === undefined ? {} : { logDirectory: flags.logDir }),
    ...(flags.trace === undefined ? {} : { tracePath: flags.trace }),
  };
}
