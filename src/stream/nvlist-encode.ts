// Encodes an nvlist as ZFS would: the layouts stand in nvlist-decode.ts.
import { encodeUtf8 } from '../bytes/utf8.ts';
import { NV_TYPES, type NvList, type NvPair } from './nvlist.ts';
import { NV_ELEMENTS, NV_SCALARS, type NvScalar, type ScalarCodec, xdrScalarBytes } from './nvlist-scalar.ts';

const PAIR_HEAD_BYTES = 16;
const NATIVE_LIST_BYTES = 24;
const POINTER_BYTES = 8;

/** The list as XDR, as stream packages have it. `littleEndian` is only noted in the header. */
export function encodeXdrNvList(list: NvList, littleEndian: boolean = true): Uint8Array {
  return joined([Uint8Array.of(1, littleEndian ? 1 : 0, 0, 0), xdrList(list)]);
}

/** The list as a machine of that byte order has it in memory, as resume tokens have it. */
export function encodeNativeNvList(list: NvList, littleEndian: boolean = true): Uint8Array {
  return joined([Uint8Array.of(0, littleEndian ? 1 : 0, 0, 0), nativeList(list, littleEndian)]);
}

/** Numbers in a row, each as wide as its pair says. */
function integers(
  littleEndian: boolean,
  ...values: readonly (readonly [bits: 16 | 32, value: number])[]
): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.reduce((sum, [bits]) => sum + bits / 8, 0)));
  let at = 0;
  for (const [bits, value] of values) {
    if (bits === 16) view.setInt16(at, value, littleEndian);
    else view.setInt32(at, value, littleEndian);
    at += bits / 8;
  }
  return new Uint8Array(view.buffer);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Zero bytes up to the next multiple, which is a power of two. */
function padded(bytes: Uint8Array, multiple: number): Uint8Array {
  const rest = -bytes.length & (multiple - 1);
  return rest === 0 ? bytes : joined([bytes, new Uint8Array(rest)]);
}

function elementsOf(pair: NvPair): readonly unknown[] {
  return Array.isArray(pair.value) || pair.value instanceof Uint8Array
    ? Array.from(pair.value)
    : [pair.value];
}

function scalars(
  codec: ScalarCodec,
  values: readonly unknown[],
  width: number,
  littleEndian: boolean,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * width));
  values.forEach((value, index) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type of the pair says that it is one
    codec.write(view, index * width + width - codec.bytes, value as NvScalar, littleEndian);
  });
  return new Uint8Array(view.buffer);
}

function countOf(pair: NvPair): number {
  return pair.type === 'boolean' ? 0 : elementsOf(pair).length;
}

// --- XDR

const word = (value: number): Uint8Array => integers(false, [32, value]);

function xdrList(list: NvList): Uint8Array {
  const flags = word(list.uniqueNames ? 1 : 0);
  return joined([word(0), flags, ...list.pairs.map(xdrPair), new Uint8Array(8)]);
}

function xdrPair(pair: NvPair): Uint8Array {
  const type = word(NV_TYPES.indexOf(pair.type));
  const rest = joined([xdrString(pair.name), type, word(countOf(pair)), xdrValue(pair)]);
  return joined([word(8 + rest.length), word(nativePairBytes(pair)), rest]);
}

function xdrString(text: string): Uint8Array {
  const bytes = encodeUtf8(text);
  return joined([word(bytes.length), padded(bytes, 4)]);
}

function xdrValue(pair: NvPair): Uint8Array {
  const scalar = NV_SCALARS.get(pair.type);
  const element = NV_ELEMENTS.get(pair.type);
  if (scalar !== undefined) return xdrScalars(scalar, [pair.value]);
  if (element !== undefined) return joined([word(countOf(pair)), xdrScalars(element, elementsOf(pair))]);
  switch (pair.type) {
    case 'boolean':
      return new Uint8Array(0);
    case 'string':
      return xdrString(pair.value);
    case 'byte_array':
      return padded(pair.value, 4);
    case 'string_array':
      return joined(pair.value.map(xdrString));
    case 'nvlist':
      return xdrList(pair.value);
    case 'nvlist_array':
      return joined(pair.value.map(xdrList));
    default:
      throw new TypeError(`no nvlist type ${pair.type}`);
  }
}

