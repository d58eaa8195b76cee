// Scans a command line with a command's own flags and parsers, and hands back the flags instead of running it.
import { buildApplication, type Command, run } from '@stricli/core';
import { SETTINGS } from '../../src/cli/app.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { fakeContext } from './fake-context.ts';

export interface Scanned<F, A extends readonly unknown[]> {
  /** Undefined when the command line was refused. */
  readonly flags: F | undefined;
  readonly positional: A | undefined;
  /** What was said about it. */
  readonly stderr: string;
}

/** Words are split at blanks; quotes are those of the seed's document, around values without blanks. */
export async function scanFlags<F, A extends readonly unknown[] = []>(
  command: Command<CliContext>,
  line: string,
): Promise<Scanned<F, A>> {
  const context = fakeContext();
  let found: { flags: F; positional: A } | undefined;
  const recording: Command<CliContext> = {
    ...command,
    loader: () =>
      Promise.resolve((flags, ...positional) => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the command itself would be given
        found = { flags: flags as F, positional: positional as unknown as A };
      }),
  };
  const words = line
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => word.replaceAll("'", ''));
  await run(buildApplication(recording, SETTINGS), words, context);
  return { flags: found?.flags, positional: found?.positional, stderr: context.process.stderr.text };
}
