// What a command line needs of its process: streams, environment, signals, a clock. Tests hand in their own.
import type { CommandContext } from '@stricli/core';

/** The part of a Node stream that output needs. `columns` changes when the terminal's window does. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  getColorDepth?(environment?: Readonly<Partial<Record<string, string>>>): number;
}

/** The signals that end a transfer in good order. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type EndingSignal = (typeof ENDING_SIGNALS)[number];

export interface SignalSource {
  on(signal: EndingSignal, listener: (signal: EndingSignal) => void): unknown;
  off(signal: EndingSignal, listener: (signal: EndingSignal) => void): unknown;
}

export interface CliContext extends CommandContext {
  readonly process: {
    readonly stdout: OutputStream;
    readonly stderr: OutputStream;
    readonly env: Readonly<Partial<Record<string, string>>>;
    exitCode?: number | string | null;
  };
  readonly stdinIsTerminal: boolean;
  readonly signals: SignalSource;
  /** Ends the process at once, whatever still runs. */
  readonly exitNow: (exitCode: number) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
