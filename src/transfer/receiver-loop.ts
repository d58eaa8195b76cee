// The receiving worker's loop: takes frames from the link, gives each segment to its transfer, answers, and watches
// the clock. It never waits for a sink.
import { randomBytes } from 'node:crypto';
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import type { ReceiverLink } from '../link/link.ts';
import { formatIpv4 } from '../bytes/ipv4-address.ts';
import { activityNumbers } from '../trace/activity.ts';
import { ANNOUNCE_CLEAR_BYTES } from '../wire/announce.ts';
import { decodeAbort } from '../wire/abort.ts';
import { decodeEnd } from '../wire/end.ts';
import { encodeJoin, encodeJoinClear } from '../wire/join.ts';
import { decodeProbe } from '../wire/probe.ts';
import {
  MessageType,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  decodeSegmentHeader,
  emptySegmentHeader,
} from '../wire/segment.ts';
import { CreditPool } from './credit-pool.ts';
import { type Admitted, Entrance, isSame } from './entrance.ts';
import { FrameWait } from './frame-wait.ts';
import { InboundTransfer } from './inbound-transfer.ts';
import { InboundTransfers } from './inbound-transfers.ts';
import type { MailReceiver } from './mailbox.ts';
import { bodyBytesMax } from './refusals.ts';
import { transferName } from './segment-owner.ts';
import type { SlotPool } from './slot-pool.ts';
import { StatusWriter } from './status-writer.ts';
import {
  type Failure,
  type ReceiverData,
  type ReceiverMail,
  type ReceiverMessage,
  failureOf,
} from './worker-message.ts';
import { ReceiverTrace } from './worker-trace.ts';
import { WriteQueue } from './write-queue.ts';

const FRAMES_A_TURN = 8;
/** While frames come, what is due by time is looked at this often: it costs as much as a tenth of a record. */
const SERVE_EVERY_MS = 0.25;
/** How long an ended transfer answers questions, and how soon the main thread is told although nobody said goodbye. */
const LINGER_MS = 10_000;
const CLOSE_MS = 1000;
const REFUSALS = 3;
/** Ended transfers whose announcements are dropped: the newest so many. */
const CLOSED_KEPT = 4096;
/** Drop counters cost a system call each. */
const DROPS_EVERY_MS = 20;

/** What a trace calls what the loop does. */
const DOES = activityNumbers('receiver');

export class ReceiverLoop {
  readonly #data: ReceiverData;
  readonly #link: ReceiverLink;
  readonly #pool: SlotPool;
  readonly #mail: MailReceiver<ReceiverMail>;
  readonly #post: (message: ReceiverMessage) => void;
  readonly #credit: CreditPool;
  readonly #transfers: InboundTransfers = new InboundTransfers();
  readonly #closed: Set<string> = new Set();
  readonly #header: SegmentHeader = emptySegmentHeader();
  readonly #wait: FrameWait;
  readonly #entrance: Entrance;
  readonly #status: StatusWriter = new StatusWriter();
  #drops = 0;
  #dropsAtMs = WIDE_ZERO;
  #stopAtMs = WIDE_ZERO;
  readonly #trace: ReceiverTrace | undefined;

  constructor(
    data: ReceiverData,
    link: ReceiverLink,
    pool: SlotPool,
    mail: MailReceiver<ReceiverMail>,
    post: (message: ReceiverMessage) => void,
  ) {
    this.#data = data;
    this.#link = link;
    this.#wait = new FrameWait(link.inbound);
    this.#pool = pool;
    this.#mail = mail;
    this.#post = post;
    this.#credit = new CreditPool(pool.slots, data.maxTransfers);
    this.#entrance = new Entrance(data, link, this.#credit);
    if (data.activity !== undefined) this.#trace = new ReceiverTrace(data.activity);
  }

