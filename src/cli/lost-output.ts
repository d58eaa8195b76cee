// Standard output that cannot be written. A reader that went away (`zwire ... | head`) wanted no more, and a transfer goes
// on without its events; but a listing that a full disk has cut short was not done.
import { EXIT } from '../bytes/error-codes.ts';

/** The part of a process that this needs. */
export interface OutputProcess {
  readonly stdout: {
    on(event: 'error', listener: (error: Error & { readonly code?: string }) => void): unknown;
  };
  readonly stderr: { write(text: string): unknown };
  exitCode?: number | string | null | undefined;
  once(event: 'exit', listener: () => void): unknown;
}

/** To be called before anything is written. */
export function watchOutput(process: OutputProcess, [command = '']: readonly string[]): void {
  const transfers = command === 'send' || command === 'receive' || isSeedForm(command);
  let reason: string | undefined;
  process.stdout.on('error', (error) => {
    if (error.code !== 'EPIPE') reason ??= error.message;
  });
  process.once('exit', () => {
    if (reason === undefined) return;
    process.stderr.write(
      `zwire: ${transfers ? 'warning: ' : ''}cannot write standard output: ${reason} (FILE_UNWRITABLE)\n`,
    );
    if (!transfers && process.exitCode === EXIT.done) process.exitCode = EXIT.environment;
  });
}

/** Its first argument is a flag; help and version say something and move nothing. */
function isSeedForm(first: string): boolean {
  return first.startsWith('--') && first !== '--help' && first !== '--version';
}
