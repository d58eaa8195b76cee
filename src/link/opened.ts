// What a link has opened so far, closed in the reverse order: at its end, or where the rest of it cannot be opened. A
// descriptor that is left open is open until the process ends, and the port with it.
import * as libc from '../sys/libc.ts';

export class Opened implements Disposable {
  readonly #undo: (() => void)[] = [];

  /** Takes over a descriptor. */
  fd(fd: number): number {
    this.#undo.push(() => libc.close(fd));
    return fd;
  }

  /** Takes over something that knows how to close itself. */
  part<T extends Disposable>(part: T): T {
    this.#undo.push(() => part[Symbol.dispose]());
    return part;
  }

  /** Closes everything; once. */
  [Symbol.dispose](): void {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) undo();
  }
}

/** Gives what `open` makes of what it opens; where it throws, that is closed again. */
export function opening<T>(open: (opened: Opened) => T): T {
  const opened = new Opened();
  try {
    return open(opened);
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}
