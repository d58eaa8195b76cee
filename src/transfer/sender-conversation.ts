// The sender's control messages, out and in: what it says, and what it understands of what comes back. It keeps no
// state of the transfer; outbound-transfer.ts decides.
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import type { SenderLink } from '../link/link.ts';
import type { Transmitter } from '../link/transmitter.ts';
import { SenderHandshake, type TransferId } from '../seal/handshake.ts';
import { KeyPair } from '../seal/key-pair.ts';
import { PAYLOAD_SECRET_BYTES } from '../seal/noise.ts';
import { type DataKeys, openSuiteKeys, type SessionKeys, wipeKey } from '../seal/session-keys.ts';
import { type AbortCode, decodeAbort, encodeAbort } from '../wire/abort.ts';
import {
  type Announcement,
  encodeAnnounceClear,
  encodeAnnouncement,
  SEALED_KEY_BYTES,
} from '../wire/announce.ts';
import { type End, encodeEnd } from '../wire/end.ts';
import {
  decodeJoin,
  decodeJoinClear,
  JOIN_CLEAR_BYTES,
  type JoinAccepted,
  type JoinRefused,
} from '../wire/join.ts';
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
import { keyedSuite } from '../wire/suite.ts';
import { ControlChannel, controlSegment } from './control-channel.ts';
import { logHandshake, logKeys } from './key-log.ts';
import { LookBudget } from './look-budget.ts';
import type { SenderKeys } from './transfer-keys.ts';
import { knownCode } from './worker-message.ts';

/** JOINs looked at a second before there are keys: each costs two multiplications. */
const ANSWERS_A_SECOND = 200;
/** Words that nobody answers are said more than once. */
const GOODBYES = 3;

export interface ConversationListener {
  /** The receiver is there; it waits for a word from us before it decides. */
  onUndecided(): void;
  onJoin(join: JoinAccepted | JoinRefused): void;
  /** The status is reused: take what you need. */
  onStatus(status: Status): void;
}

/** The receiver reported a failure: it knows already. */
export class RemoteFailure extends ZwireError {}

/** What identifies the transfer, and its keys. */
export interface ConversationTransfer extends TransferId {
  readonly salt: Uint8Array;
  /** Absent: the open suite. */
  readonly keys?: SenderKeys;
  /** See key-log.ts. */
  readonly keyLog?: number;
}

export class SenderConversation implements Disposable {
  /** When anything was said last, ms of performance.now(). */
  spokeAtMs: number = WIDE_ZERO;
  /** Segments that were malformed, foreign, forged or seen before. */
  rejected = 0;
  readonly #link: SenderLink;
  readonly #transmitter: Transmitter;
  readonly #transfer: ConversationTransfer;
  /** Undefined until both sides have the keys: two-way, the receiver's answer makes them. */
  #channel: ControlChannel | undefined;
  #dataKeys: DataKeys | undefined;
  #handshake: SenderHandshake | undefined;
  readonly #answers: LookBudget = new LookBudget(ANSWERS_A_SECOND);
  readonly #bodyBytesMax: number;
  readonly #header: SegmentHeader = emptySegmentHeader();
  readonly #status: Status = emptyStatus();
  #announcement: Uint8Array = new Uint8Array(0);

  constructor(link: SenderLink, transmitter: Transmitter, transfer: ConversationTransfer, mtuBytes: number) {
    this.#link = link;
    this.#transmitter = transmitter;
    this.#transfer = transfer;
    this.#bodyBytesMax = controlBodyBytesForMtu(mtuBytes);
  }

