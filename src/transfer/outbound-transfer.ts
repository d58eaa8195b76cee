// The sender's side of one transfer: reads, seals, sends, listens, repeats. It runs in a worker as one loop that never
// returns to the event loop; time is read once a turn.
//
//   announcing -> (JOIN) -> waiting for the source -> streaming -> settling -> ending -> committed | failed
//        \-> refused, no receiver        any state -> aborted (either side), peer lost
//
//   settling: everything is acknowledged, the producer (zfs send) must still end well; only then END goes out.
import { createHash, type Hash } from 'node:crypto';
import { ZwireError } from '../bytes/zwire-error.ts';
import type { SenderLink } from '../link/link.ts';
import type { Transmitter } from '../link/transmitter.ts';
import { POLLIN, Poller } from '../sys/descriptor.ts';
import { createSealer, type RecordSealer, TAG_BYTES } from '../seal/record-seal.ts';
import type { SessionKeys } from '../seal/session-keys.ts';
import { type AbortCode, decodeAbort, encodeAbort } from '../wire/abort.ts';
import { type Announcement, encodeAnnounceClear, encodeAnnouncement } from '../wire/announce.ts';
import { encodeEnd } from '../wire/end.ts';
import type { Geometry } from '../wire/geometry.ts';
import { JOIN_CLEAR_BYTES, type JoinAccepted, decodeJoin } from '../wire/join.ts';
import { controlBodyBytesForMtu } from '../wire/limits.ts';
import { encodeProbe } from '../wire/probe.ts';
import {
  MessageType,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  decodeSegmentHeader,
  emptySegmentHeader,
} from '../wire/segment.ts';
import { type Status, decodeStatus, emptyStatus } from '../wire/status.ts';
import { ControlChannel } from './control-channel.ts';
import type { Counters } from './counters.ts';
import type { MailReceiver } from './mailbox.ts';
import { RepairQueue } from './repair-queue.ts';
import { SendWindow } from './send-window.ts';
import { SourceReader } from './source-reader.ts';
import { TokenBucket } from './token-bucket.ts';
import {
  type SenderData,
  type SenderMail,
  type SenderMessage,
  type TransferOutcome,
  knownCode,
} from './worker-message.ts';

/** Sealed records kept for repeats, and with them the most records in flight: 6 MB stay in cache, 128 MB do not. */
export const WINDOW_SLOTS = 96;
const ANNOUNCE_EVERY_MS = 100;
const KEEPALIVE_MS = 500;
const END_EVERY_MS = 20;
/** A slow source's bytes leave after this long, though they do not fill a record. */
const PARTIAL_RECORD_MS = 20;
/** One-way: ANNOUNCE alone for this long, so that the receiver is ready; and END this often over this long. */
const WARM_UP_MS = 200;
const ONE_WAY_END_TIMES = 250;
const ONE_WAY_END_EVERY_MS = 10;
const TAGS_PER_HASH = 64;
const GOODBYES = 3;

export class OutboundTransfer {
  readonly #data: SenderData;
  readonly #link: SenderLink;
  readonly #geometry: Geometry;
  readonly #mail: MailReceiver<SenderMail>;
  readonly #counters: Counters;
  readonly #post: (message: SenderMessage) => void;
  readonly #channel: ControlChannel;
  readonly #transmitter: Transmitter;
  readonly #poller: Poller = new Poller();
  readonly #header: SegmentHeader = emptySegmentHeader();
  readonly #status: Status = emptyStatus();
  readonly #hash: Hash = createHash('sha256');
  readonly #tags: Uint8Array = new Uint8Array(TAGS_PER_HASH * TAG_BYTES);
  readonly #sealer: RecordSealer;
  readonly #bodyBytesMax: number;
  readonly #repairs: RepairQueue;
  #tagCount = 0;
  #join: JoinAccepted | undefined;
  #window: SendWindow | undefined;
  #bucket: TokenBucket | undefined;
  #sourceFd: number | undefined;
  #sourceDone = false;
  #result: TransferOutcome | undefined;
  #announcement: Uint8Array = new Uint8Array(0);
  #records = 0;
  #bytes = 0;
  #announcedAtMs = 0;
  #spokeAtMs = 0;
  #rejected = 0;

