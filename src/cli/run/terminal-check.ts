// Data does not go to a terminal, and is not typed at one: almost always a forgotten redirection.
import { ZwireError } from '../../bytes/zwire-error.ts';
import type { CliContext } from '../context.ts';

/** @throws ZwireError TERMINAL_REFUSED */
export function refuseTerminalOutput(context: CliContext): void {
  if (context.process.stdout.isTTY !== true) return;
  throw new ZwireError('TERMINAL_REFUSED', 'cannot write what arrives to a terminal', {
    hint: 'Redirect it: zwire receive --file - > out.img, or zwire receive --file - | tar x',
  });
}

/** @throws ZwireError TERMINAL_REFUSED */
export function refuseTerminalInput(context: CliContext): void {
  if (!context.stdinIsTerminal) return;
  throw new ZwireError('TERMINAL_REFUSED', 'cannot send from a terminal', {
    hint: 'Redirect it: zwire send --file - < x.img, or tar c DIR | zwire send --file -',
  });
}