/** Narrow integers fill their word with their sign: xdr_char and xdr_short encode an int. */
function xdrScalars(codec: ScalarCodec, values: readonly unknown[]): Uint8Array {
  const width = xdrScalarBytes(codec);
  const bytes = scalars(codec, values, width, false);
  if (codec.bytes === 1) {
    for (let at = 3; at < bytes.length; at += 4) if ((bytes[at] ?? 0) > 0x7f) bytes.fill(0xff, at - 3, at);
  }
  return bytes;
}

// --- native

function nativeList(list: NvList, littleEndian: boolean): Uint8Array {
  const head = integers(littleEndian, [32, 0], [32, list.uniqueNames ? 1 : 0]);
  return joined([head, nativePairs(list, littleEndian)]);
}

function nativePairs(list: NvList, littleEndian: boolean): Uint8Array {
  return joined([...list.pairs.flatMap((pair) => nativePair(pair, littleEndian)), new Uint8Array(4)]);
}

/** The pair, then the pairs of the lists in it. */
function nativePair(pair: NvPair, littleEndian: boolean): Uint8Array[] {
  const name = encodeUtf8(`${pair.name}\0`);
  const value = padded(nativeValue(pair, littleEndian), 8);
  const bytes = nativePairBytes(pair);
  const head = integers(
    littleEndian,
    [32, bytes],
    [16, name.length],
    [16, 0],
    [32, countOf(pair)],
    [32, NV_TYPES.indexOf(pair.type)],
  );
  const nested = pair.type === 'nvlist' ? [pair.value] : pair.type === 'nvlist_array' ? pair.value : [];
  return [padded(joined([head, name]), 8), value, ...nested.map((list) => nativePairs(list, littleEndian))];
}

/** NVP_SIZE_CALC: what a pair takes in memory, nested pairs left out. */
function nativePairBytes(pair: NvPair): number {
  const up = (bytes: number): number => Math.ceil(bytes / 8) * 8;
  return up(PAIR_HEAD_BYTES + encodeUtf8(pair.name).length + 1) + up(nativeValue(pair, true).length);
}

function nativeValue(pair: NvPair, littleEndian: boolean): Uint8Array {
  const scalar = NV_SCALARS.get(pair.type);
  const element = NV_ELEMENTS.get(pair.type);
  if (scalar !== undefined) return scalars(scalar, [pair.value], scalar.bytes, littleEndian);
  if (element !== undefined) return scalars(element, elementsOf(pair), element.bytes, littleEndian);
  switch (pair.type) {
    case 'boolean':
      return new Uint8Array(0);
    case 'string':
      return encodeUtf8(`${pair.value}\0`);
    case 'byte_array':
      return pair.value;
    case 'string_array':
      return joined([
        new Uint8Array(pair.value.length * POINTER_BYTES),
        ...pair.value.map((text) => encodeUtf8(`${text}\0`)),
      ]);
    case 'nvlist':
      return nativeListHead(pair.value, littleEndian);
    case 'nvlist_array':
      return joined([
        new Uint8Array(pair.value.length * POINTER_BYTES),
        ...pair.value.map((list) => nativeListHead(list, littleEndian)),
      ]);
    default:
      throw new TypeError(`no nvlist type ${pair.type}`);
  }
}

/** nvlist_t: version, flags, a pointer, flags of memory and padding. */
function nativeListHead(list: NvList, littleEndian: boolean): Uint8Array {
  const head = integers(littleEndian, [32, 0], [32, list.uniqueNames ? 1 : 0]);
  return joined([head, new Uint8Array(NATIVE_LIST_BYTES - head.length)]);
}
