// `zwire inspect`, loaded when it runs.
import { EXIT } from '../../bytes/error-codes.ts';
import type { CliContext } from '../context.ts';
import { watchInterruption } from '../interruption.ts';
import { hasColour } from '../render/colour.ts';
import { exitCodeForError, renderError } from '../render/error-text.ts';
import { errorEvent, jsonLine } from '../render/json-line.ts';
import { runInspectStream, runInspectToken } from '../run/run-inspect.ts';
import { usageError } from '../usage-error.ts';
import type { InspectFlags } from './inspect-command.ts';

export async function inspect(
  context: CliContext,
  flags: InspectFlags,
  file: string | undefined,
): Promise<void> {
  const interruption = watchInterruption(context, () => undefined);
  let exitCode: number = EXIT.done;
  try {
    if (flags.token !== undefined) inspectToken(context, flags, file);
    else await inspectStream(context, flags, file, interruption.signal);
    exitCode = interruption.exitCode() ?? EXIT.done;
  } catch (error) {
    exitCode = interruption.exitCode() ?? exitCodeForError(error);
    sayError(context, flags, error, exitCode);
  } finally {
    interruption.close();
  }
  context.process.exitCode = exitCode;
}

function inspectToken(context: CliContext, flags: InspectFlags, file: string | undefined): void {
  if (file !== undefined || flags.records === true || flags.partial === true)
    throw usageError('--token takes no file, --records or --partial', 'zwire inspect --token TOKEN');
  runInspectToken(context, flags.token ?? '', flags.json ?? false);
}

async function inspectStream(
  context: CliContext,
  flags: InspectFlags,
  file: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (file === undefined)
    throw usageError('a file is missing', 'zwire inspect FILE, or zfs send ... | zwire inspect -');
  const { records = false, partial = false, json = false } = flags;
  await runInspectStream(context, { file, records, partial, json, signal });
}

function sayError(context: CliContext, flags: InspectFlags, error: unknown, exitCode: number): void {
  const { stdout, stderr, env } = context.process;
  const style = { colour: hasColour(stderr, env), debug: flags.debug ?? false };
  if (flags.json === true) stdout.write(`${jsonLine(errorEvent(error, exitCode, context.now()))}\n`);
  else stderr.write(`${renderError(error, style)}\n`);
}
