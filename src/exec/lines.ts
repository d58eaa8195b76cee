// What a program prints, line by line while it prints: a list of any length in bounded memory.
import { ZwireError } from '../bytes/zwire-error.ts';
import { commandLine, type ExitStatus, startReading, throwIfAborted } from './process.ts';

/** Most characters of one line; a listing has names of 255 bytes and values of 8 KiB at most. */
export const LINE_CHARACTERS_MAX: number = 1024 * 1024;

export interface LinesOptions {
  /** A descriptor for what it writes, which the caller closes; the lines are then those of its stderr. */
  readonly stdout?: number;
  readonly signal?: AbortSignal | undefined;
  /** Told how the program ended, after its last line. What it throws ends the iteration. */
  readonly onExit: (status: ExitStatus) => void;
}

/**
 * Runs a program and gives its lines in batches, as they arrive, without their newlines. A slow reader holds the
 * program back; one that leaves the loop ends it. Throws what startProcess throws, INTERRUPTED, and
 * PROGRAM_OUTPUT_TOO_LARGE for a line without an end.
 */
export async function* readLines(
  file: string,
  args: readonly string[],
  options: LinesOptions,
): AsyncGenerator<string[], void, undefined> {
  const { running, words } = await startReading(file, args, options);
  try {
    let rest = '';
    words.setEncoding('utf8');
    for await (const chunk of words) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LINE_CHARACTERS_MAX) throw endless(file, args);
      if (lines.length > 0) yield lines;
    }
    const status = await running.exit;
    throwIfAborted(file, options.signal);
    if (rest !== '') yield [rest];
    options.onExit(status);
  } finally {
    running.kill('SIGKILL');
    words.destroy();
    await running.exit;
  }
}

function endless(file: string, args: readonly string[]): ZwireError {
  return new ZwireError(
    'PROGRAM_OUTPUT_TOO_LARGE',
    `${commandLine(file, args)} printed a line of more than ${LINE_CHARACTERS_MAX} characters, and was stopped`,
    { fields: { program: file, maxBytes: LINE_CHARACTERS_MAX } },
  );
}
