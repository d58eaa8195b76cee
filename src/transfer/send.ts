// Sends one transfer: describes the source, starts the worker, opens the source when the receiver has accepted, and
// resolves only when the receiver has committed (one-way: when everything has left).
import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { ZwireError } from '../bytes/zwire-error.ts';
import { otherCipher } from '../seal/cipher.ts';
import { Counters } from './counters.ts';
import type { LinkOptions } from './endpoint.ts';
import { publish } from './event-channel.ts';
import type { EventListener } from './event.ts';
import { listened } from './listened.ts';
import { MailSender } from './mailbox.ts';
import type { OpenSource, Source, SourceAnnouncement, SourceOutcome } from './source.ts';
import type { SenderKeys } from './transfer-keys.ts';
import { shareRecordMemory } from './record-trace.ts';
import { shareTrack } from './share-track.ts';
import { type Figures, Teller } from './teller.ts';
import {
  type Failure,
  MAY_BE_COMMITTED,
  type SenderData,
  type SenderMail,
  type SenderMessage,
  type TransferOutcome,
  errorOf,
  failureOf,
} from './worker-message.ts';
import type { SenderTraceMemory } from './worker-trace.ts';
import { workerUrl } from './worker-url.ts';

/** What send() sends, where, and how. */
export interface SendOptions {
  readonly link: LinkOptions;
  readonly source: Source;
  readonly wire: 'v1' | 'v0';
  /** Nothing comes back: constant rate, no repeats, no result from the other side. */
  readonly oneWay: boolean;
  readonly rateBitsPerSecond?: number;
  /** A pause before every frame. */
  readonly pauseBetweenFramesMs?: number;
  /** Without an answer for this long in the middle of a transfer, give up. */
  readonly timeoutMs: number;
  /** Without any receiver for this long, give up. */
  readonly joinTimeoutMs: number;
  readonly insecure: boolean;
  /** Absent: the open suite, which keeps nobody out. The secrets in it are wiped at the end. */
  readonly keys?: SenderKeys;
  /** A descriptor open for appending: what opens the transfer is written to it (key-log.ts). For looking at captures. */
  readonly keyLog?: number;
  readonly signal: AbortSignal;
  readonly onEvent: EventListener;
}

/** How a transfer went that succeeded. */
export interface TransferResult {
  readonly transfer: string;
  readonly outcome: 'committed' | 'delivered';
  readonly bytes: number;
  readonly seconds: number;
  readonly records: number;
  readonly frames: number;
  readonly repeats: number;
  readonly guid?: bigint;
  readonly target?: string;
}

/** A one-way transfer without a stated rate goes at this one: what any host of these days drains. */
export const ONE_WAY_BITS_PER_SECOND_DEFAULT = 1e9;

/**
 * Sends `options.source` and resolves when the receiver has committed it. Throws a ZwireError: NO_RECEIVER, REFUSED,
 * PEER_LOST, SOURCE_FAILED, INTERRUPTED, or the receiver's own failure. The source is opened, ended and closed here.
 */
export async function send(options: SendOptions): Promise<TransferResult> {
  if (options.signal.aborted) throw interrupted();
  if (options.wire === 'v0') {
    const { sendV0 } = await import('./v0-send.ts');
    return listened(options, sendV0);
  }
  return listened(options, (guarded) => sendThrough('sender-worker', guarded));
}

/** Sends with the worker of this name, which speaks SenderMail and SenderMessage. */
export async function sendThrough(worker: string, options: SendOptions): Promise<TransferResult> {
  let outcome: SourceOutcome = 'failed';
  try {
    const announcement = await options.source.describe(options.signal);
    const result = await sendWithEither(worker, options, announcement, () => (outcome = 'unknown'));
    ({ outcome } = result);
    return result;
  } finally {
    options.keys?.identity.fill(0);
    options.keys?.psk?.fill(0);
    await options.source.close(outcome);
  }
}

