// The values of fixed size in an nvlist: how many bytes each takes in the native encoding, and how it is read and
// written. XDR stores what is narrower than 32 bits in the low end of a 32-bit word.

export type NvScalar = number | bigint | boolean;

export interface ScalarCodec {
  /** In the native encoding. */
  readonly bytes: number;
  readonly read: (view: DataView, at: number, littleEndian: boolean) => NvScalar;
  readonly write: (view: DataView, at: number, value: NvScalar, littleEndian: boolean) => void;
}

const int8: ScalarCodec = {
  bytes: 1,
  read: (view, at) => view.getInt8(at),
  write: (view, at, value) => view.setInt8(at, Number(value)),
};
const uint8: ScalarCodec = { ...int8, read: (view, at) => view.getUint8(at) };
const int16: ScalarCodec = {
  bytes: 2,
  read: (view, at, littleEndian) => view.getInt16(at, littleEndian),
  write: (view, at, value, littleEndian) => view.setInt16(at, Number(value), littleEndian),
};
const uint16: ScalarCodec = {
  ...int16,
  read: (view, at, littleEndian) => view.getUint16(at, littleEndian),
};
const int32: ScalarCodec = {
  bytes: 4,
  read: (view, at, littleEndian) => view.getInt32(at, littleEndian),
  write: (view, at, value, littleEndian) => view.setInt32(at, Number(value), littleEndian),
};
const uint32: ScalarCodec = {
  ...int32,
  read: (view, at, littleEndian) => view.getUint32(at, littleEndian),
};
const int64: ScalarCodec = {
  bytes: 8,
  read: (view, at, littleEndian) => view.getBigInt64(at, littleEndian),
  write: (view, at, value, littleEndian) => view.setBigInt64(at, BigInt(value), littleEndian),
};
const uint64: ScalarCodec = {
  ...int64,
  read: (view, at, littleEndian) => view.getBigUint64(at, littleEndian),
};
const double: ScalarCodec = {
  bytes: 8,
  read: (view, at, littleEndian) => view.getFloat64(at, littleEndian),
  write: (view, at, value, littleEndian) => view.setFloat64(at, Number(value), littleEndian),
};
/** boolean_t is an enum, an int. */
const boolean: ScalarCodec = {
  ...int32,
  read: (view, at, littleEndian) => view.getInt32(at, littleEndian) !== 0,
};

/** By the name of the type: single values, and the elements of arrays. */
export const NV_SCALARS: ReadonlyMap<string, ScalarCodec> = new Map([
  ['byte', uint8],
  ['int8', int8],
  ['uint8', uint8],
  ['int16', int16],
  ['uint16', uint16],
  ['int32', int32],
  ['uint32', uint32],
  ['int64', int64],
  ['uint64', uint64],
  ['hrtime', int64],
  ['double', double],
  ['boolean_value', boolean],
]);

export const NV_ELEMENTS: ReadonlyMap<string, ScalarCodec> = new Map([
  ['int8_array', int8],
  ['uint8_array', uint8],
  ['int16_array', int16],
  ['uint16_array', uint16],
  ['int32_array', int32],
  ['uint32_array', uint32],
  ['int64_array', int64],
  ['uint64_array', uint64],
  ['boolean_array', boolean],
]);

/** In XDR. */
export function xdrScalarBytes(codec: ScalarCodec): number {
  return Math.max(4, codec.bytes);
}
