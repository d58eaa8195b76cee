// A record of a send stream as the reader hands it out: where it stands, and what it says.
import type { NvList } from './nvlist.ts';
import { type BeginFlag, beginFlagsOf, featuresOf, objsetTypeName, type StreamFeature } from './feature.ts';
import { decodeNvList } from './nvlist-decode.ts';
import { nvValue } from './nvlist.ts';
import { decodeFields, type RecordFields, type RecordType } from './record-layout.ts';

/** Where a record stands in its stream. */
export interface RecordPlace {
  /** The first record of the stream is 1. */
  readonly number: number;
  /** Of the first byte of its header, from the start of the stream. */
  readonly offset: number;
  /** Bytes of payload, which follow the 312 bytes of the header. */
  readonly payloadBytes: number;
  /**
   * `verified`: the header, and everything before it in the substream, is what was sent. `absent`: the sender left
   * the checksum of this record out, as libzfs does in packages. `pending`: a BEGIN, which the record after it covers.
   * The payload is covered by the record after this one.
   */
  readonly checksum: 'verified' | 'absent' | 'pending';
}

/** A record of one type; its fields are decoded when they are asked for. */
export class RecordOf<T extends RecordType> implements RecordPlace {
  readonly type: T;
  readonly number: number;
  readonly offset: number;
  readonly payloadBytes: number;
  readonly checksum: 'verified' | 'absent' | 'pending';
  /** Byte order of the sender. */
  readonly littleEndian: boolean;
  /** The 312 bytes: a copy. */
  readonly header: Uint8Array;

  constructor(type: T, place: RecordPlace, header: Uint8Array, littleEndian: boolean) {
    this.type = type;
    this.number = place.number;
    this.offset = place.offset;
    this.payloadBytes = place.payloadBytes;
    this.checksum = place.checksum;
    this.header = header;
    this.littleEndian = littleEndian;
  }

  /** Decoded anew at each call: keep it in a variable. */
  get fields(): RecordFields<T> {
    return decodeFields(this.type, this.header, this.littleEndian);
  }
}

/** A BEGIN, which has said all about what follows before any of it is read. */
export class BeginRecord extends RecordOf<'BEGIN'> {
  readonly begin: StreamBegin;

  /** `payload` holds the packed nvlist, or nothing. @throws ZwireError NVLIST_MALFORMED */
  constructor(place: RecordPlace, header: Uint8Array, littleEndian: boolean, payload: Uint8Array) {
    super('BEGIN', place, header, littleEndian);
    this.begin = describeBegin(this.fields, littleEndian, payload);
  }
}

/** Narrow it by `type`: `if (record.type === 'WRITE') record.fields.logicalBytes`. */
export type StreamRecord =
  | BeginRecord
  | { [T in Exclude<RecordType, 'BEGIN'>]: RecordOf<T> }[Exclude<RecordType, 'BEGIN'>];

/** What a BEGIN says of the substream or the package that it begins. */
export interface StreamBegin {
  /** A package (`-R`, `-I`, `-p`, `-b`, `-h`) holds any number of substreams; a plain stream is one substream. */
  readonly kind: 'package' | 'substream';
  readonly littleEndian: boolean;
  /** `tank/data@monday`. What a sender wrote: any UTF-8 without NUL, at most 255 bytes. */
  readonly toName: string;
  /** guid of the snapshot; 0 in a package. */
  readonly toGuid: bigint;
  /** guid of the snapshot or bookmark that an increment starts from, or of a clone's origin. */
  readonly fromGuid: bigint | undefined;
  /** Of the snapshot, in seconds since 1970; 0 in a package. */
  readonly creationSeconds: bigint;
  /** `filesystem`, `volume`; `none` in a package. */
  readonly contents: string;
  readonly features: readonly StreamFeature[];
  readonly featureFlags: bigint;
  readonly flags: readonly BeginFlag[];
  readonly nvlist: { readonly encoding: 'xdr' | 'native'; readonly list: NvList } | undefined;
  /** Where a resumed stream goes on. */
  readonly resume: { readonly object: bigint; readonly offset: bigint } | undefined;
  /** guids of the snapshots that a redacted stream keeps silent about. */
  readonly redactSnapshots: readonly bigint[] | undefined;
  /** guids of the IV sets of a raw stream: `from` must be that of the target's newest snapshot. */
  readonly ivsetGuids: { readonly to: bigint; readonly from: bigint | undefined } | undefined;
}

const HEADER_TYPE_BITS = 2n;
const FEATURE_MASK = (1n << 56n) - 1n;
const COMPOUND = 2n;

/** DMU_GET_STREAM_HDRTYPE: 1 substream, 2 package. */
export function headerTypeOf(versionInfo: bigint): bigint {
  return versionInfo & 3n;
}

/** DMU_GET_FEATUREFLAGS. */
export function featureFlagsOf(versionInfo: bigint): bigint {
  return (versionInfo >> HEADER_TYPE_BITS) & FEATURE_MASK;
}

function describeBegin(
  fields: RecordFields<'BEGIN'>,
  littleEndian: boolean,
  payload: Uint8Array,
): StreamBegin {
  const flags = featureFlagsOf(fields.versionInfo);
  const nvlist = payload.length === 0 ? undefined : decodeNvList(payload);
  return {
    kind: headerTypeOf(fields.versionInfo) === COMPOUND ? 'package' : 'substream',
    littleEndian,
    toName: fields.toName,
    toGuid: fields.toGuid,
    fromGuid: fields.fromGuid === 0n ? undefined : fields.fromGuid,
    creationSeconds: fields.creationTime,
    contents: objsetTypeName(fields.objsetType),
    features: featuresOf(flags).known,
    featureFlags: flags,
    flags: beginFlagsOf(fields.flags),
    nvlist: nvlist === undefined ? undefined : { encoding: nvlist.encoding, list: nvlist.list },
    ...(nvlist === undefined ? NOTHING_SAID : describeNvList(nvlist.list)),
  };
}

type SaidByNvList = Pick<StreamBegin, 'resume' | 'redactSnapshots' | 'ivsetGuids'>;

const NOTHING_SAID: SaidByNvList = { resume: undefined, redactSnapshots: undefined, ivsetGuids: undefined };

function describeNvList(list: NvList): SaidByNvList {
  const object = nvValue(list, 'resume_object', 'uint64');
  const offset = nvValue(list, 'resume_offset', 'uint64');
  const keys = nvValue(list, 'crypt_keydata', 'nvlist');
  const to = keys === undefined ? undefined : nvValue(keys, 'to_ivset_guid', 'uint64');
  const from = keys === undefined ? undefined : nvValue(keys, 'from_ivset_guid', 'uint64');
  return {
    resume: object === undefined || offset === undefined ? undefined : { object, offset },
    redactSnapshots: nvValue(list, 'redact_snaps', 'uint64_array'),
    ivsetGuids: to === undefined ? undefined : { to, from: from === 0n ? undefined : from },
  };
}
