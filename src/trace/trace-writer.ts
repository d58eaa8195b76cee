// Writes a trace file event by event: beside its name first, so that a reader never finds half of one.
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { ZwireError } from '../bytes/zwire-error.ts';
import type { TraceInfo } from './trace-document.ts';
import type { TraceEvent } from './trace-event.ts';

const CHUNK_CHARACTERS = 1 << 18;

/** Writes a trace to a file while the transfer runs. */
export class TraceWriter implements Disposable {
  /** Events written. */
  events = 0;
  readonly path: string;
  readonly #aside: string;
  #fd: number | undefined;
  #chunk = '{"traceEvents":[\n';

  /** @throws ZwireError TRACE_UNWRITABLE: before anything runs, and not when it is over */
  constructor(path: string) {
    this.path = path;
    this.#aside = `${path}.partial-${process.pid}`;
    this.#fd = this.#attempt(() => openSync(this.#aside, 'wx', 0o640));
  }

  add(event: TraceEvent): void {
    this.#chunk += `${this.events === 0 ? '' : ',\n'}${JSON.stringify(event)}`;
    this.events++;
    if (this.#chunk.length >= CHUNK_CHARACTERS) this.#flush();
  }

  /** Ends the file and gives it its name. */
  finish(info: TraceInfo): void {
    this.#chunk += `\n],"displayTimeUnit":"ns","otherData":${JSON.stringify(info)}}\n`;
    this.#flush();
    this.#attempt(() => {
      this.#close();
      renameSync(this.#aside, this.path);
    });
  }

  #flush(): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    const bytes = Buffer.from(this.#chunk);
    this.#chunk = '';
    this.#attempt(() => {
      for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    });
  }

  #attempt<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ZwireError('TRACE_UNWRITABLE', `cannot write the trace ${this.path}: ${why}`, {
        fields: { path: this.path },
        hint: 'Name a file in a directory that exists and that this user may write to.',
        cause: error,
      });
    }
  }

  #close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }

  /** Without finish() nothing stays. */
  [Symbol.dispose](): void {
    if (this.#fd === undefined) return;
    this.#close();
    rmSync(this.#aside, { force: true });
  }
}
