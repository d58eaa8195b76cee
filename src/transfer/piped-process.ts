// A program with one end of a real pipe, the other end ours: `zfs send` writing, `zfs receive` reading.
import type { ExitStatus, RunningProcess } from '../exec/process.ts';
import { closeDescriptor } from '../sys/descriptor.ts';
import { createPipe } from '../sys/pipe.ts';

/** How long abort() waits for a program that SIGKILL cannot end, because it sleeps in the kernel. */
const UNKILLABLE_MS = 5000;

export class PipedProcess {
  /** Our end: it reads what the program writes, or the other way round. Closed by finish() and abort(). */
  readonly fd: number;
  readonly #running: RunningProcess;
  #open = true;
  #ended = false;

  private constructor(fd: number, running: RunningProcess) {
    this.fd = fd;
    this.#running = running;
    void running.exit.then(() => {
      this.#ended = true;
    });
  }

  /** `start` gives the program its end, which is closed here once the program has it. Throws what `start` throws. */
  static async start(
    ourEnd: 'read' | 'write',
    start: (theirFd: number) => Promise<RunningProcess>,
  ): Promise<PipedProcess> {
    const pipe = createPipe();
    const [ours, theirs] = ourEnd === 'read' ? [pipe.readFd, pipe.writeFd] : [pipe.writeFd, pipe.readFd];
    try {
      return new PipedProcess(ours, await start(theirs));
    } catch (error) {
      closeDescriptor(ours);
      throw error;
    } finally {
      closeDescriptor(theirs);
    }
  }

  /** Closes our end, which a reading program takes for the end of its data, and waits for the program. */
  finish(): Promise<ExitStatus> {
    this.#close();
    return this.#running.exit;
  }

  /**
   * Kills, closes, waits, in this order: a program that reads must not take the end of the pipe for the end of its
   * data, and one that writes may only notice a closed pipe. Gives how the program ended when that has a reason of
   * its own, undefined when the kill is all that ended it.
   */
  async abort(): Promise<ExitStatus | undefined> {
    const endedBefore = this.#ended;
    this.#running.kill();
    this.#close();
    const status = await withinMs(this.#running.exit, UNKILLABLE_MS);
    if (status === undefined) return undefined;
    // A program that fails may be caught between its last words and its exit; a killed one says nothing.
    const hadReason = endedBefore || status.exitCode !== null || status.stderr.trim() !== '';
    return hadReason ? status : undefined;
  }

  #close(): void {
    if (this.#open) closeDescriptor(this.fd);
    this.#open = false;
  }
}

function withinMs<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    void promise.then((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
