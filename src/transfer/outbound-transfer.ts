// The sender's side of one transfer: reads, seals, sends, listens, repeats. It runs in a worker as one loop that never
// returns to the event loop; time is read once a turn.
//
//   announcing -> (JOIN) -> waiting for the source -> streaming -> settling -> ending -> committed | failed
//        \-> refused, no receiver        any state -> aborted (either side), peer lost
//
//   settling: everything is acknowledged, the producer (zfs send) must still end well; only then END goes out.
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import type { SenderLink } from '../link/link.ts';
import type { Transmitter } from '../link/transmitter.ts';
import { createEpochSealer } from '../seal/epoch-seal.ts';
import { type RecordSealer } from '../seal/record-seal.ts';
import { TAG_BYTES } from '../sys/aead-context.ts';
import { POLLIN, Poller } from '../sys/descriptor.ts';
import { activityNumbers } from '../trace/activity.ts';
import type { Announcement } from '../wire/announce.ts';
import type { End } from '../wire/end.ts';
import type { Geometry } from '../wire/geometry.ts';
import type { JoinAccepted, JoinRefused } from '../wire/join.ts';
import type { Status } from '../wire/status.ts';
import { AbortedTransfer, abortCodeOf } from './aborted-transfer.ts';
import type { Counters } from './counters.ts';
import type { MailReceiver } from './mailbox.ts';
import { RepairQueue } from './repair-queue.ts';
import { SendWindow } from './send-window.ts';
import { outcomeOf } from './outcome.ts';
import { SenderConversation } from './sender-conversation.ts';
import { SourceReader } from './source-reader.ts';
import { TagChain } from './tag-chain.ts';
import { TokenBucket } from './token-bucket.ts';
import type { SenderTrace } from './worker-trace.ts';
import {
  MAY_BE_COMMITTED,
  type SenderData,
  type SenderMail,
  type SenderMessage,
  type TransferOutcome,
} from './worker-message.ts';

/** Sealed records kept for repeats, and with them the most records in flight: 6 MB stay in cache, 128 MB do not. */
export const WINDOW_SLOTS = 96;
const ANNOUNCE_EVERY_MS = 100;
/** One-way before the data: ten times in all, so that one is heard among many announcements of others. */
const WARM_UP_ANNOUNCE_EVERY_MS = 20;
const KEEPALIVE_MS = 500;
const END_EVERY_MS = 20;
/** A slow source's bytes leave after this long, though they do not fill a record. */
const PARTIAL_RECORD_MS = 20;
/** One-way: ANNOUNCE alone for this long, so that the receiver is ready; and END this often over this long. */
const WARM_UP_MS = 200;
const ONE_WAY_END_TIMES = 250;
const ONE_WAY_END_EVERY_MS = 10;
const PUBLISH_EVERY_RECORDS = 16;
const RECORDS_A_TURN = 4;

/** What a trace calls what the loop does. */
const DOES = activityNumbers('sender');

export class OutboundTransfer {
  readonly #data: SenderData;
  readonly #link: SenderLink;
  readonly #geometry: Geometry;
  readonly #mail: MailReceiver<SenderMail>;
  readonly #counters: Counters;
  readonly #post: (message: SenderMessage) => void;
  readonly #transmitter: Transmitter;
  readonly #conversation: SenderConversation;
  readonly #poller: Poller = new Poller();
  readonly #tags: TagChain = new TagChain();
  #sealer: RecordSealer | undefined;
  readonly #repairs: RepairQueue;
  readonly #trace: SenderTrace | undefined;
  #join: JoinAccepted | undefined;
  #window: SendWindow | undefined;
  #bucket: TokenBucket | undefined;
  #sourceFd: number | undefined;
  #sourceDone = false;
  /** From here on the receiver may commit. */
  #endSaid = false;
  #result: TransferOutcome | undefined;
  #nowMs = WIDE_ZERO;
  #records = 0;
  #bytes = WIDE_ZERO;
  #startMs = WIDE_ZERO;
  #announcedAtMs = WIDE_ZERO;
  #heard = false;
  #starvedSinceMs = WIDE_ZERO;
  #probedAtMs = WIDE_ZERO;

