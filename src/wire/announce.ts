// ANNOUNCE: the sender says what it wants to send and how. Payload of one control segment:
//
//    0 suite (1): wire/suite.ts | zero (7)
//    8 key id (8): shows that the sender knows the receiver's key; zero in the open suite
//   16 salt (32): fresh and random for each transfer
//   48 ephemeral public key (32): X25519; zero in the open suite
//   80 sender's time (8): ns since the epoch
//   88 keyed suites: the sender's public key, sealed (48)
//    . sealed body: JSON in UTF-8, the Announcement below, snapshot guids and sizes as decimal strings
//    . tag (16)
import { ByteReader, malformed } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { encodeUtf8, encodeUtf8Cut } from '../bytes/utf8.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import { isSegmentPayload } from './geometry.ts';
import { JsonFields, parseJsonObject } from './json-fields.ts';
import { LIMITS } from './limits.ts';
import { SUITES, type Suite, suiteOf } from './suite.ts';

export const ANNOUNCE_CLEAR_BYTES = 88;
/** What a keyed suite takes of the room for the body: the sender's sealed public key. */
export const SEALED_KEY_BYTES = 48;

/** The part of ANNOUNCE that is authenticated but not secret: what a receiver needs to find the keys. */
export interface AnnounceClear {
  readonly suite: Suite;
  /** 8 bytes. */
  readonly keyId: Uint8Array;
  /** 32 bytes. */
  readonly salt: Uint8Array;
  /** 32 bytes. */
  readonly ephemeralPublic: Uint8Array;
  readonly senderTimeNs: bigint;
}

export interface SnapshotReference {
  /** Full name, `dataset@snapshot`. */
  readonly name: string;
  readonly guid: bigint;
}

export type AnnouncementKind = 'file' | 'dataset' | 'pool' | 'delta';
export type Feedback = 'none' | 'one' | 'many';

/** The sealed body of ANNOUNCE. */
export interface Announcement {
  readonly kind: AnnouncementKind;
  /** What is sent: a dataset or pool, or a file's name, which is a label and decides nothing. */
  readonly name: string;
  readonly toSnapshot?: SnapshotReference;
  readonly fromSnapshot?: SnapshotReference;
  /** Of a recursive stream: how many snapshots, and SHA-256 in hex over sorted `relname@snap\tguid\n` lines. */
  readonly replicated?: { readonly count: number; readonly digest: string };
  readonly recursive: boolean;
  /** Stream features, as OpenZFS names them. */
  readonly features: readonly string[];
  /** Size of the stream; an estimate for ZFS, left out when unknown. */
  readonly sizeBytes?: bigint;
  /** Payload of a full segment; geometryForSegment gives the rest. */
  readonly segmentPayloadBytes: number;
  /** Records of an FEC group, data (K) and parity (M); both 0 without FEC. */
  readonly fecDataRecords: number;
  readonly fecParityRecords: number;
  /** How many receivers answer: one-way none, two-way one, multicast many. */
  readonly feedback: Feedback;
  /** How long the sender waits without an answer, and the receiver should without data, ms. */
  readonly timeoutMs: number;
}

const KINDS: readonly AnnouncementKind[] = ['file', 'dataset', 'pool', 'delta'];
const FEEDBACKS: readonly Feedback[] = ['none', 'one', 'many'];
const U64_MAX = 0xffff_ffff_ffff_ffffn;
const FEATURE_PATTERN = /^[a-z0-9_.:-]{1,40}$/;
const DIGEST_PATTERN = /^[0-9a-f]{64}$/;

/** The 88 bytes of the clear part. A field of the wrong length is a RangeError. */
export function encodeAnnounceClear(clear: AnnounceClear): Uint8Array {
  return new ByteWriter(ANNOUNCE_CLEAR_BYTES)
    .u8(SUITES[clear.suite].number)
    .zero(7)
    .bytes(clear.keyId, 8)
    .bytes(clear.salt, 32)
    .bytes(clear.ephemeralPublic, 32)
    .u64(clear.senderTimeNs)
    .finish();
}

/**
 * Reads the clear part from the front of an ANNOUNCE payload; what follows is the sealed body. The arrays of the
 * result are copies.
 *
 * @throws ZwireError WIRE_MALFORMED
 */
export function decodeAnnounceClear(bytes: Uint8Array): AnnounceClear {
  const reader = new ByteReader(bytes, 'ANNOUNCE');
  const suite = suiteOf(reader.u8('suite')) ?? reader.fail('suite', 0);
  reader.zero(7, 'reserved');
  return {
    suite,
    keyId: reader.bytes(8, 'key id'),
    salt: reader.bytes(32, 'salt'),
    ephemeralPublic: reader.bytes(32, 'ephemeral key'),
    senderTimeNs: reader.u64('sender time'),
  };
}

/**
 * The body of ANNOUNCE. The name of a file is a label: control characters in it become U+FFFD and it is cut to
 * LIMITS.nameBytes. `bodyBytesMax` counts clear part and body (controlBodyBytesForMtu).
 *
 * @throws ZwireError NAME_TOO_LONG when the names do not fit
 * @throws ZwireError WIRE_MALFORMED when `a` is not an announcement that decodeAnnouncement would take
 */
