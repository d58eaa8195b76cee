// nvlist, the typed name-value list of ZFS (lib/libnvpair, include/sys/nvpair.h): what it is in memory, and how
// values are found in it. nvlist-decode.ts and nvlist-encode.ts know the bytes.

/** The types of values (data_type_t). 64-bit values are bigint. */
export interface NvValues {
  /** Has no value: that it is there is what it says. */
  readonly boolean: true;
  readonly byte: number;
  readonly int8: number;
  readonly uint8: number;
  readonly int16: number;
  readonly uint16: number;
  readonly int32: number;
  readonly uint32: number;
  readonly int64: bigint;
  readonly uint64: bigint;
  readonly hrtime: bigint;
  readonly double: number;
  readonly boolean_value: boolean;
  readonly string: string;
  readonly nvlist: NvList;
  readonly byte_array: Uint8Array;
  readonly int8_array: readonly number[];
  readonly uint8_array: readonly number[];
  readonly int16_array: readonly number[];
  readonly uint16_array: readonly number[];
  readonly int32_array: readonly number[];
  readonly uint32_array: readonly number[];
  readonly int64_array: readonly bigint[];
  readonly uint64_array: readonly bigint[];
  readonly boolean_array: readonly boolean[];
  readonly string_array: readonly string[];
  readonly nvlist_array: readonly NvList[];
}

/** A pair: a name, a type, and a value of that type. */
export type NvPair = {
  [T in keyof NvValues]: { readonly name: string; readonly type: T; readonly value: NvValues[T] };
}[keyof NvValues];

export interface NvList {
  /** NV_UNIQUE_NAME: no name stands twice. True of everything that ZFS puts into streams and tokens. */
  readonly uniqueNames: boolean;
  readonly pairs: readonly NvPair[];
}

/** The numbers of the types (data_type_t): the index is the number. */
export const NV_TYPES: readonly (NvPair['type'] | undefined)[] = [
  undefined, // DATA_TYPE_UNKNOWN
  'boolean',
  'byte',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'string',
  'byte_array',
  'int16_array',
  'uint16_array',
  'int32_array',
  'uint32_array',
  'int64_array',
  'uint64_array',
  'string_array',
  'hrtime',
  'nvlist',
  'nvlist_array',
  'boolean_value',
  'int8',
  'uint8',
  'boolean_array',
  'int8_array',
  'uint8_array',
  'double',
];

/** The value of the pair of that name and type, or undefined. */
export function nvValue<T extends keyof NvValues>(
  list: NvList,
  name: string,
  type: T,
): NvValues[T] | undefined {
  const pair = list.pairs.find((candidate) => candidate.name === name && candidate.type === type);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type was just compared
  return pair?.value as NvValues[T] | undefined;
}

/** As plain objects, for JSON and for people: names become keys, arrays of bytes become hex. */
export function nvPlain(list: NvList): Record<string, unknown> {
  // fromEntries defines keys and does not assign them: a pair named __proto__ becomes a key like any other.
  return Object.fromEntries(list.pairs.map((pair) => [pair.name, plainValue(pair)]));
}

function plainValue(pair: NvPair): unknown {
  switch (pair.type) {
    case 'nvlist':
      return nvPlain(pair.value);
    case 'nvlist_array':
      return pair.value.map(nvPlain);
    case 'byte_array':
    case 'uint8_array':
      return Array.from(pair.value, (byte) => byte.toString(16).padStart(2, '0')).join('');
    default:
      return pair.value;
  }
}