  run(): void {
    const { inbound } = this.#link;
    let servedAtMs = -Infinity;
    for (;;) {
      const nowMs = performance.now();
      let frames = 0;
      this.#trace?.activity.enter(DOES['receive and reassemble']);
      this.#link.admit(nowMs);
      while (frames < FRAMES_A_TURN && inbound.next()) {
        this.#onFrame(nowMs);
        inbound.release();
        frames++;
      }
      if (frames === 0 || nowMs - servedAtMs >= SERVE_EVERY_MS) {
        servedAtMs = nowMs;
        this.#trace?.activity.enter(DOES.serve);
        this.#takeMail(nowMs);
        this.#serve(nowMs, frames < FRAMES_A_TURN);
      }
      if (this.#stopAtMs !== 0 && (this.#transfers.size === 0 || nowMs >= this.#stopAtMs)) break;
      if (frames > 0) this.#wait.seen(nowMs);
      else {
        this.#trace?.activity.enter(DOES.idle);
        this.#wait.rest(nowMs, this.#transfers.size > 0);
      }
    }
    this.#entrance.clear();
    this.#trace?.activity.enter(DOES.idle);
  }

  // --- frames

  #onFrame(nowMs: number): void {
    const { memory, payloadOffset, payloadBytes } = this.#link.inbound;
    const endAt = payloadOffset + payloadBytes;
    const header = this.#header;
    let at = payloadOffset;
    while (at < endAt) {
      if (decodeSegmentHeader(memory.view, at, endAt - at, header) !== '') {
        // Foreign or damaged: the rest of the frame has no known beginning.
        this.#transfers.latest?.counters.add('rejected', 1);
        return;
      }
      const transfer = this.#transfers.find(header);
      if (transfer !== undefined && at === payloadOffset) transfer.frames++;
      if (header.type === MessageType.data && transfer !== undefined) {
        at += transfer.onData(header, memory, at, endAt, nowMs);
        continue;
      }
      const payloadAt = at + SEGMENT_HEADER_BYTES;
      at = payloadAt + header.payloadBytes;
      if (header.type === MessageType.data || header.type === MessageType.filler) continue;
      const knocks = header.type === MessageType.announce && transfer === undefined;
      // Most that come uninvited go again here: of these nothing is taken out of the frame.
      if (knocks && this.#entrance.turnsAway(header, memory.bytes, payloadAt, nowMs)) continue;
      this.#onControl(header, memory.bytes.slice(payloadAt, at), transfer, nowMs);
    }
  }

  #onControl(
    header: SegmentHeader,
    payload: Uint8Array,
    transfer: InboundTransfer | undefined,
    nowMs: number,
  ): void {
    try {
      if (transfer !== undefined) this.#onTransferControl(header, payload, transfer, nowMs);
      else this.#onStranger(header, payload, nowMs);
    } catch (error) {
      // Authentic but senseless: the sender speaks another dialect. Everything else never gets here.
      if (transfer === undefined || transfer.ended) return;
      this.#break(transfer, failureOf(error));
    }
  }

