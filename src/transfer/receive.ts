// Receives transfers, one after another and several at once: asks the policy where each goes, runs its writer, commits
// what the receiving worker has verified, and cleans up what it has not.
import { Worker } from 'node:worker_threads';
import { ZwireError } from '../bytes/zwire-error.ts';
import type { LinkOptions } from './endpoint.ts';
import type { EventBody, EventListener } from './event.ts';
import { FreshnessStore } from './freshness-store.ts';
import { listened } from './listened.ts';
import { MailSender } from './mailbox.ts';
import { Reception, type ReceptionHost } from './reception.ts';
import { shareTrack } from './share-track.ts';
import { interrupted } from './send.ts';
import type { SinkPolicy } from './sink.ts';
import { StandbyWriter } from './standby-writer.ts';
import type { AuthorizedSender, ReceiverKeys } from './transfer-keys.ts';
import { tell } from './teller.ts';
import {
  type DoorKeys,
  type Failure,
  type ReceiverData,
  type ReceiverMail,
  type ReceiverMessage,
  errorOf,
  failureOf,
} from './worker-message.ts';
import { workerUrl } from './worker-url.ts';

/** Where and how receive() takes transfers. */
export interface ReceiveOptions {
  readonly link: LinkOptions;
  readonly wire: 'v1' | 'v0';
  readonly sink: SinkPolicy;
  /** End after the first transfer, with its result. */
  readonly once: boolean;
  /** A sender not heard for this long is given up, and so is a transfer whose sink is not open by then. */
  readonly timeoutMs: number;
  readonly maxTransfers: number;
  /** Memory for what has arrived and is not yet written, bytes. */
  readonly poolBytes: number;
  readonly insecure: boolean;
  /** Absent: the open suite, which keeps nobody out. The secrets in it are wiped at the end. */
  readonly keys?: ReceiverKeys;
  /** A descriptor open for appending: what opens each transfer is written to it (key-log.ts). For looking at captures. */
  readonly keyLog?: number;
  readonly signal: AbortSignal;
  readonly onEvent: EventListener;
  /** Called once, when the sockets are open and nothing has been taken; what it throws ends the receiver. */
  readonly onOpen?: () => void;
}

/** How many transfers receive() took, and how they ended. */
export interface ReceiveSummary {
  readonly committed: number;
  readonly failed: number;
}

/**
 * Resolves when `signal` ends an idle receiver, or after the first transfer with `once`. Throws that transfer's error
 * with `once`; INTERRUPTED when the signal broke transfers off; and what keeps the receiver from listening at all.
 */
export async function receive(options: ReceiveOptions): Promise<ReceiveSummary> {
  if (options.wire === 'v0') {
    const { receiveV0 } = await import('./v0-receive.ts');
    return listened(options, receiveV0);
  }
  return listened(options, (guarded) => receiveThrough('receiver-worker', guarded));
}

/** Receives with the worker of this name, which speaks ReceiverMail and ReceiverMessage. */
export function receiveThrough(worker: string, options: ReceiveOptions): Promise<ReceiveSummary> {
  return new Receiving(worker, options).run();
}

/** What the worker needs to know who is at the door. */
function doorKeys({ identity, psk, authorized, cipher }: ReceiverKeys): DoorKeys {
  return {
    identity,
    ...(psk === undefined ? {} : { psk }),
    authorized: authorized.map(({ publicKey }) => publicKey),
    ...(cipher === undefined ? {} : { cipher }),
  };
}

const ENDED_BY_ITSELF: Failure = {
  code: 'SYSTEM_CALL_FAILED',
  message: 'the receiving thread ended by itself',
};

class Receiving implements ReceptionHost {
  readonly options: ReceiveOptions;
  readonly mail: MailSender<ReceiverMail> = new MailSender();
  poolAddress = 0;
  poolBytes = 0;
  slotBytes = 0;
  readonly freshness: FreshnessStore | undefined;
  readonly writers: StandbyWriter = new StandbyWriter();
  authorized: readonly AuthorizedSender[];
  readonly #worker: string;
  readonly #receptions: Map<string, Reception> = new Map();
  #committed = 0;
  #failed = 0;
  #firstError: unknown;
  #begun = false;
  #stopping = false;
  #workerFailure: Failure | undefined;

  constructor(worker: string, options: ReceiveOptions) {
    this.#worker = worker;
    this.options = options;
    this.authorized = options.keys?.authorized ?? [];
    const stateDirectory = options.keys?.stateDirectory;
    this.freshness = stateDirectory === undefined ? undefined : new FreshnessStore(stateDirectory);
  }

  emit(transfer: string, body: EventBody): void {
    tell(this.options.onEvent, transfer, body);
  }

