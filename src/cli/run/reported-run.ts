// The frame around every command that moves data: reporters, signals, log file, and the exit code at the end.
import { EXIT } from '../../bytes/error-codes.ts';
import type { CliContext } from '../context.ts';
import { watchInterruption } from '../interruption.ts';
import { codeOf, exitCodeForError, messageOf } from '../render/error-text.ts';
import { HumanReporter } from '../render/human-reporter.ts';
import { jsonReporter } from '../render/json-line.ts';
import { openLogFile } from '../render/log-file.ts';
import { type CommandEvent, joinReporters, type Reporter } from '../render/reporter.ts';
import type { Role } from '../render/summary.ts';
import type { OutputRequest } from '../request/output-request.ts';

export interface RunSettings {
  readonly output: OutputRequest;
  readonly role: Role;
  /** Standard output carries data, so JSON lines go to standard error. */
  readonly dataOnStdout: boolean;
  /** The failure of a transfer is thrown at the end as well, so that its event needs no words. */
  readonly failuresAreThrown: boolean;
}

/** What a command is given to run with. */
export interface Run {
  readonly signal: AbortSignal;
  readonly report: (event: CommandEvent) => void;
  /** From here on SIGHUP calls this, and ends nothing. */
  readonly onHangUp: (listener: () => void) => void;
}

/**
 * Runs the body, says how it went, and sets the exit code of the context's process: that of the signal if
 * one came, else that of the error, else 0. Never throws.
 */
export async function reportedRun(
  context: CliContext,
  settings: RunSettings,
  body: (run: Run) => Promise<void>,
): Promise<void> {
  const reporters: Reporter[] = [peopleOrPrograms(context, settings)];
  const reporter = joinReporters(reporters);
  const interruption = watchInterruption(context, () => reporter.close());
  let exitCode: number = EXIT.done;
  try {
    const log = openLog(context, settings.output, (event) => reporters[0]?.event(event));
    if (log !== undefined) reporters.push(log);
    const run: Run = {
      signal: interruption.signal,
      report: (event) => reporter.event(event),
      onHangUp: (listener) => interruption.takeHangUp(listener),
    };
    await traced(context, settings, run, body);
    exitCode = interruption.exitCode() ?? EXIT.done;
  } catch (error) {
    exitCode = interruption.exitCode() ?? exitCodeForError(error);
    reporter.failure(error, exitCode);
  } finally {
    interruption.close();
    reporter.close();
  }
  context.process.exitCode = exitCode;
}

/** Runs the body, and writes its trace however it ends. */
async function traced(
  context: CliContext,
  { output, role }: RunSettings,
  run: Run,
  body: (run: Run) => Promise<void>,
): Promise<void> {
  const path = output.tracePath;
  if (path === undefined) return body(run);
  const { traceRun } = await import('./run-trace.ts');
  const trace = traceRun(path, role);
  try {
    await body(run);
  } finally {
    try {
      run.report({ event: 'traced', time: context.now(), path, events: trace.write() });
    } catch (error) {
      // The transfer has its own end, good or bad; the trace is lost.
      const [code, message] = [codeOf(error) ?? 'UNEXPECTED', messageOf(error)];
      run.report({ event: 'warning', transfer: '', time: context.now(), code, message });
    }
  }
}

function peopleOrPrograms(context: CliContext, settings: RunSettings): Reporter {
  const { stdout, stderr, env } = context.process;
  const { json, quiet, debug } = settings.output;
  if (json) return jsonReporter(settings.dataOnStdout ? stderr : stdout, context.now);
  const { role, failuresAreThrown } = settings;
  return new HumanReporter({ stream: stderr, environment: env, role, quiet, debug, failuresAreThrown });
}

function openLog(
  context: CliContext,
  output: OutputRequest,
  report: (event: CommandEvent) => void,
): Reporter | undefined {
  if (output.logDirectory === undefined) return undefined;
  return openLogFile({
    directory: output.logDirectory,
    verbosity: output.verbosity,
    processId: process.pid,
    now: context.now,
    onLost: (message) =>
      report({ event: 'warning', transfer: '', time: context.now(), code: 'LOG_UNWRITABLE', message }),
  });
}
