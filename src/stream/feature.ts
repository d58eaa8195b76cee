// The numbers of a send stream and their names (include/sys/zfs_ioctl.h, zio.h, zio_compress.h, dmu.h).

/** DMU_BACKUP_FEATURE_*: bit in the feature flags of BEGIN, by name. */
const FEATURE_BITS = {
  dedup: 0,
  dedup_props: 1,
  sa_spill: 2,
  embed_data: 16,
  lz4: 17,
  large_blocks: 19,
  resuming: 20,
  redacted: 21,
  compressed: 22,
  large_dnode: 23,
  raw: 24,
  zstd: 25,
  holds: 26,
  switch_to_large_blocks: 27,
  longname: 28,
  large_microzap: 29,
} as const;

export type StreamFeature = keyof typeof FEATURE_BITS;

/** DRR_FLAG_* of BEGIN. */
const BEGIN_FLAG_BITS = { clone: 0, ci_data: 1, freerecords: 2, spill_block: 3 } as const;

export type BeginFlag = keyof typeof BEGIN_FLAG_BITS;

/** DMU_OST_*: what kind of dataset the stream is of. Packages have `none`. */
const OBJSET_TYPES: readonly string[] = ['none', 'meta', 'filesystem', 'volume', 'other', 'any'];

const COMPRESSIONS: readonly string[] = [
  'none', // ZIO_COMPRESS_INHERIT, which in a stream says that the block is not compressed
  'on',
  'off',
  'lzjb',
  'empty',
  ...Array.from({ length: 9 }, (_, level) => `gzip-${level + 1}`),
  'zle',
  'lz4',
  'zstd',
];

/** The features of the flags, by their bits; `unknown` are the bits that have no name here. */
export function featuresOf(flags: bigint): {
  readonly known: readonly StreamFeature[];
  readonly unknown: bigint;
} {
  const known = namesOf(FEATURE_BITS, flags);
  return { known, unknown: known.reduce((rest, name) => rest & ~(1n << BigInt(FEATURE_BITS[name])), flags) };
}

export function featureFlags(features: readonly StreamFeature[]): bigint {
  return features.reduce((flags, name) => flags | (1n << BigInt(FEATURE_BITS[name])), 0n);
}

export function beginFlagsOf(flags: number): readonly BeginFlag[] {
  return namesOf(BEGIN_FLAG_BITS, BigInt(flags));
}

function namesOf<K extends string>(bits: Readonly<Record<K, number>>, flags: bigint): K[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table
  const names = Object.keys(bits) as K[];
  return names.filter((name) => ((flags >> BigInt(bits[name])) & 1n) === 1n);
}

/** `filesystem`, `volume`, or the number of a kind that streams do not have. */
export function objsetTypeName(type: number): string {
  return OBJSET_TYPES[type] ?? String(type);
}

/** `lz4`, `none`, ..., or the number of an algorithm that has no name here. */
export function compressionName(compression: number): string {
  return COMPRESSIONS[compression] ?? String(compression);
}