export function encodeAnnouncement(
  a: Announcement,
  bodyBytesMax: number = LIMITS.controlBodyBytes,
): Uint8Array {
  const named = a.kind === 'file' ? { ...a, name: labelOf(a.name) } : a;
  for (const name of [named.name, named.toSnapshot?.name, named.fromSnapshot?.name]) {
    if (name !== undefined && encodeUtf8(name).length > LIMITS.nameBytes) throw nameTooLong(name);
  }
  const body = encodeUtf8(
    JSON.stringify(named, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  );
  if (body.length > bodyBytesMax - ANNOUNCE_CLEAR_BYTES) throw nameTooLong(named.name);
  decodeAnnouncement(body);
  return body;
}

/**
 * Reads the body of ANNOUNCE. Every field is checked, unknown keys are ignored.
 *
 * @throws ZwireError WIRE_MALFORMED
 */
export function decodeAnnouncement(bytes: Uint8Array): Announcement {
  if (bytes.length > LIMITS.controlBodyBytes) throw malformed('ANNOUNCE body (too long)', 0);
  const fields = parseJsonObject(bytes, 'ANNOUNCE');
  const toSnapshot = decodeSnapshot(fields, 'toSnapshot');
  const fromSnapshot = decodeSnapshot(fields, 'fromSnapshot');
  const replicated = decodeReplicated(fields);
  const sizeBytes = fields.has('sizeBytes') ? fields.u64('sizeBytes') : undefined;
  const announcement: Announcement = {
    kind: fields.oneOf('kind', KINDS),
    name: fields.text('name', LIMITS.nameBytes),
    ...(toSnapshot === undefined ? {} : { toSnapshot }),
    ...(fromSnapshot === undefined ? {} : { fromSnapshot }),
    ...(replicated === undefined ? {} : { replicated }),
    recursive: fields.boolean('recursive'),
    features: decodeFeatures(fields),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    segmentPayloadBytes: fields.integer('segmentPayloadBytes', 0, LIMITS.segmentPayloadBytesMax),
    fecDataRecords: fields.integer('fecDataRecords', 0, LIMITS.fecGroupRecords),
    fecParityRecords: fields.integer('fecParityRecords', 0, LIMITS.fecGroupRecords),
    feedback: fields.oneOf('feedback', FEEDBACKS),
    timeoutMs: fields.integer('timeoutMs', LIMITS.timeoutMsMin, LIMITS.timeoutMsMax),
  };
  checkTogether(announcement, fields);
  return announcement;
}

/** Rules between fields. */
function checkTogether(a: Announcement, fields: JsonFields): void {
  if (!isSegmentPayload(a.segmentPayloadBytes)) fields.fail('segmentPayloadBytes');
  const { fecDataRecords: k, fecParityRecords: m } = a;
  if ((k === 0) !== (m === 0) || k + m > LIMITS.fecGroupRecords) fields.fail('fecParityRecords');
  if (a.kind === 'file') {
    if (a.toSnapshot !== undefined || a.fromSnapshot !== undefined) fields.fail('toSnapshot');
    if (a.replicated !== undefined || a.recursive) fields.fail('recursive');
  } else {
    if (a.name === '') fields.fail('name');
    if (a.toSnapshot === undefined) fields.fail('toSnapshot');
    if (a.kind === 'delta' && a.fromSnapshot === undefined) fields.fail('fromSnapshot');
  }
}

function decodeSnapshot(fields: JsonFields, key: string): SnapshotReference | undefined {
  if (!fields.has(key)) return undefined;
  const snapshot = fields.object(key);
  const name = snapshot.text('name', LIMITS.nameBytes);
  if (name === '') snapshot.fail('name');
  return { name, guid: snapshot.u64('guid', U64_MAX) };
}

function decodeReplicated(fields: JsonFields): Announcement['replicated'] {
  if (!fields.has('replicated')) return undefined;
  const replicated = fields.object('replicated');
  const digest = replicated.text('digest', 64);
  if (!DIGEST_PATTERN.test(digest)) replicated.fail('digest');
  return { count: replicated.integer('count', 0, LIMITS.replicatedSnapshots), digest };
}

function decodeFeatures(fields: JsonFields): string[] {
  return fields.array('features', LIMITS.features).map((feature) => {
    if (typeof feature !== 'string' || !FEATURE_PATTERN.test(feature)) fields.fail('features');
    return feature;
  });
}

function labelOf(name: string): string {
  const bytes = encodeUtf8Cut(name.replace(/\p{Cc}/gu, '\ufffd'), LIMITS.nameBytes);
  return new TextDecoder().decode(bytes);
}

function nameTooLong(name: string): ZwireError {
  return new ZwireError('NAME_TOO_LONG', `The announcement of "${name}" does not fit one segment`, {
    fields: { name, nameBytesMax: LIMITS.nameBytes },
    hint: 'Shorten the dataset or snapshot name, or use a larger frame size.',
  });
}
