// The last line of a terminal, rewritten in place, with ordinary lines appearing above it.
import type { OutputStream } from '../context.ts';
import { cut } from './terminal-text.ts';

const COLUMNS_DEFAULT = 80;
const ERASE_LINE = '\r\x1b[K';

export class TerminalLine {
  readonly #stream: OutputStream;
  #shown = '';

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  /** Columns that a line may take: one fewer than there are, since a full line would wrap. */
  get columns(): number {
    return Math.max(1, (this.#stream.columns ?? COLUMNS_DEFAULT) - 1);
  }

  /** Shows the text in place of what was there. */
  show(text: string): void {
    const line = cut(text, this.columns);
    if (line === this.#shown) return;
    this.#shown = line;
    this.#stream.write(ERASE_LINE + line);
  }

  /** Takes the line away, so that the cursor stands at the start of an empty one. */
  clear(): void {
    if (this.#shown === '') return;
    this.#shown = '';
    this.#stream.write(ERASE_LINE);
  }

  /** Writes whole lines above the one that is rewritten. */
  print(text: string): void {
    const shown = this.#shown;
    this.clear();
    this.#stream.write(`${text}\n`);
    if (shown !== '') this.show(shown);
  }
}