  constructor(
    data: SenderData,
    link: SenderLink,
    geometry: Geometry,
    mail: MailReceiver<SenderMail>,
    counters: Counters,
    post: (message: SenderMessage) => void,
    trace?: SenderTrace,
  ) {
    this.#data = data;
    this.#link = link;
    this.#geometry = geometry;
    this.#mail = mail;
    this.#counters = counters;
    this.#post = post;
    this.#trace = trace;
    this.#bytes = 0;
    const { transferIdHigh, transferIdLow } = data;
    this.#transmitter = link.createTransmitter(geometry, WINDOW_SLOTS, transferIdHigh, transferIdLow);
    this.#conversation = new SenderConversation(link, this.#transmitter, data, geometry.mtuBytes);
    this.#repairs = new RepairQueue(this.#transmitter);
  }

  /** Runs to the result; throws a ZwireError on any failure, after telling the receiver. */
  run(): TransferOutcome {
    try {
      this.#announce();
      this.#stream();
      this.#settle();
      return this.#end();
    } catch (error) {
      this.#sayWhy(error);
      throw error;
    } finally {
      this.#publish();
      // Books what was going on until now.
      this.#trace?.activity.enter(DOES['listen and repeat']);
    }
  }

  // --- announcing

  #announce(): void {
    const { announcement, oneWay, timeoutMs, joinTimeoutMs, rateBitsPerSecond } = this.#data;
    const whole: Announcement = {
      ...announcement,
      features: [...announcement.features, ...(this.#transmitter.gso ? ['gso'] : [])],
      segmentPayloadBytes: this.#geometry.segmentPayloadBytes,
      fecDataRecords: 0,
      fecParityRecords: 0,
      feedback: oneWay ? 'none' : 'one',
      timeoutMs,
    };
    const startMs = performance.now();
    this.#conversation.prepare(whole, startMs);
    this.#startMs = startMs;
    this.#announcedAtMs = -ANNOUNCE_EVERY_MS;
    if (oneWay) this.#post({ kind: 'accepted' });
    for (;;) {
      this.#turn();
      const ready = oneWay ? this.#nowMs - startMs >= WARM_UP_MS : this.#join !== undefined;
      if (ready && this.#sourceFd !== undefined) break;
      if (!oneWay && !ready) this.#checkAnswer(startMs, joinTimeoutMs);
      // What is still awaited comes from the wire, or by mail from the main thread.
      if (ready || oneWay) this.#mail.wait(5);
      else this.#idle(10, undefined);
    }
    if (rateBitsPerSecond === undefined) return;
    this.#bucket = new TokenBucket(rateBitsPerSecond, this.#geometry.recordBytes, this.#nowMs);
  }

  /** Nobody there, or somebody who does not decide: who has answered once may stand still, as in a transfer. */
  #checkAnswer(startMs: number, joinTimeoutMs: number): void {
    if (!this.#heard && this.#nowMs - startMs > joinTimeoutMs) throw this.#noReceiver();
    if (this.#nowMs - startMs <= Math.max(joinTimeoutMs, this.#data.timeoutMs)) return;
    const seconds = this.#data.timeoutMs / 1000;
    throw new ZwireError(
      'PEER_LOST',
      `the receiver at ${this.#link.description} is there, but has not accepted or refused within ${seconds} s`,
      { hint: 'Look at what holds it up there; --timeout SECONDS waits longer.' },
    );
  }

  #noReceiver(): ZwireError {
    const where = this.#link.description;
    const seconds = this.#data.joinTimeoutMs / 1000;
    return new ZwireError('NO_RECEIVER', `no receiver answered at ${where} within ${seconds} s`, {
      fields: { peer: where },
      hint:
        'Check that `zwire receive` is running there on the same port, that the addresses are right, and that no firewall ' +
        'drops UDP on that port.\nOn the receiver, `zwire receive --json` shows what arrives. ' +
        'If nothing can answer (a one-way link), send with --one-way.',
    });
  }

  // --- every turn of every state: mail, what came in, what is due by time

  #turn(): void {
    const nowMs = performance.now();
    this.#nowMs = nowMs;
    this.#takeMail();
    this.#conversation.listen(this);
    this.#repairs.flush();
    const announcing = this.#data.oneWay || this.#join === undefined;
    const everyMs =
      this.#data.oneWay && nowMs - this.#startMs < WARM_UP_MS ? WARM_UP_ANNOUNCE_EVERY_MS : ANNOUNCE_EVERY_MS;
    if (announcing && nowMs - this.#announcedAtMs >= everyMs) {
      this.#announcedAtMs = nowMs;
      this.#conversation.announce(nowMs);
    }
    const window = this.#window;
    if (window === undefined) {
      // One-way: announcements are not counted as signs of life where anyone can say them again.
      if (this.#data.oneWay && nowMs - this.#probedAtMs > KEEPALIVE_MS) this.#sayAlive();
      return;
    }
    if (window.silenceMs(nowMs) > this.#data.timeoutMs) throw this.#peerLost();
    const due = window.probeDue(nowMs) || nowMs - this.#conversation.spokeAtMs > KEEPALIVE_MS;
    if (due || this.#trace?.records.probeDue(nowMs) === true) this.#probe(window);
  }

  #sayAlive(): void {
    this.#probedAtMs = this.#nowMs;
    this.#sayProbe();
  }

  #probe(window: SendWindow): void {
    // What stands before it is no part of its way.
    this.#transmitter.flush();
    this.#trace?.records.probeLeaves(this.#probeTimeUs, this.#nowMs);
    window.probed(this.#sayProbe(), this.#nowMs);
  }

  #peerLost(): ZwireError {
    const seconds = this.#data.timeoutMs / 1000;
    const message = `the receiver at ${this.#link.description} has not answered for ${seconds} s`;
    return new ZwireError('PEER_LOST', message, {
      hint: this.#endSaid
        ? MAY_BE_COMMITTED
        : 'Check the receiver and the link. What had arrived was not committed; --timeout SECONDS waits longer.',
    });
  }

  #takeMail(): void {
    for (let mail = this.#mail.take(); mail !== undefined; mail = this.#mail.take()) this.#onMail(mail);
  }

  #onMail(mail: SenderMail): void {
    switch (mail.kind) {
      case 'source':
        this.#sourceFd = mail.fd;
        break;
      case 'sourceDone':
        this.#sourceDone = true;
        break;
      case 'abort':
        throw new AbortedTransfer(
          mail.code,
          new ZwireError(mail.failure.code, mail.failure.message, mail.failure),
        );
    }
  }

  /** Called by the conversation: the receiver decides as soon as it has heard us under the new keys. */
  onUndecided(): void {
    this.#heard = true;
    if (this.#join === undefined) this.#sayProbe();
  }

  get #probeTimeUs(): number {
    return Math.max(1, Math.round(this.#nowMs * 1000));
  }

  #sayProbe(): number {
    const timeUs = this.#probeTimeUs;
    this.#conversation.probe(timeUs, this.#nowMs);
    return timeUs;
  }

  /** Called by the conversation. */
  onJoin(join: JoinAccepted | JoinRefused): void {
    if (this.#join !== undefined) return;
    if (!join.accepted) {
      throw new ZwireError('REFUSED', `the receiver refused: ${join.message}`, {
        fields: { refusal: join.code },
      });
    }
    this.#join = join;
    this.#window = new SendWindow({
      slots: WINDOW_SLOTS,
      linkRecords: join.windowRecords,
      creditLimit: join.creditLimit,
      nowMs: this.#nowMs,
    });
    this.#post({ kind: 'accepted' });
  }

  /** Called by the conversation. Before JOIN it means that the receiver is there and still deciding. */
  onStatus(status: Status): void {
    this.#heard = true;
    if (status.state === 'committed') {
      const { toSnapshot } = this.#data.announcement;
      this.#result = outcomeOf(status, this.#endSaid ? this.#records : undefined, toSnapshot?.guid);
    }
    const window = this.#window;
    window?.onStatus(status, this.#nowMs, (record, low, high) => {
      const before = this.#repairs.segments;
      this.#repairs.add(window.slotOf(record), low, high);
      const again = this.#repairs.segments - before;
      this.#trace?.records.repeated(record, again, window.sentAtMs(record));
    });
    this.#trace?.records.passed(status.cumulative, status.delivered);
    if (status.echoTimeUs !== 0) this.#trace?.records.echoed(status.echoTimeUs);
    this.#counters.set('drops', status.ringDrops);
    this.#counters.set('delivered', status.delivered);
  }

