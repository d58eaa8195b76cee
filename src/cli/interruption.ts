// Ctrl-C and kill: the first signal aborts in good order, the second ends the process at once.
import { constants } from 'node:os';
import { ZwireError } from '../bytes/zwire-error.ts';
import { type CliContext, ENDING_SIGNALS, type EndingSignal } from './context.ts';

export interface Interruption {
  /** Aborted, with a ZwireError INTERRUPTED as its reason, when a signal came. */
  readonly signal: AbortSignal;
  /** 128 + the number of the signal that came, as shells count; undefined when none did. */
  exitCode(): number | undefined;
  /** Another meaning for SIGHUP: it calls this, and ends nothing. */
  takeHangUp(listener: () => void): void;
  /** Gives the signals back to whoever handled them before. */
  close(): void;
}

/** `restoreTerminal` runs before a second signal ends the process. */
export function watchInterruption(
  context: Pick<CliContext, 'signals' | 'exitNow'>,
  restoreTerminal: () => void,
): Interruption {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let onHangUp: (() => void) | undefined;
  const onSignal = (signal: EndingSignal): void => {
    if (signal === 'SIGHUP' && onHangUp !== undefined) {
      onHangUp();
      return;
    }
    if (exitCode !== undefined) {
      restoreTerminal();
      context.exitNow(exitCode);
      return;
    }
    exitCode = 128 + constants.signals[signal];
    controller.abort(new ZwireError('INTERRUPTED', `interrupted by ${signal}`, { fields: { signal } }));
  };
  for (const name of ENDING_SIGNALS) context.signals.on(name, onSignal);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    takeHangUp: (listener) => {
      onHangUp = listener;
    },
    close: () => {
      for (const name of ENDING_SIGNALS) context.signals.off(name, onSignal);
    },
  };
}
