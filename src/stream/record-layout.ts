// The records of a send stream, field by field: dmu_replay_record_t (include/sys/zfs_ioctl.h). A record is 312 bytes
// in the byte order of its sender:
//
//   0 u32 type   4 u32 payload length (BEGIN only)   8 the body of the type   280 u64[4] fletcher4 (not BEGIN)
//
// The tables below draw the bodies: kind@offset from the start of the record. u64 is bigint, u32 and u8 are number;
// sums is a fletcher4 (zio_cksum_t, four u64); bytes@offset+length and the NUL-terminated name have no byte order.
import { decodeUtf8, encodeUtf8 } from '../bytes/utf8.ts';
import type { ChecksumWords } from './fletcher4.ts';
import { STREAM_LIMITS } from './limits.ts';

export const RECORD_BYTES = 312;
/** Where the checksum of a record stands, in all types but BEGIN. */
export const CHECKSUM_AT = 280;
/** DMU_BACKUP_MAGIC. */
export const MAGIC = 0x2_f5ba_cbacn;
export const MAGIC_AT = 8;

export const RECORD_LAYOUTS = {
  BEGIN: {
    magic: 'u64@8',
    versionInfo: 'u64@16',
    creationTime: 'u64@24',
    objsetType: 'u32@32',
    flags: 'u32@36',
    toGuid: 'u64@40',
    fromGuid: 'u64@48',
    toName: 'name@56',
  },
  OBJECT: {
    object: 'u64@8',
    objectType: 'u32@16',
    bonusType: 'u32@20',
    blockBytes: 'u32@24',
    bonusBytes: 'u32@28',
    checksumType: 'u8@32',
    compression: 'u8@33',
    dnodeSlots: 'u8@34',
    flags: 'u8@35',
    rawBonusBytes: 'u32@36',
    toGuid: 'u64@40',
    indirectBlockShift: 'u8@48',
    levels: 'u8@49',
    blockPointers: 'u8@50',
    maxBlockId: 'u64@56',
  },
  FREEOBJECTS: { firstObject: 'u64@8', objects: 'u64@16', toGuid: 'u64@24' },
  WRITE: {
    object: 'u64@8',
    objectType: 'u32@16',
    offset: 'u64@24',
    logicalBytes: 'u64@32',
    toGuid: 'u64@40',
    checksumType: 'u8@48',
    flags: 'u8@49',
    compression: 'u8@50',
    key: 'sums@56',
    keyProperties: 'u64@88',
    compressedBytes: 'u64@96',
    salt: 'bytes@104+8',
    iv: 'bytes@112+12',
    mac: 'bytes@124+16',
  },
  FREE: { object: 'u64@8', offset: 'u64@16', length: 'u64@24', toGuid: 'u64@32' },
  END: { checksum: 'sums@8', toGuid: 'u64@40' },
  WRITE_BYREF: {
    object: 'u64@8',
    offset: 'u64@16',
    length: 'u64@24',
    toGuid: 'u64@32',
    refGuid: 'u64@40',
    refObject: 'u64@48',
    refOffset: 'u64@56',
    checksumType: 'u8@64',
    flags: 'u8@65',
    key: 'sums@72',
    keyProperties: 'u64@104',
  },
  SPILL: {
    object: 'u64@8',
    length: 'u64@16',
    toGuid: 'u64@24',
    flags: 'u8@32',
    compression: 'u8@33',
    compressedBytes: 'u64@40',
    salt: 'bytes@48+8',
    iv: 'bytes@56+12',
    mac: 'bytes@68+16',
    objectType: 'u32@84',
  },
  WRITE_EMBEDDED: {
    object: 'u64@8',
    offset: 'u64@16',
    length: 'u64@24',
    toGuid: 'u64@32',
    compression: 'u8@40',
    embeddedType: 'u8@41',
    logicalBytes: 'u32@48',
    payloadBytes: 'u32@52',
  },
  OBJECT_RANGE: {
    firstObject: 'u64@8',
    slots: 'u64@16',
    toGuid: 'u64@24',
    salt: 'bytes@32+8',
    iv: 'bytes@40+12',
    mac: 'bytes@52+16',
    flags: 'u8@68',
  },
  REDACT: { object: 'u64@8', offset: 'u64@16', length: 'u64@24', toGuid: 'u64@32' },
} as const;

type Layouts = typeof RECORD_LAYOUTS;
export type RecordType = keyof Layouts;

type FieldValue<F> = F extends `u64@${string}`
  ? bigint
  : F extends `sums@${string}`
    ? ChecksumWords
    : F extends `bytes@${string}`
      ? Uint8Array
      : F extends `name@${string}`
        ? string
        : number;

