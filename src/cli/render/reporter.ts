// What a command has to say while it runs and when it ends: to people, to programs (--json) and to a log file.
import type { TransferEvent } from '../../transfer/event.ts';

/** Events of the command line itself, beside those of the transfer. docs/operations/json-events.md lists all. */
export type CommandEvent =
  | TransferEvent
  | { readonly event: 'snapshot'; readonly time: number; readonly name: string }
  | { readonly event: 'traced'; readonly time: number; readonly path: string; readonly events: number }
  | {
      readonly event: 'error';
      readonly time: number;
      readonly code: string;
      readonly message: string;
      readonly hint?: string;
      /** The facts of the failure: names, addresses, counts. */
      readonly fields?: Readonly<Record<string, unknown>>;
      readonly exitCode: number;
    };

export interface Reporter {
  event(event: CommandEvent): void;
  /** The error that ends the command. Called at most once, last. */
  failure(error: unknown, exitCode: number): void;
  /** Leaves the terminal as it was, closes what is open. May be called more than once. */
  close(): void;
}

/** One reporter out of several. */
export function joinReporters(reporters: readonly Reporter[]): Reporter {
  return {
    event: (event) => reporters.forEach((reporter) => reporter.event(event)),
    failure: (error, exitCode) => reporters.forEach((reporter) => reporter.failure(error, exitCode)),
    close: () => reporters.forEach((reporter) => reporter.close()),
  };
}
