// Messages to a worker that never returns to its event loop: a flag in shared memory says that there is mail, and
// receiveMessageOnPort fetches it in the middle of the loop. The way back is ordinary postMessage.
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

interface Postable {
  postMessage(message: unknown): void;
}

/** The main thread's end. */
export class MailSender<M> {
  readonly shared: SharedArrayBuffer = new SharedArrayBuffer(4);
  readonly #flag: Int32Array = new Int32Array(this.shared);
  #target: Postable | undefined;

  attach(target: Postable): void {
    this.#target = target;
  }

  post(message: M): void {
    this.#target?.postMessage(message);
    Atomics.add(this.#flag, 0, 1);
    Atomics.notify(this.#flag, 0);
  }
}

/** The worker's end. */
export class MailReceiver<M> {
  readonly #flag: Int32Array;
  readonly #port: MessagePort;
  #taken = 0;

  constructor(shared: SharedArrayBuffer, port: MessagePort) {
    this.#flag = new Int32Array(shared);
    this.#port = port;
  }

  /** The next message, or undefined: one load from memory when there is none. */
  take(): M | undefined {
    if (Atomics.load(this.#flag, 0) === this.#taken) return undefined;
    const received = receiveMessageOnPort(this.#port);
    if (received === undefined) return undefined;
    this.#taken++;
    // Both ends are built with the same M; messages never leave the process.
    const { message }: { message: M } = received;
    return message;
  }

  /** Sleeps until mail comes or the time is over. */
  wait(timeoutMs: number): void {
    Atomics.wait(this.#flag, 0, this.#taken, timeoutMs);
  }
}