  // --- streaming

  #stream(): void {
    const fd = this.#sourceFd;
    if (fd === undefined) throw new Error('streaming without a source');
    const { transferIdHigh, transferIdLow } = this.#data;
    const keys = this.#conversation.takeDataKeys();
    const sealer = createEpochSealer(keys, transferIdHigh, transferIdLow);
    this.#sealer = sealer;
    using reader = new SourceReader(fd, this.#geometry.plaintextBytes);
    let lastSent = false;
    while (!lastSent || (this.#window !== undefined && this.#window.inFlight > 0)) {
      this.#trace?.activity.enter(DOES['listen and repeat']);
      this.#turn();
      // Several records a turn: looking after everything else costs as much as a tenth of a record.
      for (let count = 0; count < RECORDS_A_TURN; count++) {
        if (lastSent || !this.#mayAdvance()) {
          if (count === 0) this.#waitForWindow();
          break;
        }
        if (!this.#fill(reader)) {
          if (count === 0) this.#waitForSource(reader.fd);
          break;
        }
        if (!this.#pace()) break;
        lastSent = reader.ended;
        this.#sendRecord(sealer, reader, lastSent);
      }
    }
    this.#transmitter.flush();
    this.#publish();
  }

  /** One-way there is nothing to wait for: a slot is free again as soon as its frame is with the kernel. */
  #mayAdvance(): boolean {
    return this.#window === undefined || this.#window.maySend();
  }

  /** True when a record's worth has been read, or as much as is worth sending now. */
  #fill(reader: SourceReader): boolean {
    this.#trace?.activity.enter(DOES.read);
    reader.fill();
    if (!reader.full && !reader.ended) {
      if (this.#starvedSinceMs === 0) this.#starvedSinceMs = this.#nowMs;
      if (reader.filled === 0 || this.#nowMs - this.#starvedSinceMs <= PARTIAL_RECORD_MS) return false;
    }
    this.#starvedSinceMs = 0;
    return true;
  }

  /** True when the rate allows a record now; waits a little otherwise. */
  #pace(): boolean {
    if (this.#bucket === undefined) return true;
    const waitMs = this.#bucket.take(this.#geometry.recordBytes, this.#nowMs);
    if (waitMs === 0) return true;
    this.#transmitter.flush();
    this.#trace?.activity.enter(DOES['wait for the rate']);
    this.#mail.wait(Math.min(waitMs, 5));
    this.#counters.add('waitWireMs', performance.now() - this.#nowMs);
    return false;
  }

  #sendRecord(sealer: RecordSealer, reader: SourceReader, last: boolean): void {
    const record = this.#records++;
    const slot = record % WINDOW_SLOTS;
    const transmitter = this.#transmitter;
    const at = slot * transmitter.recordStride;
    const { filled } = reader;
    this.#trace?.activity.enter(DOES.seal);
    sealer.seal(record, last, reader.memory, 0, filled, transmitter.records, at);
    this.#tags.append(transmitter.records.view, at + filled);
    this.#trace?.activity.enter(DOES.send);
    transmitter.stamp(slot, record, filled + TAG_BYTES, last);
    // Before it leaves: it may be over there when the call returns.
    this.#trace?.records.leaves(record);
    transmitter.queueRecord(slot);
    this.#window?.sent(this.#nowMs);
    this.#conversation.spokeAtMs = this.#nowMs;
    this.#bytes += filled;
    reader.reset();
    if (record % PUBLISH_EVERY_RECORDS === 0) this.#publish();
  }

  #waitForSource(fd: number): void {
    this.#trace?.activity.enter(DOES.send);
    this.#transmitter.flush();
    this.#publish();
    this.#trace?.activity.enter(DOES['wait for the source']);
    this.#idle(10, fd);
    this.#counters.add('waitSourceMs', performance.now() - this.#nowMs);
  }

