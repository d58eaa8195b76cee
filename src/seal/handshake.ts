// How keys come about: an ANNOUNCE is the first message of a Noise handshake, a JOIN carries the second. One-way there
// is only the first (X); two-way the receiver's ephemeral key makes the session's keys new (IK), so that a recorded
// transfer is worth nothing. docs/protocol.md, "Keyed suites".
//
// ANNOUNCE:  e in the clear part | sealed static key (48) | sealed body and tag
// JOIN:      e and the tag of the empty payload in the clear part
import { createHmac } from 'node:crypto';
import {
  ANNOUNCE_CLEAR_BYTES,
  type AnnounceClear,
  encodeAnnounceClear,
  SEALED_KEY_BYTES,
} from '../wire/announce.ts';
import type { JoinClear } from '../wire/join.ts';
import { AAD_BYTES, MessageType, writeAad } from '../wire/segment.ts';
import { SUITES, type Suite } from '../wire/suite.ts';
import { type AnnounceHeader, KEY_ID_AT, KEY_ID_BYTES, KeyId } from './key-id.ts';
import { KeyPair } from './key-pair.ts';
import { HandshakeState, type NoisePattern } from './noise.ts';
import { type SessionKeys, sessionKeys } from './session-keys.ts';

const TAG_BYTES = 16;
const EMPTY: Uint8Array = new Uint8Array(0);

export interface TransferId {
  readonly transferIdHigh: number;
  readonly transferIdLow: number;
}

/** The keys that a side brings: its own pair and, where both have one, the shared key. */
export interface OwnKeys {
  readonly identity: KeyPair;
  /** 32 bytes, owned by the caller. */
  readonly psk?: Uint8Array;
}

function patternOf(suite: Suite): NoisePattern {
  const { pattern } = SUITES[suite];
  if (pattern === 'none') throw new RangeError('the open suite has no handshake');
  return pattern;
}

/** What both sides must see alike: the immutable header of the ANNOUNCE, and its clear part without the key id. */
function prologueOf(
  id: TransferId,
  clear: AnnounceClear,
  payloadBytes: number,
  record: number = 0,
): Uint8Array {
  const prologue = new Uint8Array(AAD_BYTES + ANNOUNCE_CLEAR_BYTES);
  const view = new DataView(prologue.buffer);
  writeAad(view, 0, MessageType.announce, id.transferIdHigh, id.transferIdLow, record, payloadBytes, false);
  prologue.set(encodeAnnounceClear({ ...clear, keyId: new Uint8Array(KEY_ID_BYTES) }), AAD_BYTES);
  return prologue;
}

function sessionOf(state: HandshakeState, suite: Suite, salt: Uint8Array): SessionKeys {
  const { initiatorKey, responderKey, hash } = state.split();
  const material = Buffer.concat([initiatorKey, responderKey, hash]);
  const keys = sessionKeys(SUITES[suite].cipher, material, salt);
  for (const secret of [initiatorKey, responderKey, material]) secret.fill(0);
  return keys;
}

/** What most handshakes do without. */
export interface HandshakeExtras {
  /** Our ephemeral pair where a test fixes it; otherwise new. */
  readonly ephemeral?: KeyPair;
  /** For a key log: PAYLOAD_SECRET_BYTES that take what opens the body of the ANNOUNCE. The caller owns and wipes them. */
  readonly payloadSecret?: Uint8Array;
}

export interface SenderHandshakeOptions extends TransferId, HandshakeExtras {
  readonly suite: Suite;
  readonly own: OwnKeys;
  /** The receiver's public key. */
  readonly receiverKey: Uint8Array;
  /** 32 random bytes. */
  readonly salt: Uint8Array;
  readonly senderTimeNs: bigint;
}

/** The sender's side. Its ANNOUNCE is made once, and repeated as it is. */
export class SenderHandshake {
  readonly #suite: Suite;
  readonly #salt: Uint8Array;
  readonly #state: HandshakeState;
  /** The payload of the ANNOUNCE. */
  readonly announce: Uint8Array;