/** With the other cipher where the receiver asks for it and we may: as another transfer, since nothing has begun yet. */
async function sendWithEither(
  worker: string,
  options: SendOptions,
  announcement: SourceAnnouncement,
  onEnd: () => void,
): Promise<TransferResult> {
  try {
    return await new Sending(worker, options, announcement, onEnd).run();
  } catch (error) {
    const { keys } = options;
    if (keys === undefined || !isForOtherCipher(error, keys)) throw error;
    const other = { ...keys, cipher: otherCipher(keys.cipher), cipherMayChange: false };
    return new Sending(worker, { ...options, keys: other }, announcement, onEnd).run();
  }
}

function isForOtherCipher(error: unknown, keys: SenderKeys | undefined): boolean {
  const asked =
    error instanceof ZwireError && error.code === 'REFUSED' && error.fields['refusal'] === 'CIPHER';
  return asked && keys?.cipherMayChange === true;
}

export function interrupted(): ZwireError {
  return new ZwireError('INTERRUPTED', 'interrupted');
}

class Sending {
  readonly #worker: string;
  readonly #options: SendOptions;
  readonly #announcement: SourceAnnouncement;
  readonly #counters: Counters = new Counters();
  readonly #mail: MailSender<SenderMail> = new MailSender();
  readonly #idBytes: Buffer = randomBytes(8);
  readonly #startMs: number = performance.now();
  readonly #teller: Teller;
  #dataStartMs: number | undefined;
  #opened: Extract<SenderMessage, { kind: 'opened' }> | undefined;
  #source: OpenSource | undefined;
  #busy: Promise<void> = Promise.resolve();
  /** Told before END can go out: from then on the receiver may commit, whatever becomes of us. */
  readonly #onEnd: () => void;
  #ending = false;

  constructor(worker: string, options: SendOptions, announcement: SourceAnnouncement, onEnd: () => void) {
    this.#worker = worker;
    this.#options = options;
    this.#announcement = announcement;
    this.#onEnd = onEnd;
    this.#teller = new Teller(this.#transfer, this.#counters, options.onEvent);
  }

