// The frame around a command that moves no data: errors in words, and the exit code.
import type { CliContext } from '../context.ts';
import { hasColour } from '../render/colour.ts';
import { exitCodeForError, renderError } from '../render/error-text.ts';

/** Runs the body, which gives the exit code, and prints what it throws. Never throws. */
export async function framedRun(context: CliContext, body: () => Promise<number>): Promise<void> {
  try {
    context.process.exitCode = await body();
  } catch (error) {
    const { stderr, env } = context.process;
    stderr.write(`${renderError(error, { colour: hasColour(stderr, env), debug: false })}\n`);
    context.process.exitCode = exitCodeForError(error);
  }
}