  /** `body` is the encoded announcement. A RangeError when the receiver's key is one that nothing can be agreed with. */
  constructor(options: SenderHandshakeOptions, body: Uint8Array) {
    const { suite, own, receiverKey, salt, senderTimeNs, payloadSecret } = options;
    this.#suite = suite;
    this.#salt = salt;
    const ephemeral = options.ephemeral ?? KeyPair.generate();
    const clear: AnnounceClear = {
      suite,
      keyId: new Uint8Array(KEY_ID_BYTES),
      salt,
      ephemeralPublic: ephemeral.publicKey,
      senderTimeNs,
    };
    const payloadBytes = ANNOUNCE_CLEAR_BYTES + SEALED_KEY_BYTES + body.byteLength + TAG_BYTES;
    const prologue = prologueOf(options, clear, payloadBytes);
    this.#state = new HandshakeState({
      pattern: patternOf(suite),
      cipher: SUITES[suite].cipher,
      initiator: true,
      prologue,
      s: own.identity,
      rs: receiverKey,
      e: ephemeral,
      ...(own.psk === undefined ? {} : { psk: own.psk }),
      ...(payloadSecret === undefined ? {} : { payloadSecret }),
    });
    const message = this.#state.writeMessage(body);
    if (message === undefined) throw new RangeError("the receiver's key is of small order");
    const head = encodeAnnounceClear(clear);
    head.set(new KeyId(receiverKey).of({ ...options, record: 0, payloadBytes }, head), KEY_ID_AT);
    this.announce = new Uint8Array(Buffer.concat([head, message.subarray(ephemeral.publicKey.byteLength)]));
  }

  /** The keys of a one-way transfer, once. */
  oneWayKeys(): SessionKeys {
    return sessionOf(this.#state, this.#suite, this.#salt);
  }

  /** The keys of a two-way transfer, from the clear part of a JOIN; undefined when it is not the receiver's answer. */
  readJoin(clear: JoinClear): SessionKeys | undefined {
    if (clear.nonce.subarray(TAG_BYTES).some((byte) => byte !== 0)) return undefined;
    const message = Buffer.concat([clear.ephemeralPublic, clear.nonce.subarray(0, TAG_BYTES)]);
    if (this.#state.readMessage(message) === undefined) return undefined;
    return sessionOf(this.#state, this.#suite, this.#salt);
  }

  wipe(): void {
    this.#state.wipe();
  }
}

/** An ANNOUNCE that proves whose it is, though not when it was made. */
export class ReceiverHandshake {
  readonly #suite: Suite;
  readonly #salt: Uint8Array;
  readonly #state: HandshakeState;
  /** The sender's public key. */
  readonly senderKey: Uint8Array;
  /** The encoded announcement. */
  readonly body: Uint8Array;

  private constructor(clear: AnnounceClear, state: HandshakeState, senderKey: Uint8Array, body: Uint8Array) {
    this.#suite = clear.suite;
    this.#salt = clear.salt;
    this.#state = state;
    this.senderKey = senderKey;
    this.body = body;
  }

  /**
   * Reads an ANNOUNCE; undefined when it is forged, damaged, or made for other keys than ours (KeyId asks for that
   * cheaply), and no secret is left.
   */
  static read(
    own: OwnKeys,
    header: AnnounceHeader,
    clear: AnnounceClear,
    payload: Uint8Array,
    { ephemeral, payloadSecret }: HandshakeExtras = {},
  ): ReceiverHandshake | undefined {
    const pattern = patternOf(clear.suite);
    if (pattern.includes('psk') !== (own.psk !== undefined)) return undefined;
    const state = new HandshakeState({
      pattern,
      cipher: SUITES[clear.suite].cipher,
      initiator: false,
      prologue: prologueOf(header, clear, header.payloadBytes, header.record),
      s: own.identity,
      ...(own.psk === undefined ? {} : { psk: own.psk }),
      ...(ephemeral === undefined ? {} : { e: ephemeral }),
      ...(payloadSecret === undefined ? {} : { payloadSecret }),
    });
    const message = Buffer.concat([clear.ephemeralPublic, payload.subarray(ANNOUNCE_CLEAR_BYTES)]);
    const body = state.readMessage(message);
    const senderKey = state.remoteStatic;
    if (body !== undefined && senderKey !== undefined)
      return new ReceiverHandshake(clear, state, senderKey, body);
    state.wipe();
    return undefined;
  }

  get oneWay(): boolean {
    return patternOf(this.#suite).startsWith('X');
  }

  /** The keys of a one-way transfer, once. */
  oneWayKeys(): SessionKeys {
    return sessionOf(this.#state, this.#suite, this.#salt);
  }

  /** Answers a two-way ANNOUNCE, once: the clear part of every JOIN, and the keys. */
  answer(): { readonly joinClear: JoinClear; readonly keys: SessionKeys } {
    const message = this.#state.writeMessage(EMPTY);
    if (message === undefined) throw new RangeError("the sender's key is of small order");
    const ephemeralPublic = message.slice(0, 32);
    const nonce = new Uint8Array(32);
    nonce.set(message.subarray(32));
    return { joinClear: { nonce, ephemeralPublic }, keys: sessionOf(this.#state, this.#suite, this.#salt) };
  }

  wipe(): void {
    this.#state.wipe();
  }
}

/**
 * What a shared key alone stands for: a pair for each side, derived from it, so that whoever has it can be either. The
 * handshake is the same as with keys of their own, and the shared key is mixed in besides.
 */
export function sharedKeyPairs(psk: Uint8Array): { readonly sender: KeyPair; readonly receiver: KeyPair } {
  const pair = (role: string): KeyPair => {
    const secret = createHmac('sha256', psk).update(`zwire v1 shared key ${role}`).digest();
    try {
      return KeyPair.fromSecret(secret);
    } finally {
      secret.fill(0);
    }
  };
  return { sender: pair('sender'), receiver: pair('receiver') };
}