/** The fields of a record of a type, by the names in RECORD_LAYOUTS. */
export type RecordFields<T extends RecordType> = {
  readonly [F in keyof Layouts[T]]: FieldValue<Layouts[T][F]>;
};

/** The numbers of the types: the index is drr_type. */
export const RECORD_TYPES: readonly RecordType[] = [
  'BEGIN',
  'OBJECT',
  'FREEOBJECTS',
  'WRITE',
  'FREE',
  'END',
  'WRITE_BYREF',
  'SPILL',
  'WRITE_EMBEDDED',
  'OBJECT_RANGE',
  'REDACT',
];

interface Field {
  readonly key: string;
  readonly kind: string;
  readonly at: number;
  readonly length: number;
}

const FIELDS: ReadonlyMap<RecordType, readonly Field[]> = new Map(
  RECORD_TYPES.map((type) => [type, Object.entries<string>(RECORD_LAYOUTS[type]).map(parseField)]),
);

/** `iv: 'bytes@112+12'` */
function parseField([key, drawn]: readonly [string, string]): Field {
  const [, kind = '', at, length] = /^(\w+)@(\d+)(?:\+(\d+))?$/.exec(drawn) ?? [];
  return { key, kind, at: Number(at), length: Number(length ?? 0) };
}

/** The fields of a 312-byte record. Byte arrays are copies. A name without end or not in UTF-8 is ''. */
export function decodeFields<T extends RecordType>(
  type: T,
  record: Uint8Array,
  littleEndian: boolean,
): RecordFields<T> {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const fields: Record<string, unknown> = {};
  for (const field of FIELDS.get(type) ?? []) fields[field.key] = readField(view, field, littleEndian);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made from the table that the type is made from
  return fields as RecordFields<T>;
}

/** A 312-byte record of those fields; what is not given, and its checksum, is zero. */
export function encodeFields<T extends RecordType>(
  type: T,
  fields: Partial<RecordFields<T>>,
  littleEndian: boolean,
): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES);
  const view = new DataView(record.buffer);
  view.setUint32(0, RECORD_TYPES.indexOf(type), littleEndian);
  const given = new Map<string, unknown>(Object.entries(fields));
  for (const field of FIELDS.get(type) ?? []) writeField(view, field, given.get(field.key), littleEndian);
  return record;
}

function readField(view: DataView, { kind, at, length }: Field, littleEndian: boolean): unknown {
  switch (kind) {
    case 'u8':
      return view.getUint8(at);
    case 'u32':
      return view.getUint32(at, littleEndian);
    case 'u64':
      return view.getBigUint64(at, littleEndian);
    case 'sums':
      return readChecksum(view, at, littleEndian);
    case 'bytes':
      return new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
    default:
      return readName(new Uint8Array(view.buffer, view.byteOffset + at, STREAM_LIMITS.nameBytes));
  }
}

export function readChecksum(view: DataView, at: number, littleEndian: boolean): ChecksumWords {
  return [
    view.getBigUint64(at, littleEndian),
    view.getBigUint64(at + 8, littleEndian),
    view.getBigUint64(at + 16, littleEndian),
    view.getBigUint64(at + 24, littleEndian),
  ];
}

export function writeChecksum(view: DataView, at: number, words: ChecksumWords, littleEndian: boolean): void {
  words.forEach((word, index) => view.setBigUint64(at + index * 8, word, littleEndian));
}

function readName(area: Uint8Array): string {
  const end = area.indexOf(0);
  return end === -1 ? '' : (decodeUtf8(area.subarray(0, end)) ?? '');
}

function writeField(view: DataView, field: Field, value: unknown, littleEndian: boolean): void {
  const { kind, at, length } = field;
  const target = new Uint8Array(view.buffer, view.byteOffset + at);
  if (kind === 'u8' && typeof value === 'number') view.setUint8(at, value);
  else if (kind === 'u32' && typeof value === 'number') view.setUint32(at, value, littleEndian);
  else if (kind === 'u64' && typeof value === 'bigint') view.setBigUint64(at, value, littleEndian);
  else if (kind === 'bytes' && value instanceof Uint8Array) target.set(value.subarray(0, length));
  else if (kind === 'name' && typeof value === 'string')
    target.set(encodeUtf8(value).subarray(0, STREAM_LIMITS.nameBytes - 1));
  else if (kind === 'sums' && Array.isArray(value))
    value.forEach((word, index) => view.setBigUint64(at + index * 8, BigInt(word), littleEndian));
}