  constructor(
    data: SenderData,
    link: SenderLink,
    geometry: Geometry,
    keys: SessionKeys,
    mail: MailReceiver<SenderMail>,
    counters: Counters,
    post: (message: SenderMessage) => void,
  ) {
    this.#data = data;
    this.#link = link;
    this.#geometry = geometry;
    this.#mail = mail;
    this.#counters = counters;
    this.#post = post;
    const { transferIdHigh, transferIdLow } = data;
    this.#channel = new ControlChannel(
      keys.senderControl,
      keys.receiverControl,
      transferIdHigh,
      transferIdLow,
    );
    this.#transmitter = link.createTransmitter(geometry, WINDOW_SLOTS, transferIdHigh, transferIdLow);
    this.#sealer = createSealer(keys.data, transferIdHigh, transferIdLow);
    this.#bodyBytesMax = controlBodyBytesForMtu(geometry.mtuBytes);
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
      this.#sayAbort(error);
      throw error;
    } finally {
      this.#publish();
    }
  }

  // --- announcing

  #announce(): void {
    const { announcement, oneWay, timeoutMs } = this.#data;
    const whole: Announcement = {
      ...announcement,
      features: [...announcement.features, ...(this.#transmitter.gso ? ['gso'] : [])],
      segmentPayloadBytes: this.#geometry.segmentPayloadBytes,
      fecDataRecords: 0,
      fecParityRecords: 0,
      feedback: oneWay ? 'none' : 'one',
      timeoutMs,
    };
    this.#announcement = encodeAnnouncement(whole, this.#bodyBytesMax);
    const startMs = performance.now();
    if (oneWay) this.#post({ kind: 'accepted' });
    for (;;) {
      const nowMs = performance.now();
      if (oneWay && nowMs - startMs >= WARM_UP_MS && this.#sourceFd !== undefined) break;
      if (this.#join !== undefined && this.#sourceFd !== undefined) break;
      if (!oneWay && this.#join === undefined && nowMs - startMs > this.#data.joinTimeoutMs)
        throw this.#noReceiver();
      this.#turn(nowMs);
      this.#idle(oneWay ? 5 : 10, undefined);
    }
    this.#startBucket();
  }

  #startBucket(): void {
    const { rateBitsPerSecond } = this.#data;
    if (rateBitsPerSecond === undefined) return;
    this.#bucket = new TokenBucket(rateBitsPerSecond, this.#geometry.recordBytes, performance.now());
  }

  #noReceiver(): ZwireError {
    const where = this.#link.description;
    return new ZwireError(
      'NO_RECEIVER',
      `no receiver answered at ${where} within ${this.#data.joinTimeoutMs / 1000} s`,
      {
        fields: { peer: where },
        hint:
          'Check that `zwire receive` is running there on the same port, that the addresses are right, and that no firewall ' +
          'drops UDP on that port.\nOn the receiver, `zwire receive --json` shows what arrives. ' +
          'If nothing can answer (a one-way link), send with --one-way.',
      },
    );
  }

  #sendAnnounce(nowMs: number): void {
    this.#announcedAtMs = nowMs;
    const clear = encodeAnnounceClear({
      suite: 'open',
      keyId: new Uint8Array(8),
      salt: this.#data.salt,
      ephemeralPublic: new Uint8Array(32),
      senderTimeNs: BigInt(Math.round((performance.timeOrigin + nowMs) * 1000)) * 1000n,
    });
    this.#say(MessageType.announce, this.#announcement, nowMs, clear);
  }

  #say(type: number, body: Uint8Array, nowMs: number, clear?: Uint8Array): void {
    this.#spokeAtMs = nowMs;
    this.#transmitter.sendControl(this.#channel.write(type, body, clear));
  }

  // --- every turn of every state: mail, inbound messages, what is due by time

  #turn(nowMs: number): void {
    for (let mail = this.#mail.take(); mail !== undefined; mail = this.#mail.take()) this.#onMail(mail);
    this.#drainInbound(nowMs);
    this.#repairs.flush();
    const announcing = this.#data.oneWay || this.#join === undefined;
    if (announcing && nowMs - this.#announcedAtMs >= ANNOUNCE_EVERY_MS) this.#sendAnnounce(nowMs);
    const window = this.#window;
    if (window === undefined) return;
    if (window.silenceMs(nowMs) > this.#data.timeoutMs) throw this.#peerLost();
    if (window.probeDue(nowMs) || nowMs - this.#spokeAtMs > KEEPALIVE_MS) this.#probe(window, nowMs);
  }

  #probe(window: SendWindow, nowMs: number): void {
    this.#transmitter.flush();
    const timeUs = Math.max(1, Math.round(nowMs * 1000));
    window.probed(timeUs, nowMs);
    this.#say(MessageType.probe, encodeProbe({ timeUs }), nowMs);
  }

  #peerLost(): ZwireError {
    const seconds = this.#data.timeoutMs / 1000;
    return new ZwireError(
      'PEER_LOST',
      `the receiver at ${this.#link.description} has not answered for ${seconds} s`,
      {
        hint: 'Check the receiver and the link. What had arrived was not committed; --timeout SECONDS waits longer.',
      },
    );
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

  #drainInbound(nowMs: number): void {
    const { inbound } = this.#link;
    while (inbound.next()) {
      const { memory, payloadOffset, payloadBytes } = inbound;
      const reason = decodeSegmentHeader(memory.view, payloadOffset, payloadBytes, this.#header);
      if (reason === '' && this.#isOurs(this.#header)) {
        const at = payloadOffset + SEGMENT_HEADER_BYTES;
        this.#onControl(memory.bytes.slice(at, at + this.#header.payloadBytes), nowMs);
      } else this.#rejected++;
      inbound.release();
    }
  }

  #isOurs(header: SegmentHeader): boolean {
    return (
      header.transferIdHigh === this.#data.transferIdHigh && header.transferIdLow === this.#data.transferIdLow
    );
  }

  #onControl(payload: Uint8Array, nowMs: number): void {
    const { type } = this.#header;
    if (type !== MessageType.status && type !== MessageType.join && type !== MessageType.abort) {
      this.#rejected++;
      return;
    }
    const body = this.#channel.read(this.#header, payload, type === MessageType.join ? JOIN_CLEAR_BYTES : 0);
    if (body === undefined) {
      this.#rejected++;
      return;
    }
    if (type === MessageType.join) this.#onJoin(body, nowMs);
    else if (type === MessageType.status) this.#onStatus(body, nowMs);
    else {
      const abort = decodeAbort(body);
      throw new ZwireError(
        'PEER_ABORTED',
        `the receiver ended the transfer: ${abort.message || abort.code}`,
        {
          fields: { abort: abort.code },
        },
      );
    }
  }

  #onJoin(body: Uint8Array, nowMs: number): void {
    if (this.#join !== undefined) return;
    const join = decodeJoin(body);
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
      nowMs,
    });
    this.#post({ kind: 'accepted' });
  }

  #onStatus(body: Uint8Array, nowMs: number): void {
    const status = this.#status;
    decodeStatus(new DataView(body.buffer, body.byteOffset, body.byteLength), 0, body.byteLength, status);
    if (status.state === 'failed') {
      const code = knownCode(status.resultCode, 'PEER_ABORTED');
      throw new RemoteFailure(code, `on the receiver: ${status.resultText}`);
    }
    if (status.state === 'committed') this.#result = outcomeOf(status.resultText);
    this.#window?.onStatus(status, nowMs, (record, low, high) => {
      this.#repairs.add(this.#window?.slotOf(record) ?? 0, low, high);
    });
    this.#counters.set('drops', status.ringDrops);
    this.#counters.set('delivered', status.delivered);
  }

  // --- streaming

  #stream(): void {
    const fd = this.#sourceFd;
    if (fd === undefined) throw new Error('streaming without a source');
    using reader = new SourceReader(fd, this.#geometry.plaintextBytes);
    let lastSent = false;
    let waitingSinceMs = 0;
    for (;;) {
      const nowMs = performance.now();
      this.#turn(nowMs);
      if (lastSent) {
        if (this.#window === undefined || this.#window.inFlight === 0) break;
        this.#waitForWindow(nowMs);
        continue;
      }
      if (!this.#mayAdvance()) {
        this.#waitForWindow(nowMs);
        continue;
      }
      reader.fill();
      if (!reader.full && !reader.ended) {
        if (waitingSinceMs === 0) waitingSinceMs = nowMs;
        const overdue = reader.filled > 0 && nowMs - waitingSinceMs > PARTIAL_RECORD_MS;
        if (!overdue) {
          this.#waitForSource(nowMs, reader.fd);
          continue;
        }
      }
      waitingSinceMs = 0;
      if (!this.#pace(nowMs)) continue;
      lastSent = reader.ended;
      this.#sendRecord(reader, lastSent, nowMs);
    }
    this.#transmitter.flush();
    this.#publish();
  }

  #mayAdvance(): boolean {
    // One-way there is nothing to wait for; a slot is free again as soon as its frame is with the kernel.
    return this.#window === undefined || this.#window.maySend();
  }

  /** True when the rate allows a record now; waits a little otherwise. */
  #pace(nowMs: number): boolean {
    if (this.#bucket === undefined) return true;
    const waitMs = this.#bucket.take(this.#geometry.recordBytes, nowMs);
    if (waitMs === 0) return true;
    this.#transmitter.flush();
    this.#mail.wait(Math.min(waitMs, 5));
    this.#counters.add('waitWireMs', performance.now() - nowMs);
    return false;
  }

  #sendRecord(reader: SourceReader, last: boolean, nowMs: number): void {
    const record = this.#records++;
    const slot = record % WINDOW_SLOTS;
    const transmitter = this.#transmitter;
    const at = slot * transmitter.recordStride;
    const { filled } = reader;
    this.#sealer.seal(record, last, reader.memory, 0, filled, transmitter.records, at);
    const tag = transmitter.records.bytes.subarray(at + filled, at + filled + TAG_BYTES);
    this.#tags.set(tag, this.#tagCount * TAG_BYTES);
    if (++this.#tagCount === TAGS_PER_HASH) this.#hashTags();
    transmitter.stamp(slot, record, filled + TAG_BYTES, last);
    transmitter.queueRecord(slot);
    this.#window?.sent(nowMs);
    this.#spokeAtMs = nowMs;
    this.#bytes += filled;
    reader.reset();
    if ((record & 15) === 0) this.#publish();
  }

  #hashTags(): void {
    this.#hash.update(this.#tags.subarray(0, this.#tagCount * TAG_BYTES));
    this.#tagCount = 0;
  }

  #waitForSource(sinceMs: number, fd: number): void {
    this.#transmitter.flush();
    this.#publish();
    this.#idle(10, fd);
    this.#counters.add('waitSourceMs', performance.now() - sinceMs);
  }

  #waitForWindow(sinceMs: number): void {
    this.#transmitter.flush();
    this.#publish();
    this.#idle(1, undefined);
    const name = this.#window?.limitedBy === 'credit' ? 'waitSinkMs' : 'waitWireMs';
    this.#counters.add(name, performance.now() - sinceMs);
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
    this.#counters.set('rejected', this.#rejected);
  }

  // --- settling and ending

  /** The source has been read to its end and everything is acknowledged: the producer must still end well. */
  #settle(): void {
    this.#hashTags();
    this.#post({ kind: 'sourceEnded' });
    while (!this.#sourceDone) {
      this.#turn(performance.now());
      this.#idle(5, undefined);
    }
  }

  #end(): TransferOutcome {
    const end = encodeEnd({
      records: this.#records,
      bytes: BigInt(this.#bytes),
      digest: this.#hash.digest(),
    });
    if (this.#data.oneWay) return this.#endOneWay(end);
    let endedAtMs = 0;
    let everyMs = END_EVERY_MS;
    while (this.#result === undefined) {
      const nowMs = performance.now();
      this.#turn(nowMs);
      if (nowMs - endedAtMs >= everyMs) {
        if (endedAtMs !== 0) everyMs = Math.min(everyMs * 2, KEEPALIVE_MS);
        endedAtMs = nowMs;
        this.#say(MessageType.end, end, nowMs);
      }
      this.#idle(10, undefined);
    }
    const goodbye = encodeAbort({ code: 'DONE', message: '' }, this.#bodyBytesMax);
    for (let times = 0; times < GOODBYES; times++) this.#say(MessageType.abort, goodbye, performance.now());
    return this.#result;
  }

  #endOneWay(end: Uint8Array): TransferOutcome {
    for (let times = 0; times < ONE_WAY_END_TIMES; times++) {
      const nowMs = performance.now();
      this.#turn(nowMs);
      this.#say(MessageType.end, end, nowMs);
      this.#mail.wait(ONE_WAY_END_EVERY_MS);
    }
    return { outcome: 'delivered' };
  }

  /** Tells the receiver why, unless the news came from there or nobody was there. */
  #sayAbort(error: unknown): void {
    if (error instanceof RemoteFailure) {
      const goodbye = encodeAbort({ code: 'DONE', message: '' }, this.#bodyBytesMax);
      for (let times = 0; times < GOODBYES; times++) this.#say(MessageType.abort, goodbye, 0);
      return;
    }
    if (error instanceof ZwireError && ['REFUSED', 'NO_RECEIVER', 'INTERFACE_DOWN'].includes(error.code))
      return;
    const code: AbortCode = error instanceof AbortedTransfer ? error.abortCode : 'OTHER';
    const message = error instanceof Error ? error.message : String(error);
    const body = encodeAbort({ code, message }, this.#bodyBytesMax);
    try {
      for (let times = 0; times < GOODBYES; times++) this.#say(MessageType.abort, body, 0);
    } catch (sendError) {
      // The first error is the one to report; that the goodbye could not leave either only confirms it.
      if (!(sendError instanceof Error)) throw sendError;
    }
  }

  /** --rate-limit: every frame waits this long; mail and what comes in are looked after meanwhile. */
  pauseBeforeFrames(pauseMs: number): void {
    this.#transmitter.beforeFrame = () => {
      const untilMs = performance.now() + pauseMs;
      for (let nowMs = performance.now(); nowMs < untilMs; nowMs = performance.now()) {
        for (let mail = this.#mail.take(); mail !== undefined; mail = this.#mail.take()) this.#onMail(mail);
        this.#mail.wait(Math.min(100, untilMs - nowMs));
      }
    };
  }

  dispose(): void {
    this.#transmitter[Symbol.dispose]();
    this.#sealer[Symbol.dispose]();
    this.#poller[Symbol.dispose]();
  }
}

/** The main thread ended the transfer: the code goes to the receiver, the failure to the caller. */
class AbortedTransfer extends ZwireError {
  readonly abortCode: AbortCode;

  constructor(abortCode: AbortCode, failure: ZwireError) {
    super(failure.code, failure.message, {
      fields: failure.fields,
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    });
    this.abortCode = abortCode;
  }
}

/** The receiver reported a failure: it knows already. */
class RemoteFailure extends ZwireError {}

/** `{"target": ..., "guid": ...}` of a committed STATUS; anything else is only text. */
function outcomeOf(text: string): TransferOutcome {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return { outcome: 'committed' };
    const target = 'target' in parsed && typeof parsed.target === 'string' ? { target: parsed.target } : {};
    const guid = 'guid' in parsed && typeof parsed.guid === 'string' ? { guid: parsed.guid } : {};
    return { outcome: 'committed', ...target, ...guid };
  } catch {
    // An older or other receiver may say it in words: the commit itself is in the state.
    return { outcome: 'committed' };
  }
}
