// Small send streams for tests, made by our writer: one of every record type, packages, both byte orders.
import type { StreamFeature } from '../src/stream/feature.ts';
import type { NvList } from '../src/stream/nvlist.ts';
import { encodeNativeNvList, encodeXdrNvList } from '../src/stream/nvlist-encode.ts';
import { StreamWriter } from '../src/stream/stream-writer.ts';

const TO_GUID = 0xf385_1fd5_8c33_05c6n;
const FROM_GUID = 0x1122_3344_5566_7788n;

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Bytes that differ from place to place. */
export function content(length: number, seed: number = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 17 + (at >> 8)) & 0xff);
}

const REDACTION: NvList = {
  uniqueNames: true,
  pairs: [{ name: 'redact_snaps', type: 'uint64_array', value: [0xafd9_859f_28e3_84b2n] }],
};

const KEYS: NvList = {
  uniqueNames: true,
  pairs: [
    {
      name: 'crypt_keydata',
      type: 'nvlist',
      value: {
        uniqueNames: true,
        pairs: [
          {
            name: 'DSL_CRYPTO_IV',
            type: 'uint8_array',
            value: Array.from({ length: 12 }, (_, at) => at + 120),
          },
          { name: 'to_ivset_guid', type: 'uint64', value: 77n },
          { name: 'from_ivset_guid', type: 'uint64', value: 0n },
        ],
      },
    },
  ],
};

interface SampleOptions {
  readonly littleEndian?: boolean;
  readonly toName?: string;
  readonly fromGuid?: bigint;
  readonly features?: readonly StreamFeature[];
  /** Leave END out, as zfs send --saved does. */
  readonly saved?: boolean;
}

/** BEGIN, OBJECT, WRITE, END: what most attacks need. */
export function smallStream({ littleEndian = true, ...rest }: SampleOptions = {}): Uint8Array {
  return joined(smallRecords(new StreamWriter(littleEndian), rest));
}

function smallRecords(writer: StreamWriter, options: Omit<SampleOptions, 'littleEndian'>): Uint8Array[] {
  const { toName = 'tank/data@monday', features = ['sa_spill'], saved = false, fromGuid = 0n } = options;
  return [
    writer.begin({
      toName,
      toGuid: TO_GUID,
      fromGuid,
      creationTime: 1_774_905_017n,
      objsetType: 2,
      flags: 12,
      features,
    }),
    writer.record('OBJECT', { object: 2n, objectType: 19, bonusType: 44, blockBytes: 512, toGuid: TO_GUID }),
    writer.record('WRITE', { object: 2n, objectType: 19, logicalBytes: 512n, toGuid: TO_GUID }, content(512)),
    ...(saved ? [] : [writer.end(TO_GUID)]),
  ];
}

/** Every record type but those of raw streams and of deduplication, compressed and not. */
export function everyRecordStream(littleEndian: boolean = true): Uint8Array {
  const writer = new StreamWriter(littleEndian);
  const toGuid = TO_GUID;
  return joined([
    writer.begin({
      toName: 'tank/data@monday',
      toGuid,
      creationTime: 1_774_905_017n,
      objsetType: 2,
      flags: 12,
      features: ['sa_spill', 'embed_data', 'lz4', 'redacted', 'compressed', 'large_blocks', 'dedup'],
      payload: encodeXdrNvList(REDACTION),
    }),
    writer.record('FREEOBJECTS', { firstObject: 5n, objects: 27n, toGuid }),
    writer.record(
      'OBJECT',
      {
        object: 2n,
        objectType: 19,
        bonusType: 44,
        blockBytes: 21_504,
        bonusBytes: 13,
        dnodeSlots: 1,
        flags: 4,
        toGuid,
      },
      content(16),
    ),
    writer.record('SPILL', { object: 2n, length: 512n, compressedBytes: 64n, toGuid }, content(64, 2)),
    writer.record('FREE', { object: 2n, offset: 21_504n, length: 0xffff_ffff_ffff_ffffn, toGuid }),
    writer.record(
      'WRITE',
      { object: 2n, logicalBytes: 21_504n, compression: 15, compressedBytes: 128n, checksumType: 7, toGuid },
      content(128, 3),
    ),
    writer.record('WRITE', { object: 2n, offset: 21_504n, logicalBytes: 512n, toGuid }, content(512, 4)),
    writer.record(
      'WRITE_EMBEDDED',
      { object: 3n, length: 512n, compression: 15, logicalBytes: 512, payloadBytes: 66, toGuid },
      content(72, 5),
    ),
    writer.record('WRITE_BYREF', {
      object: 3n,
      offset: 512n,
      length: 512n,
      refGuid: toGuid,
      refObject: 2n,
      toGuid,
    }),
    writer.record('REDACT', { object: 4n, offset: 0n, length: 512n, toGuid }),
    writer.end(toGuid),
  ]);
}

/** A raw stream: object ranges, keys, a bonus buffer of odd length. */
export function rawStream(littleEndian: boolean = true): Uint8Array {
  const writer = new StreamWriter(littleEndian);
  const toGuid = TO_GUID;
  return joined([
    writer.begin({
      toName: 'tank/secret@monday',
      toGuid,
      objsetType: 2,
      flags: 12,
      features: ['sa_spill', 'compressed', 'raw'],
      payload: encodeNativeNvList(KEYS, littleEndian),
    }),
    writer.record('OBJECT_RANGE', { firstObject: 0n, slots: 32n, salt: content(8), iv: content(12), toGuid }),
    writer.record(
      'OBJECT',
      {
        object: 2n,
        objectType: 19,
        blockBytes: 512,
        bonusBytes: 13,
        rawBonusBytes: 22,
        levels: 1,
        blockPointers: 1,
        toGuid,
      },
      content(22),
    ),
    writer.record(
      'WRITE',
      {
        object: 2n,
        logicalBytes: 512n,
        compression: 2,
        compressedBytes: 512n,
        salt: content(8),
        mac: content(16),
        toGuid,
      },
      content(512),
    ),
    writer.end(toGuid),
  ]);
}

/** As `zfs send -I` makes it: a head without nvlist or with one, two substreams, an END. */
export function packageStream(littleEndian: boolean = true): Uint8Array {
  const writer = new StreamWriter(littleEndian);
  const snapshots: NvList = {
    uniqueNames: true,
    pairs: [
      { name: 'tosnap', type: 'string', value: 'tuesday' },
      { name: 'fss', type: 'nvlist', value: { uniqueNames: true, pairs: [] } },
    ],
  };
  return joined([
    writer.begin({ kind: 'package', toName: 'tank/data@tuesday', payload: encodeXdrNvList(snapshots) }),
    writer.endOfPackage(),
    ...smallRecords(writer, { toName: 'tank/data@monday' }),
    ...smallRecords(writer, { toName: 'tank/data@tuesday', fromGuid: FROM_GUID }),
    writer.endOfPackage(),
  ]);
}