  #waitForWindow(): void {
    this.#trace?.activity.enter(DOES.send);
    this.#transmitter.flush();
    this.#publish();
    const forCredit = this.#window?.limitedBy === 'credit';
    this.#trace?.activity.enter(forCredit ? DOES['wait for credit'] : DOES['wait for the wire']);
    this.#idle(1, undefined);
    this.#counters.add(forCredit ? 'waitSinkMs' : 'waitWireMs', performance.now() - this.#nowMs);
  }

  /** Sleeps until something comes in, the source has more, or the time is over. */
  #idle(timeoutMs: number, fd: number | undefined): void {
    this.#poller.clear();
    for (const descriptor of this.#link.inbound.descriptors) this.#poller.add(descriptor, POLLIN);
    if (fd !== undefined) this.#poller.add(fd, POLLIN);
    this.#poller.wait(timeoutMs);
  }

  #publish(): void {
    const { segmentsSent, framesSent } = this.#transmitter;
    this.#counters.set('bytes', this.#bytes);
    this.#counters.set('records', this.#records);
    this.#counters.set('frames', framesSent);
    this.#counters.set('segments', segmentsSent);
    this.#counters.set('repeats', this.#repairs.segments);
    this.#counters.set('rejected', this.#conversation.rejected);
    if (this.#window !== undefined) this.#counters.set('creditRecords', this.#window.creditRecords);
  }

  // --- settling and ending

  /** The source has been read to its end and everything is acknowledged: the producer must still end well. */
  #settle(): void {
    this.#post({ kind: 'sourceEnded' });
    this.#trace?.activity.enter(DOES['wait for the producer to end']);
    while (!this.#sourceDone) {
      this.#turn();
      this.#mail.wait(5);
    }
  }

  #end(): TransferOutcome {
    const end = { records: this.#records, bytes: BigInt(this.#bytes), digest: this.#tags.digest() };
    this.#endSaid = true;
    if (this.#data.oneWay) return this.#endOneWay(end);
    this.#trace?.activity.enter(DOES['wait for the result']);
    let endedAtMs = 0;
    let everyMs = END_EVERY_MS;
    while (this.#result === undefined) {
      this.#turn();
      if (this.#nowMs - endedAtMs >= everyMs) {
        if (endedAtMs !== 0) everyMs = Math.min(everyMs * 2, KEEPALIVE_MS);
        endedAtMs = this.#nowMs;
        this.#conversation.end(end, this.#nowMs);
      }
      this.#idle(10, undefined);
    }
    this.#conversation.abort('DONE', '');
    return this.#result;
  }

  #endOneWay(end: End): TransferOutcome {
    this.#trace?.activity.enter(DOES['repeat the end']);
    for (let times = 0; times < ONE_WAY_END_TIMES; times++) {
      this.#turn();
      this.#conversation.end(end, this.#nowMs);
      this.#mail.wait(ONE_WAY_END_EVERY_MS);
    }
    return { outcome: 'delivered' };
  }

  /** Tells the receiver why, unless it said so itself. */
  #sayWhy(error: unknown): void {
    const refused = error instanceof ZwireError && error.code === 'REFUSED';
    if (refused) return;
    try {
      this.#conversation.abort(abortCodeOf(error), error instanceof Error ? error.message : String(error));
    } catch (sendError) {
      // The first error is the one to report; that the goodbye could not leave either only confirms it.
      if (!(sendError instanceof Error)) throw sendError;
    }
  }

  /** --rate-limit: every frame waits this long; mail is looked after meanwhile. */
  pauseBeforeFrames(pauseMs: number): void {
    this.#transmitter.beforeFrame = () => {
      const untilMs = performance.now() + pauseMs;
      for (let nowMs = performance.now(); nowMs < untilMs; nowMs = performance.now()) {
        this.#takeMail();
        this.#mail.wait(Math.min(100, untilMs - nowMs));
      }
    };
  }

  dispose(): void {
    this.#transmitter[Symbol.dispose]();
    this.#sealer?.[Symbol.dispose]();
    this.#conversation[Symbol.dispose]();
    this.#poller[Symbol.dispose]();
  }
}
