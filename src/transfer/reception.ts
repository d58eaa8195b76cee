// One transfer as the receiver's main thread sees it: policy, sink, writer, commit. The bytes never come here.
//
//   deciding -> writing -> committing -> done
//       \          \-> failing -> done          (the writer is stopped before the sink is cleaned up)
//        \-> refused
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { ErrorCode } from '../bytes/error-codes.ts';
import { setNonBlocking } from '../sys/descriptor.ts';
import type { RefusalCode } from '../wire/join.ts';
import { Counters } from './counters.ts';
import type { FreshnessStore } from './freshness-store.ts';
import { isWatched, publish } from './event-channel.ts';
import type { MailSender } from './mailbox.ts';
import type { ReceiveOptions } from './receive.ts';
import { checkSender, notAllowed, type TransferLimits } from './sender-limits.ts';
import { shareTrack } from './share-track.ts';
import type { CommitResult, Sink } from './sink.ts';
import type { StandbyWriter } from './standby-writer.ts';
import type { AuthorizedSender } from './transfer-keys.ts';
import { Teller } from './teller.ts';
import {
  type Failure,
  type ReceiverMail,
  type ReceiverMessage,
  errorOf,
  failureOf,
} from './worker-message.ts';
import { WriteQueue } from './write-queue.ts';
import type { WriterData, WriterMessage } from './writer-worker.ts';

type Announced = Extract<ReceiverMessage, { kind: 'announced' }>;

/** What a reception needs of the receiver it belongs to. */
export interface ReceptionHost {
  readonly options: ReceiveOptions;
  /** Who is let in, as of now. */
  readonly authorized: readonly AuthorizedSender[];
  /** Remembers one-way transfers; undefined without keys. */
  readonly freshness: FreshnessStore | undefined;
  readonly mail: MailSender<ReceiverMail>;
  readonly poolAddress: number;
  readonly poolBytes: number;
  readonly slotBytes: number;
  readonly writers: StandbyWriter;
  settled(error: unknown): void;
}

/** How long an interruption lets a commit end by itself, and a commit that was broken off may take to say how it went. */
const COMMIT_PATIENCE_MS = 1000;
/** What is waited for keeps the process alive, not the waiting. */
const inAMoment = (): Promise<void> => setTimeout(COMMIT_PATIENCE_MS, undefined, { ref: false });

