// Who comes in: reads the announcements of transfers that nobody knows yet. A receiver with keys takes keyed suites
// alone, from senders on its list; whoever else announces something gets no answer and no memory. It is counted, and
// one line in a while says so.
import { formatPublicKey } from '../seal/public-key.ts';
import { type OwnKeys, ReceiverHandshake } from '../seal/handshake.ts';
import type { Cipher } from '../seal/cipher.ts';
import { KeyId } from '../seal/key-id.ts';
import { KeyPair } from '../seal/key-pair.ts';
import { PAYLOAD_SECRET_BYTES } from '../seal/noise.ts';
import { openSuiteKeys, type SessionKeys, wipeKey } from '../seal/session-keys.ts';
import {
  ANNOUNCE_CLEAR_BYTES,
  type AnnounceClear,
  type Announcement,
  decodeAnnounceClear,
  decodeAnnouncement,
} from '../wire/announce.ts';
import type { JoinClear } from '../wire/join.ts';
import type { SegmentHeader } from '../wire/segment.ts';
import { type Suite, suiteOf } from '../wire/suite.ts';
import { ControlChannel } from './control-channel.ts';
import { LookBudget } from './look-budget.ts';
import type { Refusal } from './refusals.ts';
import type { DoorKeys } from './worker-message.ts';

/** Announcements a second that cost keys, memory or a process, in all and of one source; more are dropped unread. */
const LOOKS_A_SECOND = 100;
const LOOKS_A_SOURCE = 50;
/** Announcements a second whose key id is hashed, some 5 us each. */
const HASHES_A_SECOND = 20_000;
const HASHES_A_SOURCE = 10_000;
const TELL_EVERY_MS = 10_000;

/** In the clear part of an ANNOUNCE: the suite, then zeros up to here. */
const RESERVED_END = 8;
const SENSELESS = 'it is damaged, or of a newer version';

const CIPHER_NAMES: Readonly<Record<Cipher, string>> = {
  'aes-256-gcm': 'AES-256-GCM',
  'chacha20-poly1305': 'ChaCha20-Poly1305',
};

/** An announcement that may become a transfer; whoever takes it owns channel and keys. */
export interface Visitor {
  readonly announcement: Announcement;
  readonly channel: ControlChannel;
  /** For the records; the control keys are in the channel. */
  readonly keys: SessionKeys;
  readonly senderTimeNs: bigint;
  /** Undefined in the open suite. */
  readonly keyed: KeyedVisitor | undefined;
}

export interface KeyedVisitor {
  readonly senderKey: Uint8Array;
  /** The payload of the ANNOUNCE: it is repeated as it is, so that another one is not of this sender. */
  readonly announce: Uint8Array;
  /** Two-way: what every JOIN carries, so that the sender comes to the same keys. */
  readonly joinClear: JoinClear | undefined;
  /** What opens the body of the ANNOUNCE (seal/noise.ts), only where keys are logged. */
  readonly payloadSecret: Uint8Array | undefined;
}

export interface StrangerReport {
  readonly count: number;
  readonly message: string;
}

export class Doorkeeper {
  readonly #own: OwnKeys | undefined;
  readonly #keyId: KeyId | undefined;
  readonly #logsKeys: boolean;
  readonly #cipher: Cipher | undefined;
  #authorized: readonly Uint8Array[];
  readonly #looks: LookBudget = new LookBudget(LOOKS_A_SECOND, LOOKS_A_SOURCE);
  readonly #hashes: LookBudget = new LookBudget(HASHES_A_SECOND, HASHES_A_SOURCE);
  #strangers = 0;
  #reason = '';
  #toldAtMs = -Infinity;

  /** Without keys only the open suite is taken. `logsKeys`: visitors bring what a key log needs of their handshake. */
  constructor(keys: DoorKeys | undefined, logsKeys = false) {
    this.#logsKeys = logsKeys;
    this.#authorized = keys?.authorized ?? [];
    this.#cipher = keys?.cipher;
    this.#own =
      keys === undefined
        ? undefined
        : {
            identity: KeyPair.fromSecret(keys.identity),
            ...(keys.psk === undefined ? {} : { psk: keys.psk }),
          };
    this.#keyId = this.#own && new KeyId(this.#own.identity.publicKey);
  }

  /** Lets in these senders from here on, and no others. */
  authorize(senders: readonly Uint8Array[]): void {
    this.#authorized = senders;
  }

