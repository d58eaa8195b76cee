// A writing thread that waits for its transfer. Starting one takes a tenth of a second of a processor, which a transfer
// that has just begun needs itself: so it is started beforehand, while nothing happens.
import { Worker } from 'node:worker_threads';
import { workerUrl } from './worker-url.ts';
import { DISMISSED } from './worker-message.ts';
import type { WriterData } from './writer-worker.ts';

export class StandbyWriter {
  #idle: Worker | undefined;

  /** Starts one unless there is one. */
  prepare(): void {
    if (this.#idle !== undefined) return;
    const worker = startWriter();
    // It keeps no process alive, and one that cannot start says so when it is taken.
    worker.unref();
    worker.once('error', () => {
      if (this.#idle === worker) this.#idle = undefined;
    });
    this.#idle = worker;
  }

  /** The waiting one, or a new one, with its work: from here on it is the caller's. */
  take(data: WriterData): Worker {
    const worker = this.#idle ?? startWriter();
    this.#idle = undefined;
    worker.removeAllListeners('error');
    worker.ref();
    worker.postMessage(data);
    return worker;
  }

  /**
   * Lets the waiting one end by itself. It may still be loading its modules, and a thread that is stopped while it
   * initializes a native one (koffi) takes the whole process with it.
   */
  async dispose(): Promise<void> {
    const idle = this.#idle;
    this.#idle = undefined;
    if (idle === undefined || idle.threadId === -1) return;
    idle.ref();
    const gone = new Promise((resolve) => idle.once('exit', resolve));
    idle.postMessage(DISMISSED);
    await gone;
  }
}

const startWriter = (): Worker => new Worker(workerUrl('writer-worker'));