/** The most that a timer takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;

const REVOKED: Failure = {
  code: 'SENDER_NOT_ALLOWED',
  message: "the sender is no longer on this receiver's list",
  hint: 'Nothing was committed. Who keeps authorized_senders on the receiver has taken its line out.',
};

const REFUSALS: Partial<Record<ErrorCode, RefusalCode>> = {
  TARGET_BUSY: 'BUSY',
  SENDER_NOT_ALLOWED: 'NOT_AUTHORIZED',
  SENDER_LIMIT: 'LIMIT',
  KIND_MISMATCH: 'KIND',
  INSECURE_REQUIRED: 'INSECURE_REQUIRED',
  NAME_INVALID: 'NAME',
  ZFS_PARENT_MISSING: 'PARENT_MISSING',
  ZFS_DESTINATION_EXISTS: 'EXISTS',
  ZFS_SNAPSHOT_EXISTS: 'EXISTS',
  ZFS_INCREMENTAL_BASE_MISMATCH: 'DIVERGED',
  ZFS_PARTIAL_STATE: 'DIVERGED',
  ZFS_DESTINATION_MISSING: 'DIVERGED',
  ZFS_DESTINATION_MODIFIED: 'DIVERGED',
  ZFS_PARENT_NOT_FILESYSTEM: 'PARENT_MISSING',
};

export class Reception {
  readonly #host: ReceptionHost;
  readonly #announced: Announced;
  readonly #teller: Teller;
  readonly #queue: WriteQueue;
  readonly #startMs: number = performance.now();
  #state: 'deciding' | 'writing' | 'committing' | 'failing' | 'refused' | 'done' = 'deciding';
  #sink: Sink | undefined;
  #writer: Worker | undefined;
  #writerGone: Promise<void> = Promise.resolve();
  readonly #undecided: AbortController = new AbortController();
  #deciding: Promise<void> = Promise.resolve();
  #committing: Promise<void> = Promise.resolve();
  #failing: Promise<void> | undefined;
  #losePatience: () => void = () => undefined;
  readonly #patienceLost: Promise<void>;

  constructor(host: ReceptionHost, announced: Announced) {
    this.#host = host;
    this.#announced = announced;
    this.#teller = new Teller(announced.transfer, new Counters(announced.counters), host.options.onEvent);
    // The pool is the most that can be on its way to the writer.
    this.#queue = WriteQueue.create(Math.ceil(host.poolBytes / host.slotBytes) + 1);
    this.#patienceLost = new Promise((resolve) => (this.#losePatience = resolve));
  }

  get #id(): string {
    return this.#announced.transfer;
  }

  /** Not over yet: an interruption breaks it. */
  get #live(): boolean {
    return this.#state !== 'done' && this.#state !== 'refused';
  }

  begin(): void {
    const { announcement, peer } = this.#announced;
    const { name, kind, sizeBytes, segmentPayloadBytes } = announcement;
    this.#teller.tell({
      event: 'announced',
      name,
      kind,
      peer,
      mtuBytes: segmentPayloadBytes + 60,
      gso: announcement.features.includes('gso'),
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    });
    const { records } = this.#announced;
    if (records !== undefined && isWatched('records'))
      publish({ event: 'records', transfer: this.#id, time: Date.now(), memory: records });
    const decided = new AbortController();
    this.#deciding = this.#decide().finally(() => decided.abort());
    void this.#giveUpUndecided(decided.signal);
  }

  /** Whoever announced it may be gone; a sink that never opens would keep its place among the transfers. */
  async #giveUpUndecided(decided: AbortSignal): Promise<void> {
    const { timeoutMs } = this.#host.options;
    try {
      await setTimeout(Math.min(timeoutMs, TIMER_MS_MAX), undefined, { ref: false, signal: decided });
    } catch {
      return;
    }
    await this.fail({
      code: 'SINK_FAILED',
      message: `where ${this.#announced.announcement.name} is to go did not open within ${timeoutMs / 1000} s`,
      hint: 'Nothing was committed. A FIFO needs a reader, and a pool an answer; --timeout SECONDS waits longer.',
    });
  }

  async #decide(): Promise<void> {
    const { announcement, peer } = this.#announced;
    const { options } = this.#host;
    let limits: TransferLimits | undefined;
    try {
      const sender = await this.#recognize();
      const request = {
        announcement,
        peer,
        transfer: this.#id,
        ...(sender === undefined ? {} : { sender }),
        warn: (message: string) => this.#warn(message),
      };
      const signal = AbortSignal.any([options.signal, this.#undecided.signal]);
      if (sender !== undefined) checkSender(sender, announcement);
      this.#sink = await options.sink.decide(request, signal);
      if (sender?.rules.rawOnly === true && this.#sink.rules?.rawOnly !== true)
        throw notAllowed(sender, 'raw-only', 'only a pool takes raw streams, and this is not one');
      limits = sender?.rules;
      if (this.#state !== 'deciding') return;
      if (this.#sink.mayStall) setNonBlocking(this.#sink.fd);
      this.#startWriter(this.#sink);
    } catch (error) {
      // Who breaks it off meanwhile cleans up and says why.
      if (!this.#undecided.signal.aborted) await this.#abortSink();
      if (!this.#undecided.signal.aborted) this.#refuse(error);
      return;
    }
    this.#state = 'writing';
    this.#host.mail.post({
      kind: 'accept',
      transfer: this.#id,
      queue: this.#queue.shared,
      ...(limits === undefined ? {} : { limits }),
    });
    this.#teller.tell({
      event: 'accepted',
      name: announcement.name,
      peer,
      target: this.#sink.target,
      gso: announcement.features.includes('gso'),
    });
    this.#teller.begin(announcement.sizeBytes);
  }

  /** Who sends, by the receiver's list; a one-way transfer has to be new, which is remembered before it is taken. */
  async #recognize(): Promise<AuthorizedSender | undefined> {
    const { announcement, sender } = this.#announced;
    if (sender === undefined) return undefined;
    const known = this.#onList();
    if (known === undefined) throw errorOf(REVOKED);
    if (announcement.feedback === 'none') await this.#host.freshness?.accept(sender, this.#id);
    return known;
  }

  #onList(): AuthorizedSender | undefined {
    const key = this.#announced.sender?.publicKey;
    if (key === undefined) return undefined;
    return this.#host.authorized.find(({ publicKey }) => Buffer.compare(publicKey, key) === 0);
  }

  /** Ends the transfer of a sender that was taken off the list. What was verified before is committed still. */
  checkSender(): void {
    if (this.#announced.sender !== undefined && this.#onList() === undefined) void this.fail(REVOKED);
  }

  #refuse(error: unknown): void {
    this.#state = 'refused';
    const failure = failureOf(error);
    const code = REFUSALS[failure.code] ?? (failure.code.startsWith('ZFS_') ? 'SINK' : 'OTHER');
    const message = failure.hint === undefined ? failure.message : `${failure.message}. ${failure.hint}`;
    this.#host.settled(error);
    this.#host.mail.post({ kind: 'refuse', transfer: this.#id, code, message });
    this.#teller.tell({
      event: 'refused',
      code: failure.code,
      message: failure.message,
      peer: this.#announced.peer,
    });
  }

  #startWriter(sink: Sink): void {
    const { poolAddress, poolBytes, slotBytes } = this.#host;
    const data: WriterData = {
      queue: this.#queue.shared,
      poolAddress,
      poolBytes,
      slotBytes,
      fd: sink.fd,
      mayStall: sink.mayStall,
      rules: sink.rules,
      ...shareTrack(this.#id, 'writer'),
    };
    const writer = this.#host.writers.take(data);
    this.#writer = writer;
    this.#writerGone = new Promise((resolve) => writer.once('exit', () => resolve()));
    writer.on('message', (message: WriterMessage) => this.#onWriter(message));
    writer.on('error', (error) => void this.fail({ code: 'SINK_FAILED', message: error.message }));
  }

  #onWriter(message: WriterMessage): void {
    // 'drained' is only said after the end was verified, though the news of that may still be on its way.
    if (message.kind === 'drained') this.#committing = this.#commit();
    else if (message.kind === 'refused') void this.fail(message.failure);
    else if (message.kind === 'failed') void this.fail(writeFailure(message, this.#sink?.target ?? ''));
  }

  /** The receiving worker has checked everything; the writer will drain. */
  verified(): void {
    if (this.#state === 'writing') this.#state = 'committing';
  }

  async #commit(): Promise<void> {
    const sink = this.#sink;
    if (sink === undefined || this.#state === 'failing') return;
    this.#state = 'committing';
    let committed: CommitResult;
    try {
      committed = await sink.commit();
    } catch (error) {
      // Who has broken it off says why, and how the sink took it is a consequence.
      if (this.#state === 'committing') this.#finish(error);
      return;
    }
    this.#finish(undefined, committed);
  }

  /** Stops the writer, cleans the sink up, reports: the consumer's own error where it has one. */
  fail(failure: Failure): Promise<void> {
    if (!this.#live) return Promise.resolve();
    if (failure.code === 'INTERRUPTED') void inAMoment().then(this.#losePatience);
    this.#failing ??= this.#fail(failure);
    return this.#failing;
  }

  async #fail(failure: Failure): Promise<void> {
    if (this.#state === 'committing') {
      // Everything is here and verified: a lost sender does not undo that, and an interruption waits a moment for it.
      await Promise.race([this.#writerGone.then(() => this.#committing), this.#patienceLost]);
      if (!this.#live) return;
    }
    const undecided = this.#state === 'deciding';
    this.#state = 'failing';
    this.#queue.abort();
    // A policy that is still deciding may yet open a sink, or wait for a reader that never comes.
    if (undecided) this.#undecided.abort();
    await this.#deciding;
    if (this.#writer !== undefined) await this.#writerGone;
    const own = await this.#abortSink();
    // A commit that was under way may have come to its end all the same, and then that is the result.
    await Promise.race([this.#committing, inAMoment()]);
    const isSinkFailure = failure.code === 'SINK_FAILED';
    this.#finish(isSinkFailure && own !== undefined ? own : errorOf(failure));
  }

  /** Once: the consumer's own error, if it had one. What cannot be cleaned up is a warning: the failure is another. */
  async #abortSink(): Promise<Error | undefined> {
    const sink = this.#sink;
    this.#sink = undefined;
    try {
      return await sink?.abort();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#warn(`something half-made may be left at ${sink?.target ?? ''}: ${why}`);
      return undefined;
    }
  }

  #warn(message: string): void {
    this.#teller.tell({ event: 'warning', code: 'SINK_WARNING', message });
  }

  #finish(error: unknown, committed?: CommitResult): void {
    if (!this.#live) return;
    this.#state = 'done';
    const { mail } = this.#host;
    const figures = this.#teller.figures(this.#startMs);
    this.#host.settled(error);
    if (committed === undefined) {
      const failure = failureOf(error);
      const { code, message, hint } = failure;
      const shown = { code, message, ...(hint === undefined ? {} : { hint }) };
      mail.post({ kind: 'failed', transfer: this.#id, failure });
      this.#teller.tell({ event: 'finished', outcome: 'failed', ...figures, error: shown });
    } else {
      const { target, warnings } = committed;
      const guid = committed.guid === undefined ? {} : { guid: String(committed.guid) };
      mail.post({ kind: 'committed', transfer: this.#id, text: JSON.stringify({ target, ...guid }) });
      for (const message of warnings ?? []) this.#warn(message);
      this.#teller.tell({ event: 'finished', outcome: 'committed', ...figures, target, ...guid });
    }
  }
}

function writeFailure(message: Extract<WriterMessage, { kind: 'failed' }>, target: string): Failure {
  const reasons: Readonly<Record<string, string>> = {
    ENOSPC: 'no space left on the device',
    EDQUOT: 'the quota is used up',
    EPIPE: 'its reader ended',
    EIO: 'the device reports an input/output error',
  };
  return {
    code: 'SINK_FAILED',
    message: `cannot write to ${target}: ${reasons[message.errno] ?? message.message}`,
    fields: { target, errno: message.errno },
    hint: 'Nothing was committed.',
  };
}