  #onTransferControl(
    header: SegmentHeader,
    payload: Uint8Array,
    transfer: InboundTransfer,
    nowMs: number,
  ): void {
    if (header.type === MessageType.announce && transfer.keyed !== undefined) {
      this.#onKeyedAnnounceAgain(payload, transfer, nowMs);
      return;
    }
    const clearBytes = header.type === MessageType.announce ? ANNOUNCE_CLEAR_BYTES : 0;
    const body = transfer.channel.read(header, payload, clearBytes);
    if (body === undefined) {
      transfer.counters.add('rejected', 1);
      return;
    }
    transfer.peer = this.#link.inbound.peer();
    transfer.heardAtMs = nowMs;
    switch (header.type) {
      case MessageType.announce:
        if (transfer.oneWay) break;
        // Our JOIN was lost; or the policy is still deciding, and the sender should know that someone is here.
        if (transfer.state === 'receiving') this.#sendJoin(transfer);
        else if (transfer.state === 'deciding') this.#sendStatus(transfer, nowMs);
        break;
      case MessageType.probe:
        // Answered when everything that was sent before it has been read too: it lies in other rings.
        transfer.probeTimeUs = decodeProbe(body).timeUs;
        transfer.trace?.records.probeCame(transfer.probeTimeUs);
        break;
      case MessageType.end:
        transfer.onEnd(decodeEnd(body), nowMs);
        if (transfer.ended || transfer.state === 'draining') this.#sendStatus(transfer, nowMs);
        break;
      case MessageType.abort:
        this.#onAbort(transfer, body, nowMs);
        break;
      default:
        transfer.counters.add('rejected', 1);
    }
  }

  #onAbort(transfer: InboundTransfer, body: Uint8Array, nowMs: number): void {
    const abort = decodeAbort(body);
    if (transfer.ended) {
      this.#close(transfer, nowMs);
      return;
    }
    if (transfer.state === 'draining' || transfer.state === 'aborting') return;
    this.#break(transfer, {
      code: 'PEER_ABORTED',
      message: `the sender ended the transfer: ${abort.message || abort.code}`,
      fields: { abort: abort.code },
    });
  }

  // --- announcements

  /** Of no transfer: one that wants to begin, or one that waits to. */
  #onStranger(header: SegmentHeader, payload: Uint8Array, nowMs: number): void {
    if (this.#stopAtMs !== 0) return;
    if (header.type !== MessageType.announce) {
      this.#begin(this.#entrance.onMessage(header, payload), nowMs);
    } else if (!this.#closed.has(transferName(header))) {
      this.#begin(this.#entrance.onAnnounce(header, payload, nowMs), nowMs);
    }
  }

  /** It is not sealed under a counter, so that anyone may say it again: it asks for a JOIN, and moves nothing. */
  #onKeyedAnnounceAgain(payload: Uint8Array, transfer: InboundTransfer, nowMs: number): void {
    if (!isSame(transfer.keyed?.announce, payload)) {
      transfer.counters.add('rejected', 1);
      return;
    }
    if (transfer.oneWay || !this.#entrance.mayRepeat(nowMs)) return;
    if (transfer.state === 'receiving') this.#sendJoin(transfer);
    else if (transfer.state === 'deciding') this.#sendStatus(transfer, nowMs);
  }

  #begin(admitted: Admitted | undefined, nowMs: number): void {
    if (admitted === undefined) return;
    const { name, id, visitor } = admitted;
    const { announcement, keyed, senderTimeNs } = visitor;
    const peer = this.#link.inbound.peer();
    const transfer = new InboundTransfer(
      name,
      id,
      visitor,
      peer,
      this.#pool,
      this.#credit,
      nowMs,
      this.#trace?.ofTransfer(),
    );
    this.#transfers.add(transfer);
    this.#post({
      kind: 'announced',
      transfer: name,
      announcement,
      peer: `${formatIpv4(peer.ip)}:${peer.port}`,
      counters: transfer.counters.shared,
      ...(keyed === undefined ? {} : { sender: { publicKey: keyed.senderKey, timeNs: senderTimeNs } }),
      ...(transfer.trace === undefined ? {} : { records: transfer.trace.memory }),
    });
  }

  #sendJoin(transfer: InboundTransfer): void {
    const superFrames = transfer.announcement.features.includes('gso');
    const { segmentsPerRecord } = transfer.geometry;
    const answer = encodeJoin(
      {
        accepted: true,
        creditLimit: transfer.creditLimit,
        windowRecords: this.#link.inbound.capacityRecords(segmentsPerRecord, superFrames),
        have: { snapshots: [] },
      },
      bodyBytesMax(transfer.announcement),
    );
    const open = { nonce: randomBytes(32), ephemeralPublic: new Uint8Array(32) };
    const clear = encodeJoinClear(transfer.keyed?.joinClear ?? open);
    this.#link.reply(transfer.peer, transfer.channel.write(MessageType.join, answer, clear));
  }

  // --- mail from the main thread

  #takeMail(nowMs: number): void {
    for (let mail = this.#mail.take(); mail !== undefined; mail = this.#mail.take())
      this.#onMail(mail, nowMs);
  }

  #onMail(mail: ReceiverMail, nowMs: number): void {
    if (mail.kind === 'stop') {
      this.#stop(nowMs);
      return;
    }
    if (mail.kind === 'authorized') {
      this.#entrance.authorize(mail.authorized);
      return;
    }
    const transfer = this.#transfers.get(mail.transfer);
    if (transfer === undefined) return;
    switch (mail.kind) {
      case 'accept':
        if (transfer.state !== 'deciding') return;
        transfer.accept(WriteQueue.attach(mail.queue), mail.limits, nowMs);
        transfer.heardAtMs = nowMs;
        if (!transfer.oneWay) this.#sendJoin(transfer);
        return;
      case 'refuse': {
        const { code, message } = mail;
        // Said more than once: a receiver that ends with its first transfer will not hear another announcement.
        this.#entrance.refuse(transfer.id, transfer, { code, message }, transfer.peer, REFUSALS);
        transfer.finish('failed', { code: '', text: '' }, nowMs);
        this.#forget(transfer);
        this.#post({ kind: 'closed', transfer: transfer.id });
        return;
      }
      case 'committed':
        transfer.finish('committed', { code: 'OK', text: mail.text }, nowMs);
        this.#sendStatus(transfer, nowMs);
        return;
      case 'failed':
        transfer.finish('failed', { code: mail.failure.code, text: mail.failure.message }, nowMs);
        this.#sendStatus(transfer, nowMs);
    }
  }

  #stop(nowMs: number): void {
    this.#stopAtMs = nowMs + CLOSE_MS;
    for (const transfer of this.#transfers) {
      // Whoever knows the result, or was never told anything, is waited for no longer.
      if (transfer.state === 'deciding' || this.#closed.has(transfer.id)) this.#forget(transfer);
    }
  }

  // --- what is due by time

  #serve(nowMs: number, drained: boolean): void {
    if (this.#transfers.size > 0 && nowMs - this.#dropsAtMs > DROPS_EVERY_MS) {
      this.#dropsAtMs = nowMs;
      this.#drops += this.#link.inbound.takeDrops();
    }
    const strangers = this.#entrance.serve(nowMs);
    if (strangers !== undefined) this.#post({ kind: 'strangers', ...strangers });
    for (const transfer of this.#transfers) {
      this.#serveTransfer(transfer, nowMs);
      const open = this.#transfers.get(transfer.id) !== undefined;
      if (drained && open && transfer.probeTimeUs !== 0) this.#answerProbe(transfer, nowMs);
    }
  }

  #serveTransfer(transfer: InboundTransfer, nowMs: number): void {
    if (transfer.ended) {
      const sinceMs = nowMs - transfer.endedAtMs;
      if (transfer.oneWay || sinceMs > CLOSE_MS) this.#close(transfer, nowMs);
      else if (this.#status.dueAfterEnd(transfer, nowMs)) this.#sendStatus(transfer, nowMs);
      return;
    }
    transfer.takeDelivered();
    const checked = transfer.pace(nowMs) ?? transfer.checkEnd(nowMs);
    if (checked === 'verified') {
      // The main thread reads the counters when it is told.
      transfer.publish();
      this.#post({ kind: 'verified', transfer: transfer.id });
    } else if (checked !== undefined) this.#break(transfer, checked);
    const timeoutMs = this.#data.timeoutMs;
    if (transfer.state === 'receiving' && nowMs - transfer.heardAtMs > timeoutMs) {
      this.#break(transfer, {
        code: 'PEER_LOST',
        message: `the sender has not been heard for ${timeoutMs / 1000} s`,
        hint: 'Nothing was committed. Check the sender and the link; --timeout SECONDS waits longer.',
      });
    }
    if (transfer.state !== 'deciding' && this.#status.due(transfer, nowMs)) this.#sendStatus(transfer, nowMs);
  }

  #answerProbe(transfer: InboundTransfer, nowMs: number): void {
    transfer.echoTimeUs = transfer.probeTimeUs;
    transfer.probeTimeUs = 0;
    transfer.trace?.records.echoLeaves();
    this.#sendStatus(transfer, nowMs);
  }

  #sendStatus(transfer: InboundTransfer, nowMs: number): void {
    transfer.publish();
    if (transfer.oneWay) return;
    const body = this.#status.encode(transfer, this.#drops, bodyBytesMax(transfer.announcement), nowMs);
    this.#link.reply(transfer.peer, transfer.channel.write(MessageType.status, body));
  }

  #break(transfer: InboundTransfer, failure: Failure): void {
    if (transfer.state === 'aborting' || transfer.ended) return;
    transfer.abort(failure);
    transfer.publish();
    this.#post({ kind: 'broken', transfer: transfer.id, failure });
  }

  /** The sender knows the result, or nobody asked for long: the main thread may go on. */
  #close(transfer: InboundTransfer, nowMs: number): void {
    if (!this.#closed.has(transfer.id)) {
      const [oldest] = this.#closed;
      if (this.#closed.size >= CLOSED_KEPT && oldest !== undefined) this.#closed.delete(oldest);
      this.#closed.add(transfer.id);
      this.#post({ kind: 'closed', transfer: transfer.id });
    }
    if (this.#stopAtMs !== 0 || nowMs - transfer.endedAtMs > LINGER_MS || transfer.oneWay)
      this.#forget(transfer);
  }

  #forget(transfer: InboundTransfer): void {
    if (!this.#transfers.delete(transfer)) return;
    if (!transfer.ended) transfer.finish('failed', { code: '', text: '' }, 0);
    transfer.channel[Symbol.dispose]();
  }
}
