// A context for the command line that records what is said, and lets a test send signals and move the clock.
import { EventEmitter } from 'node:events';
import type { CliContext, OutputStream } from '../../src/cli/context.ts';

export class RecordingStream implements OutputStream {
  text = '';
  isTTY: boolean;
  columns: number;

  constructor(options: { isTTY?: boolean; columns?: number } = {}) {
    this.isTTY = options.isTTY ?? false;
    this.columns = options.columns ?? 80;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }

  getColorDepth(): number {
    return this.isTTY ? 8 : 1;
  }

  /** What a terminal would show now, line by line: \r and erase-to-end-of-line are obeyed. */
  get screen(): string[] {
    const lines = [''];
    let column = 0;
    for (const piece of this.text.match(/\x1b\[K|\x1b\[[0-9;]*m|\r|\n|[^\x1b\r\n]+/g) ?? []) {
      const last = lines.length - 1;
      const line = lines[last] ?? '';
      if (piece === '\n') {
        lines.push('');
        column = 0;
      } else if (piece === '\r') column = 0;
      else if (piece === '\x1b[K') lines[last] = line.slice(0, column);
      else if (!piece.startsWith('\x1b')) {
        lines[last] = line.slice(0, column) + piece + line.slice(column + piece.length);
        column += piece.length;
      }
    }
    return lines;
  }
}

export interface FakeContext extends CliContext {
  readonly process: {
    readonly stdout: RecordingStream;
    readonly stderr: RecordingStream;
    readonly env: Record<string, string>;
    exitCode?: number | string | null;
  };
  readonly signals: EventEmitter;
  /** Exit codes that exitNow was called with. */
  readonly exits: number[];
}

export interface FakeContextOptions {
  readonly stdoutIsTerminal?: boolean;
  readonly stderrIsTerminal?: boolean;
  readonly stdinIsTerminal?: boolean;
  readonly columns?: number;
  readonly env?: Record<string, string>;
}

export function fakeContext(options: FakeContextOptions = {}): FakeContext {
  const columns = options.columns ?? 80;
  const exits: number[] = [];
  return {
    process: {
      stdout: new RecordingStream({ isTTY: options.stdoutIsTerminal ?? false, columns }),
      stderr: new RecordingStream({ isTTY: options.stderrIsTerminal ?? false, columns }),
      // No files of whoever runs the tests.
      env: options.env ?? { HOME: '/nonexistent' },
    },
    stdinIsTerminal: options.stdinIsTerminal ?? false,
    signals: new EventEmitter(),
    exits,
    exitNow: (code) => void exits.push(code),
    now: () => 1_795_402_431_000,
  };
}