  /**
   * Whether an ANNOUNCE from `source`, an IPv4 address, stays outside, as far as its clear part says, which begins at
   * `at`. This is all that most strangers ever cost: nothing is taken out of the frame, and nothing left to collect.
   */
  turnsAway(header: SegmentHeader, bytes: Uint8Array, at: number, nowMs: number, source: number): boolean {
    const keyId = this.#keyId;
    const suite = suiteInClear(header, bytes, at);
    if (keyId === undefined) {
      if (this.#looks.isSpent(nowMs, source)) return true;
      if (suite === 'open') return false;
      this.turnAway(
        suite === undefined ? SENSELESS : 'it is sealed for a receiver with keys; this one has none',
      );
      return true;
    }
    if (this.#hashes.isSpent(nowMs, source)) return true;
    if (suite === undefined || suite === 'open') {
      this.turnAway(
        suite === undefined ? SENSELESS : 'it is without keys, and this receiver takes only senders it knows',
      );
      return true;
    }
    this.#hashes.take(nowMs, source);
    if (keyId.fits(header, bytes, at)) return false;
    this.turnAway('it is made for another receiver key, or forged');
    return true;
  }

  /**
   * Reads an ANNOUNCE that turnsAway() has let pass; undefined when it stays outside. Throws WIRE_MALFORMED where it is
   * authentic and senseless.
   */
  look(header: SegmentHeader, payload: Uint8Array, nowMs: number, source: number): Visitor | undefined {
    if (!this.#looks.take(nowMs, source)) return undefined;
    const clear = decodeAnnounceClear(payload);
    const own = this.#own;
    if (own === undefined) return openVisitor(header, clear, payload);
    const extras = this.#logsKeys ? { payloadSecret: new Uint8Array(PAYLOAD_SECRET_BYTES) } : {};
    const handshake = ReceiverHandshake.read(own, header, clear, payload, extras);
    if (handshake === undefined)
      return this.turnAway('it fails its check, or was made with another shared key');
    if (!this.#authorized.some((key) => Buffer.compare(key, handshake.senderKey) === 0)) {
      handshake.wipe();
      extras.payloadSecret?.fill(0);
      return this.turnAway(
        `its sender is not on the list; to let it in, add: ${formatPublicKey(handshake.senderKey)}`,
      );
    }
    try {
      return keyedVisitor(header, clear, payload, handshake, extras.payloadSecret);
    } catch (error) {
      handshake.wipe();
      extras.payloadSecret?.fill(0);
      throw error;
    }
  }

  /** Why a sender that has come in cannot stay as it is. One-way it would not hear of it, and is taken. */
  objection({ announcement, keyed, keys }: Visitor): Refusal | undefined {
    const wanted = this.#cipher;
    const oneWay = announcement.feedback === 'none';
    if (keyed === undefined || oneWay || wanted === undefined || keys.data.cipher === wanted)
      return undefined;
    const message = `this receiver takes ${CIPHER_NAMES[wanted]} alone, and this is the other one: leave --cipher out`;
    return { code: 'CIPHER', message };
  }

  /** Counts somebody who stays outside. */
  turnAway(reason: string): undefined {
    this.#strangers++;
    this.#reason = reason;
    return undefined;
  }

  /** What there is to say of strangers: once in a while, however many they are. */
  report(nowMs: number): StrangerReport | undefined {
    if (this.#strangers === 0 || nowMs - this.#toldAtMs < TELL_EVERY_MS) return undefined;
    const count = this.#strangers;
    this.#strangers = 0;
    this.#toldAtMs = nowMs;
    const what = count === 1 ? 'an announcement was' : `${count} announcements were`;
    const last = count === 1 ? '' : 'of the last: ';
    return { count, message: `${what} ignored: ${last}${this.#reason}` };
  }
}

/** The suite in the clear part of an ANNOUNCE; undefined where decodeAnnounceClear would throw, which is dear. */
function suiteInClear({ payloadBytes }: SegmentHeader, bytes: Uint8Array, at: number): Suite | undefined {
  if (payloadBytes < ANNOUNCE_CLEAR_BYTES) return undefined;
  for (let i = 1; i < RESERVED_END; i++) if (bytes[at + i] !== 0) return undefined;
  return suiteOf(bytes[at] ?? 0);
}

function channelOf(keys: SessionKeys, header: SegmentHeader): ControlChannel {
  const { transferIdHigh, transferIdLow } = header;
  const channel = new ControlChannel(keys.receiverControl, keys.senderControl, transferIdHigh, transferIdLow);
  // The channel has copies.
  wipeKey(keys.receiverControl);
  wipeKey(keys.senderControl);
  return channel;
}

function openVisitor(header: SegmentHeader, clear: AnnounceClear, payload: Uint8Array): Visitor | undefined {
  const keys = openSuiteKeys(clear.salt);
  const channel = channelOf(keys, header);
  // A channel holds memory outside the garbage collector's reach: one that nobody takes is given back at once.
  let taken = false;
  try {
    const body = channel.read(header, payload, ANNOUNCE_CLEAR_BYTES);
    if (body === undefined) return undefined;
    const announcement = decodeAnnouncement(body);
    taken = true;
    return { announcement, channel, keys, senderTimeNs: clear.senderTimeNs, keyed: undefined };
  } finally {
    if (!taken) channel[Symbol.dispose]();
  }
}

function keyedVisitor(
  header: SegmentHeader,
  clear: AnnounceClear,
  payload: Uint8Array,
  handshake: ReceiverHandshake,
  payloadSecret: Uint8Array | undefined,
): Visitor {
  const announcement = decodeAnnouncement(handshake.body);
  // The suite says whether an answer makes the keys; an announcement that says otherwise is not ours.
  if (handshake.oneWay !== (announcement.feedback === 'none')) {
    throw new RangeError('feedback and suite disagree');
  }
  const answer = handshake.oneWay ? undefined : handshake.answer();
  const keys = answer?.keys ?? handshake.oneWayKeys();
  const { senderKey } = handshake;
  return {
    announcement,
    channel: channelOf(keys, header),
    keys,
    senderTimeNs: clear.senderTimeNs,
    keyed: { senderKey, announce: payload, joinClear: answer?.joinClear, payloadSecret },
  };
}
