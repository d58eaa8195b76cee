// One `zfs` command that lists or changes: runs it, turns a failure into its typed error, and cuts the `-Hp`
// output (a line each, fields between TABs, `-` for none; names may contain spaces) into rows.
import { ZwireError } from '../bytes/zwire-error.ts';
import { commandLine, runProcess } from '../exec/process.ts';
import { isMissing, zfsErrorFrom } from './error.ts';

export interface CommandOptions {
  readonly signal?: AbortSignal | undefined;
  /** The dataset it is about, for the error's fields. */
  readonly dataset?: string;
}

/** Runs `zfs ARGS` and gives its stdout. Throws the typed error of its stderr, or what runProcess throws. */
export async function runZfs(args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runProcess(
    'zfs',
    args,
    options.signal === undefined ? {} : { signal: options.signal },
  );
  if (result.exitCode === 0) return result.stdout;
  throw zfsErrorFrom(result.stderr, {
    action: commandLine('zfs', args),
    exitCode: result.exitCode,
    signal: result.signal,
    ...(options.dataset === undefined ? {} : { dataset: options.dataset }),
  });
}

/** Rows of exactly `columns` fields. A thing that does not exist gives undefined, not an error. */
export async function listRows(
  args: readonly string[],
  columns: number,
  options: CommandOptions = {},
): Promise<string[][] | undefined> {
  try {
    return parseRows(await runZfs(args, options), columns, args);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Rows of those of the named things that exist: `zfs list a b` prints what it finds and fails for the rest.
 * Throws when it failed for any other reason.
 */
export async function listPresentRows(
  args: readonly string[],
  columns: number,
  options: CommandOptions = {},
): Promise<string[][]> {
  const result = await runProcess(
    'zfs',
    args,
    options.signal === undefined ? {} : { signal: options.signal },
  );
  const complaints = result.stderr.split('\n').filter((line) => line !== '' && !MISSING_LINE.test(line));
  if (result.exitCode !== null && complaints.length === 0) return parseRows(result.stdout, columns, args);
  throw zfsErrorFrom(complaints.join('\n'), {
    action: commandLine('zfs', args),
    exitCode: result.exitCode,
    signal: result.signal,
  });
}

/** The second form is exec/bounded-text.ts's mark; the lines beside it may be cut. */
const MISSING_LINE = /^cannot open '[^'\n]+': dataset does not exist$|^\[\.\.\. \d+ bytes left out \.\.\.\]$/;

/** Cuts `-H` output into rows. Throws ZFS_OUTPUT_UNEXPECTED when a line has not exactly `columns` fields. */
export function parseRows(stdout: string, columns: number, args: readonly string[]): string[][] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const row = line.split('\t');
    if (row.length === columns) return row;
    throw unexpectedOutput(args, `a line of ${row.length} fields instead of ${columns}`, line);
  });
}

/** A guid, txg or size as printed with `-p`. Throws ZFS_OUTPUT_UNEXPECTED when it is no decimal number. */
export function parseNumber(text: string | undefined, what: string): bigint {
  if (text !== undefined && /^[0-9]{1,20}$/.test(text)) return BigInt(text);
  throw unexpectedOutput(['list'], `no number for ${what}`, text ?? '');
}

/** The error of output that cannot be read; `what` says what is wrong with it. */
export function unexpectedOutput(args: readonly string[], what: string, line: string): ZwireError {
  const shown = line.slice(0, 300);
  return new ZwireError(
    'ZFS_OUTPUT_UNEXPECTED',
    `cannot read what ${commandLine('zfs', args)} printed: ${what}: ${JSON.stringify(shown)}`,
    { fields: { line: shown }, hint: 'See zfs version: zwire knows OpenZFS 2.1 and later.' },
  );
}