  async run(): Promise<ReceiveSummary> {
    const { link, timeoutMs, once, poolBytes, signal } = this.options;
    if (signal.aborted) throw interrupted();
    // The first is the only one.
    const maxTransfers = once ? 1 : this.options.maxTransfers;
    const { keys, keyLog } = this.options;
    const workerData: ReceiverData = {
      link,
      timeoutMs,
      maxTransfers,
      poolBytes,
      mail: this.mail.shared,
      ...(keys === undefined ? {} : { keys: doorKeys(keys) }),
      ...(keyLog === undefined ? {} : { keyLog }),
      ...shareTrack('', 'receiver'),
    };
    const worker = new Worker(workerUrl(this.#worker), { workerData });
    this.mail.attach(worker);
    const onAbort = (): void => void this.#interrupt();
    signal.addEventListener('abort', onAbort, { once: true });
    const unwatch = keys?.watchAuthorized?.((authorized) => this.#authorize(authorized));
    try {
      await this.#listen(worker);
    } finally {
      unwatch?.();
      signal.removeEventListener('abort', onAbort);
      await Promise.all([worker.terminate(), this.writers.dispose()]);
      keys?.identity.fill(0);
      keys?.psk?.fill(0);
    }
    if (this.#firstError !== undefined) throw this.#firstError;
    return { committed: this.#committed, failed: this.#failed };
  }

  #listen(worker: Worker): Promise<void> {
    return new Promise((resolve, reject) => {
      worker.on('message', (message: ReceiverMessage) => {
        if (message.kind === 'listening') this.#onListening(message, reject);
        else if (message.kind === 'stopped') resolve();
        else if (message.kind === 'error') void this.#workerFailed(message.failure).then(reject);
        else this.#onMessage(message);
      });
      worker.on('error', (error) => void this.#workerFailed(failureOf(error)).then(reject));
      // Where one of the others has come before, it has the better reason, and this changes nothing.
      worker.on('exit', () => void this.#workerFailed(ENDED_BY_ITSELF).then(reject));
    });
  }

  /** Without the worker no transfer goes on; no sink may be left open, and no `zfs receive` running. */
  async #workerFailed(failure: Failure): Promise<ZwireError> {
    this.#stopping = true;
    this.#workerFailure ??= failure;
    const reason = this.#workerFailure;
    await Promise.all([...this.#receptions.values()].map((reception) => reception.fail(reason)));
    return errorOf(reason);
  }

  #onMessage(message: Exclude<ReceiverMessage, { kind: 'listening' | 'stopped' | 'error' }>): void {
    if (message.kind === 'turnedAway') {
      const { peer, message: reason } = message;
      this.emit('', { event: 'refused', code: 'TARGET_BUSY', message: reason, peer });
      return;
    }
    if (message.kind === 'strangers') {
      this.emit('', { event: 'warning', code: 'STRANGERS_IGNORED', message: message.message });
      return;
    }
    if (message.kind === 'announced') {
      // Too late; the worker hears it too, at the latest when what is interrupted has been cleaned up.
      if (this.#stopping || this.options.signal.aborted) return;
      // The end of the first would cut this one off; the worker has room for it as soon as the first has its result.
      if (this.options.once && this.#begun) {
        const reason = 'this receiver ends with its first transfer, and has begun it';
        this.mail.post({ kind: 'refuse', transfer: message.transfer, code: 'BUSY', message: reason });
        return;
      }
      this.#begun = true;
      const reception = new Reception(this, message);
      this.#receptions.set(message.transfer, reception);
      reception.begin();
      return;
    }
    const reception = this.#receptions.get(message.transfer);
    if (reception === undefined) return;
    switch (message.kind) {
      case 'verified':
        reception.verified();
        break;
      case 'broken':
        void reception.fail(message.failure);
        break;
      case 'closed':
        this.#receptions.delete(message.transfer);
        if (this.options.once) this.#stop();
        else if (this.#receptions.size === 0 && !this.#stopping) this.writers.prepare();
    }
  }

  #onListening(
    message: Extract<ReceiverMessage, { kind: 'listening' }>,
    reject: (error: unknown) => void,
  ): void {
    try {
      this.options.onOpen?.();
    } catch (error) {
      reject(error);
      return;
    }
    this.poolAddress = message.poolAddress;
    this.poolBytes = message.poolBytes;
    this.slotBytes = message.slotBytes;
    this.writers.prepare();
    const { link } = this.options;
    this.emit('', {
      event: 'listening',
      mode: link.kind,
      endpoint: message.endpoint,
      port: link.port,
      mtuBytes: message.mtuBytes,
    });
    if (message.advice !== undefined)
      this.emit('', { event: 'warning', code: 'SMALL_BUFFER', message: message.advice });
  }

  /** A transfer has its result; with `once` the first one's is ours. */
  settled(error: unknown): void {
    if (error === undefined) this.#committed++;
    else this.#failed++;
    if (this.options.once && error !== undefined) this.#firstError ??= error;
  }

  async #interrupt(): Promise<void> {
    const failedBefore = this.#failed;
    await Promise.all(
      [...this.#receptions.values()].map((reception) =>
        reception.fail({ code: 'INTERRUPTED', message: 'the receiver was interrupted' }),
      ),
    );
    // What was committed within its moment was not broken off.
    if (this.#failed > failedBefore) this.#firstError = interrupted();
    this.#stop();
  }

  /** Another list: for transfers that come from here on, and against those of senders that are not on it any more. */
  #authorize(authorized: readonly AuthorizedSender[]): void {
    this.authorized = authorized;
    this.mail.post({ kind: 'authorized', authorized: authorized.map(({ publicKey }) => publicKey) });
    for (const reception of this.#receptions.values()) reception.checkSender();
  }

  #stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.mail.post({ kind: 'stop' });
  }
}