  /** What announce() will say. Throws NAME_TOO_LONG. */
  prepare(announcement: Announcement, nowMs: number): void {
    const { keys, keyLog, salt } = this.#transfer;
    if (keys === undefined) {
      this.#announcement = encodeAnnouncement(announcement, this.#bodyBytesMax);
      this.#adopt(openSuiteKeys(salt));
      return;
    }
    const oneWay = announcement.feedback === 'none';
    const body = encodeAnnouncement(announcement, this.#bodyBytesMax - SEALED_KEY_BYTES);
    const payloadSecret = keyLog === undefined ? undefined : new Uint8Array(PAYLOAD_SECRET_BYTES);
    const handshake = new SenderHandshake(
      {
        ...this.#transfer,
        suite: keyedSuite(oneWay, keys.psk !== undefined, keys.cipher),
        own: {
          identity: KeyPair.fromSecret(keys.identity),
          ...(keys.psk === undefined ? {} : { psk: keys.psk }),
        },
        receiverKey: keys.receiverKey,
        senderTimeNs: timeNs(nowMs),
        ...(payloadSecret === undefined ? {} : { payloadSecret }),
      },
      body,
    );
    this.#handshake = handshake;
    // Before anyone answers: what was announced to nobody is worth reading, too.
    logHandshake(keyLog, this.#transfer, keys.cipher, payloadSecret);
    this.#announcement = controlSegment(MessageType.announce, this.#transfer, 0, handshake.announce);
    if (oneWay) this.#adopt(handshake.oneWayKeys());
  }

  #adopt(keys: SessionKeys): void {
    const { transferIdHigh, transferIdLow, keyLog } = this.#transfer;
    logKeys(keyLog, this.#transfer, keys.data);
    this.#channel = new ControlChannel(
      keys.senderControl,
      keys.receiverControl,
      transferIdHigh,
      transferIdLow,
    );
    // The channel has copies.
    wipeKey(keys.senderControl);
    wipeKey(keys.receiverControl);
    this.#dataKeys = keys.data;
  }

  /** The keys of the records, once: the caller owns them. Only after JOIN, or one-way. */
  takeDataKeys(): DataKeys {
    const keys = this.#dataKeys;
    if (keys === undefined) throw new Error('there are no keys');
    this.#dataKeys = undefined;
    return keys;
  }

  announce(nowMs: number): void {
    const { keys, salt } = this.#transfer;
    if (keys !== undefined) {
      // The message of a handshake is made once: a repeat is the same bytes.
      this.spokeAtMs = nowMs;
      this.#transmitter.sendControl(this.#announcement);
      return;
    }
    const clear = encodeAnnounceClear({
      suite: 'open',
      keyId: new Uint8Array(8),
      salt,
      ephemeralPublic: new Uint8Array(32),
      senderTimeNs: timeNs(nowMs),
    });
    this.#say(MessageType.announce, this.#announcement, nowMs, clear);
  }

  /** Everything queued leaves first: the echo says that it has arrived or is lost. */
  probe(timeUs: number, nowMs: number): void {
    this.#transmitter.flush();
    this.#say(MessageType.probe, encodeProbe({ timeUs }), nowMs);
  }

  end(end: End, nowMs: number): void {
    this.#say(MessageType.end, encodeEnd(end), nowMs);
  }

  abort(code: AbortCode, message: string): void {
    const body = encodeAbort({ code, message }, this.#bodyBytesMax);
    for (let times = 0; times < GOODBYES; times++) this.#say(MessageType.abort, body, this.spokeAtMs);
  }

  [Symbol.dispose](): void {
    this.#channel?.[Symbol.dispose]();
    this.#handshake?.wipe();
    if (this.#dataKeys !== undefined) wipeKey(this.#dataKeys);
  }

  #say(type: number, body: Uint8Array, nowMs: number, clear?: Uint8Array): void {
    // Before there are keys nobody understands us, and nobody waits for us.
    if (this.#channel === undefined) return;
    this.spokeAtMs = nowMs;
    this.#transmitter.sendControl(this.#channel.write(type, body, clear));
  }

  /** Reads everything that has come in. Throws RemoteFailure and PEER_ABORTED. */
  listen(listener: ConversationListener): void {
    const { inbound } = this.#link;
    while (inbound.next()) {
      const { memory, payloadOffset, payloadBytes } = inbound;
      const endAt = payloadOffset + payloadBytes;
      // The kernel may have merged several answers into one datagram.
      for (let at = payloadOffset; at < endAt; ) {
        if (decodeSegmentHeader(memory.view, at, endAt - at, this.#header) !== '' || !this.#isOurs()) {
          this.rejected++;
          break;
        }
        const payloadAt = at + SEGMENT_HEADER_BYTES;
        at = payloadAt + this.#header.payloadBytes;
        this.#understand(memory.bytes.slice(payloadAt, at), listener);
      }
      inbound.release();
    }
  }

  #isOurs(): boolean {
    const { transferIdHigh, transferIdLow } = this.#header;
    const ours = this.#transfer;
    return transferIdHigh === ours.transferIdHigh && transferIdLow === ours.transferIdLow;
  }

  #understand(payload: Uint8Array, listener: ConversationListener): void {
    const { type } = this.#header;
    const known = type === MessageType.status || type === MessageType.join || type === MessageType.abort;
    const clearBytes = type === MessageType.join ? JOIN_CLEAR_BYTES : 0;
    if (type === MessageType.join && this.#channel === undefined) this.#completeHandshake(payload);
    const body = known ? this.#channel?.read(this.#header, payload, clearBytes) : undefined;
    if (body === undefined) {
      this.rejected++;
      return;
    }
    if (type === MessageType.join) this.#onJoin(body, listener);
    else if (type === MessageType.status) this.#onStatus(body, listener);
    else throw peerAborted(body);
  }

  /** Anyone can send a JOIN: what is not the receiver's answer changes nothing. */
  #completeHandshake(payload: Uint8Array): void {
    if (payload.byteLength < JOIN_CLEAR_BYTES || !this.#answers.take(performance.now())) return;
    const keys = this.#handshake?.readJoin(decodeJoinClear(payload));
    if (keys === undefined) return;
    this.#handshake = undefined;
    this.#adopt(keys);
  }

  #onJoin(body: Uint8Array, listener: ConversationListener): void {
    const join = decodeJoin(body);
    if (join.accepted === 'undecided') listener.onUndecided();
    else listener.onJoin(join);
  }

  #onStatus(body: Uint8Array, listener: ConversationListener): void {
    const status = this.#status;
    decodeStatus(new DataView(body.buffer, body.byteOffset, body.byteLength), 0, body.byteLength, status);
    if (status.state === 'failed') {
      // Interrupted over there is not interrupted here.
      const code = status.resultCode === 'INTERRUPTED' ? 'PEER_ABORTED' : status.resultCode;
      throw new RemoteFailure(knownCode(code, 'PEER_ABORTED'), `on the receiver: ${status.resultText}`);
    }
    listener.onStatus(status);
  }
}

/** Nanoseconds since 1970. */
function timeNs(nowMs: number): bigint {
  return BigInt(Math.round((performance.timeOrigin + nowMs) * 1000)) * 1000n;
}

function peerAborted(body: Uint8Array): ZwireError {
  const abort = decodeAbort(body);
  return new ZwireError('PEER_ABORTED', `the receiver ended the transfer: ${abort.message || abort.code}`, {
    fields: { abort: abort.code },
  });
}
