// The sender's control messages, out and in: what it says, and what it understands of what comes back. It keeps no
// state of the transfer; outbound-transfer.ts decides.
import { ZwireError } from '../bytes/zwire-error.ts';
import type { SenderLink } from '../link/link.ts';
import type { Transmitter } from '../link/transmitter.ts';
import type { SessionKeys } from '../seal/session-keys.ts';
import { type AbortCode, decodeAbort, encodeAbort } from '../wire/abort.ts';
import { type Announcement, encodeAnnounceClear, encodeAnnouncement } from '../wire/announce.ts';
import { type End, encodeEnd } from '../wire/end.ts';
import { JOIN_CLEAR_BYTES, type Join, decodeJoin } from '../wire/join.ts';
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
import { knownCode } from './worker-message.ts';

/** Words that nobody answers are said more than once. */
const GOODBYES = 3;

export interface ConversationListener {
  onJoin(join: Join): void;
  /** The status is reused: take what you need. */
  onStatus(status: Status): void;
}

/** The receiver reported a failure: it knows already. */
export class RemoteFailure extends ZwireError {}

export class SenderConversation {
  /** When anything was said last, ms of performance.now(). */
  spokeAtMs = 0;
  /** Segments that were malformed, foreign, forged or seen before. */
  rejected = 0;
  readonly #link: SenderLink;
  readonly #transmitter: Transmitter;
  readonly #channel: ControlChannel;
  readonly #salt: Uint8Array;
  readonly #transferIdHigh: number;
  readonly #transferIdLow: number;
  readonly #bodyBytesMax: number;
  readonly #header: SegmentHeader = emptySegmentHeader();
  readonly #status: Status = emptyStatus();
  #announcement: Uint8Array = new Uint8Array(0);

  constructor(
    link: SenderLink,
    transmitter: Transmitter,
    keys: SessionKeys,
    transfer: { readonly transferIdHigh: number; readonly transferIdLow: number; readonly salt: Uint8Array },
    mtuBytes: number,
  ) {
    this.#link = link;
    this.#transmitter = transmitter;
    this.#salt = transfer.salt;
    this.#transferIdHigh = transfer.transferIdHigh;
    this.#transferIdLow = transfer.transferIdLow;
    this.#channel = new ControlChannel(
      keys.senderControl,
      keys.receiverControl,
      transfer.transferIdHigh,
      transfer.transferIdLow,
    );
    this.#bodyBytesMax = controlBodyBytesForMtu(mtuBytes);
  }

  /** What announce() will say. Throws NAME_TOO_LONG. */
  prepare(announcement: Announcement): void {
    this.#announcement = encodeAnnouncement(announcement, this.#bodyBytesMax);
  }

  announce(nowMs: number): void {
    const clear = encodeAnnounceClear({
      suite: 'open',
      keyId: new Uint8Array(8),
      salt: this.#salt,
      ephemeralPublic: new Uint8Array(32),
      senderTimeNs: BigInt(Math.round((performance.timeOrigin + nowMs) * 1000)) * 1000n,
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

  #say(type: number, body: Uint8Array, nowMs: number, clear?: Uint8Array): void {
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
    return transferIdHigh === this.#transferIdHigh && transferIdLow === this.#transferIdLow;
  }

  #understand(payload: Uint8Array, listener: ConversationListener): void {
    const { type } = this.#header;
    const known = type === MessageType.status || type === MessageType.join || type === MessageType.abort;
    const clearBytes = type === MessageType.join ? JOIN_CLEAR_BYTES : 0;
    const body = known ? this.#channel.read(this.#header, payload, clearBytes) : undefined;
    if (body === undefined) {
      this.rejected++;
      return;
    }
    if (type === MessageType.join) listener.onJoin(decodeJoin(body));
    else if (type === MessageType.status) this.#onStatus(body, listener);
    else throw peerAborted(body);
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

function peerAborted(body: Uint8Array): ZwireError {
  const abort = decodeAbort(body);
  return new ZwireError('PEER_ABORTED', `the receiver ended the transfer: ${abort.message || abort.code}`, {
    fields: { abort: abort.code },
  });
}
