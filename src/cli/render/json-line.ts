// Events as JSON lines (--json and --log-dir): one object a line, bigint as decimal strings.
import type { OutputStream } from '../context.ts';
import { codeOf, factsOf, hintOf, messageOf } from './error-text.ts';
import type { CommandEvent, Reporter } from './reporter.ts';

/** The line without its newline. `event`, `time` and `transfer` come first, for those who read along. */
export function jsonLine(event: CommandEvent, extra: Readonly<Record<string, unknown>> = {}): string {
  const { event: name, time, ...rest } = event;
  const transfer = 'transfer' in event ? { transfer: event.transfer } : {};
  return JSON.stringify({ event: name, time, ...transfer, ...extra, ...rest }, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

/** The event that an error becomes. Errors without a code of ours are `UNEXPECTED`. */
export function errorEvent(error: unknown, exitCode: number, time: number): CommandEvent {
  const hint = hintOf(error);
  const fields = factsOf(error);
  return {
    event: 'error',
    time,
    code: codeOf(error) ?? 'UNEXPECTED',
    message: messageOf(error),
    ...(hint === undefined ? {} : { hint }),
    ...(fields.length === 0 ? {} : { fields: Object.fromEntries(fields) }),
    exitCode,
  };
}

/** Writes every event to the stream, in the order in which they come. */
export function jsonReporter(stream: OutputStream, now: () => number): Reporter {
  return {
    event: (event) => void stream.write(`${jsonLine(event)}\n`),
    failure: (error, exitCode) => void stream.write(`${jsonLine(errorEvent(error, exitCode, now()))}\n`),
    close: () => undefined,
  };
}
