// JOIN: the receiver's answer to an ANNOUNCE. Payload of one control segment:
//
//    0 open suite: nonce (32), random | keyed: tag of the handshake's second message (16), zero (16)
//   32 ephemeral public key (32): X25519; zero in the open suite
//   64 sealed body, one of
//        0 answer (1): 1 accepted | zero (1) | credit limit (6) | window (4) | length (2) | what it has: JSON
//        0 answer (1): 0 refused  | zero (1) | refusal code (2) | length (2) | message: UTF-8
//        0 answer (1): 2 undecided | zero (1)
//    . tag (16)
import { ByteReader, malformed } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import type { SnapshotReference } from './announce.ts';
import { codeName } from './code-name.ts';
import { JsonFields, parseJsonObject } from './json-fields.ts';
import { LIMITS } from './limits.ts';
import { encodeMessage, readMessage } from './message-text.ts';

export const JOIN_CLEAR_BYTES = 64;

/** The part of JOIN that is authenticated but not secret. */
export interface JoinClear {
  /** 32 bytes. */
  readonly nonce: Uint8Array;
  /** 32 bytes. */
  readonly ephemeralPublic: Uint8Array;
}

/** Why a receiver refuses. The numbers are on the wire and never change. */
export const REFUSAL_CODES = {
  BUSY: 1,
  EXISTS: 2,
  DIVERGED: 3,
  PARENT_MISSING: 4,
  NAME: 5,
  INSECURE_REQUIRED: 6,
  KIND: 7,
  LIMIT: 8,
  SINK: 9,
  UNSUPPORTED: 10,
  NOT_AUTHORIZED: 11,
  CIPHER: 12,
  OTHER: 65_535,
} as const;
export type RefusalCode = keyof typeof REFUSAL_CODES;

/** What the receiver has of the dataset already. */
export interface Have {
  /** Newest first: those that do not fit are left out from the end. */
  readonly snapshots: readonly SnapshotReference[];
  /** `receive_resume_token` of the target. */
  readonly token?: string;
}

export interface JoinAccepted {
  readonly accepted: true;
  /** Absolute: the sender may send records below this number. */
  readonly creditLimit: number;
  /** Most records that the receiver's link can hold unread: more in flight would be lost. */
  readonly windowRecords: number;
  readonly have: Have;
}

export interface JoinRefused {
  readonly accepted: false;
  readonly code: RefusalCode;
  /** For a person, cut to LIMITS.messageBytes of UTF-8. */
  readonly message: string;
}

/** The receiver is there and shows its key; it decides when the sender has proved that it is there now. */
export interface JoinUndecided {
  readonly accepted: 'undecided';
}

/** The sealed body of JOIN. */
export type Join = JoinAccepted | JoinRefused | JoinUndecided;

const TOKEN_PATTERN = /^[0-9a-zA-Z-]*$/;
const ACCEPTED_HEAD_BYTES = 14;
const REFUSED_HEAD_BYTES = 6;

export function encodeJoinClear(clear: JoinClear): Uint8Array {
  return new ByteWriter(JOIN_CLEAR_BYTES).bytes(clear.nonce, 32).bytes(clear.ephemeralPublic, 32).finish();
}

/**
 * Reads the clear part from the front of a JOIN payload; what follows is the sealed body. The arrays of the
 * result are copies.
 *
 * @throws ZwireError WIRE_MALFORMED
 */
export function decodeJoinClear(bytes: Uint8Array): JoinClear {
  const reader = new ByteReader(bytes, 'JOIN');
  return { nonce: reader.bytes(32, 'nonce'), ephemeralPublic: reader.bytes(32, 'ephemeral key') };
}

/**
 * The body of JOIN. The message is cut and snapshots are left out where they do not fit; `bodyBytesMax` counts
 * clear part and body (controlBodyBytesForMtu). A number out of bounds is a RangeError.
 */
export function encodeJoin(join: Join, bodyBytesMax: number = LIMITS.controlBodyBytes): Uint8Array {
  const room = bodyBytesMax - JOIN_CLEAR_BYTES;
  const writer = new ByteWriter(room);
  if (join.accepted === 'undecided') return writer.u8(2).zero(1).finish();
  if (!join.accepted) {
    const message = encodeMessage(join.message, room - REFUSED_HEAD_BYTES);
    return writer.u8(0).zero(1).u16(REFUSAL_CODES[join.code]).u16(message.length).bytes(message).finish();
  }
  const have = encodeHave(join.have, room - ACCEPTED_HEAD_BYTES);
  return writer
    .u8(1)
    .zero(1)
    .u48(join.creditLimit)
    .u32(join.windowRecords)
    .u16(have.length)
    .bytes(have)
    .finish();
}

/**
 * Reads the body of JOIN. A refusal code that this version does not know becomes OTHER.
 *
 * @throws ZwireError WIRE_MALFORMED
 */
export function decodeJoin(bytes: Uint8Array): Join {
  if (bytes.length > LIMITS.controlBodyBytes) throw malformed('JOIN body (too long)', 0);
  const reader = new ByteReader(bytes, 'JOIN');
  const answer = reader.u8('answer');
  if (answer > 2) reader.fail('answer', 0);
  reader.zero(1, 'reserved');
  if (answer === 2) {
    reader.end();
    return { accepted: 'undecided' };
  }
  if (answer === 0) {
    const code = codeName(REFUSAL_CODES, reader.u16('refusal code'), 'OTHER');
    const message = readMessage(reader);
    reader.end();
    return { accepted: false, code, message };
  }
  const creditLimit = reader.u48('credit limit');
  const windowRecords = reader.u32('window');
  const have = reader.bytes(reader.u16('length'), 'what it has');
  reader.end();
  return { accepted: true, creditLimit, windowRecords, have: decodeHave(parseJsonObject(have, 'JOIN')) };
}

/** The JSON of `have` with as many snapshots as fit. */
function encodeHave(have: Have, bytesMax: number): Uint8Array {
  const snapshots = have.snapshots
    .slice(0, LIMITS.haveSnapshots)
    .map((snapshot) => ({ name: snapshot.name, guid: String(snapshot.guid) }));
  for (;;) {
    const token = have.token === undefined ? {} : { token: have.token };
    const bytes = encodeUtf8(JSON.stringify({ snapshots, ...token }));
    if (bytes.length <= bytesMax) return bytes;
    if (snapshots.pop() === undefined)
      throw new RangeError(`the resume token does not fit ${bytesMax} bytes`);
  }
}

function decodeHave(fields: JsonFields): Have {
  const snapshots = fields.array('snapshots', LIMITS.haveSnapshots).map((value) => {
    const snapshot = new JsonFields(value, 'JOIN snapshots');
    return { name: snapshot.text('name', LIMITS.nameBytes), guid: snapshot.u64('guid') };
  });
  if (!fields.has('token')) return { snapshots };
  const token = fields.text('token', LIMITS.tokenBytes);
  if (!TOKEN_PATTERN.test(token)) fields.fail('token');
  return { snapshots, token };
}