  get #transfer(): string {
    return this.#idBytes.toString('hex');
  }

  async run(): Promise<TransferResult> {
    const { signal } = this.#options;
    // An abort that came while the source was described would not be heard again.
    if (signal.aborted) throw interrupted();
    const worker = new Worker(workerUrl(this.#worker), { workerData: this.#workerData() });
    this.#mail.attach(worker);
    const onAbort = (): void => {
      // Killing the producer first lets a worker that waits for it go on.
      const hint = this.#ending ? { hint: MAY_BE_COMMITTED } : {};
      const failure = { ...failureOf(interrupted()), ...hint };
      this.#mail.post({ kind: 'abort', code: 'INTERRUPTED', failure });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    let outcome: TransferOutcome;
    try {
      outcome = await this.#listen(worker);
    } catch (error) {
      throw await this.#failed(error);
    } finally {
      this.#teller.end();
      signal.removeEventListener('abort', onAbort);
      await worker.terminate();
    }
    return this.#finished(outcome);
  }

  #workerData(): SenderData {
    const { keys, keyLog, link, oneWay, rateBitsPerSecond, pauseBetweenFramesMs, timeoutMs, joinTimeoutMs } =
      this.#options;
    return {
      link,
      announcement: this.#announcement,
      oneWay,
      rateBitsPerSecond: rateBitsPerSecond ?? (oneWay ? ONE_WAY_BITS_PER_SECOND_DEFAULT : undefined),
      pauseMs: pauseBetweenFramesMs ?? 0,
      timeoutMs,
      joinTimeoutMs,
      counters: this.#counters.shared,
      mail: this.#mail.shared,
      transferIdHigh: this.#idBytes.readUInt32BE(0),
      transferIdLow: this.#idBytes.readUInt32BE(4),
      salt: randomBytes(32),
      ...(keys === undefined ? {} : { keys }),
      ...(keyLog === undefined ? {} : { keyLog }),
      ...this.#shareTrace(),
    };
  }

  #shareTrace(): { readonly trace?: SenderTraceMemory } {
    const { activity } = shareTrack(this.#transfer, 'sender');
    if (activity === undefined) return {};
    const records = shareRecordMemory();
    publish({ event: 'records', transfer: this.#transfer, time: Date.now(), memory: records });
    return { trace: { activity, records } };
  }

  #listen(worker: Worker): Promise<TransferOutcome> {
    return new Promise((resolve, reject) => {
      worker.on('message', (message: SenderMessage) => {
        switch (message.kind) {
          case 'opened':
            this.#onOpened(message);
            break;
          case 'accepted':
            this.#busy = this.#openSource();
            break;
          case 'sourceEnded':
            this.#busy = this.#finishSource();
            break;
          case 'result':
            resolve(message.result);
            break;
          case 'failed':
            reject(errorOf(message.failure));
        }
      });
      worker.on('error', reject);
      worker.on('exit', () =>
        reject(new ZwireError('SYSTEM_CALL_FAILED', 'the sending thread ended without a result')),
      );
    });
  }

  #onOpened(message: Extract<SenderMessage, { kind: 'opened' }>): void {
    this.#opened = message;
    const { name, kind, sizeBytes } = this.#announcement;
    const { peer, gso, mtuBytes } = message;
    this.#teller.tell({
      event: 'announced',
      name,
      kind,
      peer,
      gso,
      mtuBytes,
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    });
  }

  async #openSource(): Promise<void> {
    try {
      const source = await this.#options.source.open(this.#options.signal);
      this.#source = source;
      this.#dataStartMs = performance.now();
      this.#teller.begin(this.#announcement.sizeBytes);
      const peer = this.#opened?.peer ?? '';
      if (!this.#options.oneWay)
        this.#teller.tell({
          event: 'accepted',
          name: this.#announcement.name,
          peer,
          gso: this.#opened?.gso ?? false,
        });
      this.#mail.post({ kind: 'source', fd: source.fd });
    } catch (error) {
      this.#sourceFailed(error);
    }
  }

  async #finishSource(): Promise<void> {
    this.#teller.end();
    try {
      await this.#source?.finish();
      this.#source = undefined;
      this.#ending = true;
      this.#onEnd();
      this.#mail.post({ kind: 'sourceDone' });
    } catch (error) {
      this.#sourceFailed(error);
    }
  }

  #sourceFailed(error: unknown): void {
    const failure: Failure =
      error instanceof ZwireError
        ? failureOf(error)
        : { code: 'SOURCE_FAILED', message: error instanceof Error ? error.message : String(error) };
    this.#mail.post({ kind: 'abort', code: 'SOURCE_FAILED', failure });
  }

  #figures(): Figures {
    return this.#teller.figures(this.#dataStartMs ?? this.#startMs);
  }

  #finished(result: TransferOutcome): TransferResult {
    const { outcome, target, guid } = result;
    const figures = this.#figures();
    const where = { ...(target === undefined ? {} : { target }), ...(guid === undefined ? {} : { guid }) };
    this.#teller.tell({ event: 'finished', outcome, ...figures, ...where });
    const { bytes, seconds, records, frames, repeats } = figures;
    return {
      transfer: this.#transfer,
      outcome,
      bytes,
      seconds,
      records,
      frames,
      repeats,
      ...(target === undefined ? {} : { target }),
      ...(guid === undefined ? {} : { guid: BigInt(guid) }),
    };
  }

  /** Ends the producer and returns the error to report: its own, if it failed by itself and the wire did not say more. */
  async #failed(error: unknown): Promise<unknown> {
    await this.#busy;
    const own = await this.#source?.abort();
    // It goes on as another transfer.
    if (isForOtherCipher(error, this.#options.keys)) return error;
    const main = isSecondary(error) && own !== undefined && !this.#options.signal.aborted ? own : error;
    const { code, message, hint } = failureOf(main);
    const failure = { code, message, ...(hint === undefined ? {} : { hint }) };
    this.#teller.tell({ event: 'finished', outcome: 'failed', ...this.#figures(), error: failure });
    return main;
  }
}

/** Errors that only say that the source went away. */
function isSecondary(error: unknown): boolean {
  return error instanceof ZwireError && error.code === 'SOURCE_FAILED';
}
