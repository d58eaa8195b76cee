// Decodes an nvlist (module/nvpair/nvpair.c), both encodings, both byte orders.
//
//   0 u8 encoding (0 native, 1 XDR)   1 u8 byte order (1 little, 0 big; of the native encoding)   2 u8[2] zero
//
// XDR (nvs_xdr_*): big-endian, everything a multiple of 4.
//   list:  i32 version (0)  u32 flags (1 = unique names)  pairs  8 zero bytes
//   pair:  i32 encoded size, itself included   i32 size in memory   i32 length and bytes of the name, padded
//          i32 type   i32 number of elements   value
//   value: small integers as 4 bytes; string as length and bytes; BYTE_ARRAY bytes alone; STRING_ARRAY strings; other
//          arrays a count again, then elements; NVLIST a list
//
// native (nvs_native_*): the structs of the machine that wrote it.
//   list:  i32 version  u32 flags  pairs  i32 zero
//   pair:  i32 size, a multiple of 8   i16 length of the name with its NUL   i16 reserved   i32 number of elements
//          i32 type   name   value, from the next multiple of 8
//   value: STRING_ARRAY has 8 bytes a string before the strings (pointers); NVLIST is a 24-byte struct with version and
//          flags at its head, and the pairs of the nested list follow the pair; NVLIST_ARRAY the same, each with 8
//          bytes more (a pointer) before all structs
import { decodeUtf8, decodeUtf8Leniently } from '../bytes/utf8.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import { STREAM_LIMITS } from './limits.ts';
import { NV_TYPES, type NvList, type NvPair } from './nvlist.ts';
import { NV_ELEMENTS, NV_SCALARS, type NvScalar, type ScalarCodec, xdrScalarBytes } from './nvlist-scalar.ts';

const UNIQUE_NAME = 1;
const NATIVE_LIST_BYTES = 24;
const POINTER_BYTES = 8;
const TRAILING_BYTES_MAX = 7;

export interface DecodedNvList {
  readonly encoding: 'xdr' | 'native';
  readonly littleEndian: boolean;
  readonly list: NvList;
}

/**
 * Decodes all of `bytes`; up to seven zero bytes may follow the list, as ZFS pads it. The result shares no memory
 * with `bytes`.
 *
 * @throws ZwireError NVLIST_MALFORMED with field `offset`; also for what exceeds STREAM_LIMITS
 */
export function decodeNvList(bytes: Uint8Array): DecodedNvList {
  const cursor = new NvCursor(bytes);
  const encoding = cursor.byte('encoding');
  const order = cursor.byte('byte order');
  if (encoding > 1) cursor.fail(`unknown encoding ${encoding}`, 0);
  if (order > 1) cursor.fail(`unknown byte order ${order}`, 1);
  cursor.take(2, 'header');
  cursor.littleEndian = encoding === 0 && order === 1;
  const list = encoding === 1 ? xdrList(cursor, 1) : nativeList(cursor, 1);
  cursor.end();
  return { encoding: encoding === 1 ? 'xdr' : 'native', littleEndian: order === 1, list };
}

/** Reads front to back; nothing beyond the end, nothing more than the limits allow. */
class NvCursor {
  littleEndian = false;
  at = 0;
  #pairs = 0;
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Where the taken bytes start. */
  take(count: number, what: string): number {
    const at = this.at;
    if (count < 0 || count > this.bytes.length - at)
      this.fail(`${what} of ${count} bytes ends beyond the list`);
    this.at = at + count;
    return at;
  }

  byte(what: string): number {
    return this.view.getUint8(this.take(1, what));
  }

  i16(what: string): number {
    return this.view.getInt16(this.take(2, what), this.littleEndian);
  }

  i32(what: string): number {
    return this.view.getInt32(this.take(4, what), this.littleEndian);
  }

  /** Names are UTF-8. Values of user properties may be any bytes, and are only shown. */
  text(length: number, what: 'name' | 'string'): string {
    const at = this.take(length, what);
    const bytes = this.bytes.subarray(at, at + length);
    const text = what === 'name' ? decodeUtf8(bytes) : decodeUtf8Leniently(bytes);
    if (text === undefined) return this.fail('a name is not UTF-8', at);
    if (text.includes('\0')) return this.fail(`${what} has a NUL in it`, at);
    return text;
  }

  countPair(at: number): void {
    this.#pairs += 1;
    if (this.#pairs > STREAM_LIMITS.nvlistPairs)
      this.fail(`more than ${STREAM_LIMITS.nvlistPairs} pairs and lists`, at);
  }

  enter(depth: number): void {
    // An empty list in an array of them is no pair, and takes as much memory.
    this.countPair(this.at);
    if (depth > STREAM_LIMITS.nvlistDepth) this.fail(`lists nested deeper than ${STREAM_LIMITS.nvlistDepth}`);
  }

  end(): void {
    const rest = this.bytes.subarray(this.at);
    if (rest.length > TRAILING_BYTES_MAX || rest.some((byte) => byte !== 0))
      this.fail(`${rest.length} bytes follow the list`);
  }

  fail(what: string, offset: number = this.at): never {
    throw new ZwireError('NVLIST_MALFORMED', `Malformed nvlist: ${what} (byte ${offset})`, {
      fields: { what, offset },
    });
  }
}

/** Gathers pairs; refuses a second pair of a name, of which two readers could believe different ones. */
class PairList {
  readonly #pairs: NvPair[] = [];
  /** Made for the first name: packages have an empty list for each snapshot. */
  #names: Set<string> | undefined;
  readonly #uniqueNames: boolean;

  constructor(uniqueNames: boolean) {
    this.#uniqueNames = uniqueNames;
  }

  add(cursor: NvCursor, at: number, pair: NvPair): void {
    if (this.#uniqueNames) {
      this.#names ??= new Set();
      if (this.#names.has(pair.name)) cursor.fail('a name stands twice', at);
      this.#names.add(pair.name);
    }
    this.#pairs.push(pair);
  }

  finish(): NvList {
    return { uniqueNames: this.#uniqueNames, pairs: this.#pairs };
  }
}

function flagsOf(cursor: NvCursor): boolean {
  const at = cursor.at;
  const version = cursor.i32('version');
  if (version !== 0) cursor.fail(`version ${version}`, at);
  return (cursor.i32('flags') & UNIQUE_NAME) !== 0;
}

function typeOf(cursor: NvCursor, number: number, at: number): NvPair['type'] {
  return NV_TYPES[number] ?? cursor.fail(`unknown type ${number}`, at);
}

/** The number of elements, refused unless each can take at least `bytesEach` of what is left. */
function elementCount(cursor: NvCursor, count: number, bytesEach: number): number {
  if (count < 0 || count * bytesEach > cursor.bytes.length - cursor.at)
    cursor.fail(`${count} elements end beyond the list`);
  return count;
}

function expectCount(cursor: NvCursor, count: number, expected: number): void {
  if (count !== expected) cursor.fail(`${count} elements where ${expected} belong`);
}

// --- XDR

function xdrList(cursor: NvCursor, depth: number): NvList {
  cursor.enter(depth);
  const list = new PairList(flagsOf(cursor));
  for (;;) {
    const at = cursor.at;
    const encodedBytes = cursor.i32('size of a pair');
    const decodedBytes = cursor.i32('size of a pair in memory');
    if (encodedBytes === 0 && decodedBytes === 0) return list.finish();
    if (encodedBytes < 0 || encodedBytes > cursor.bytes.length - at)
      cursor.fail(`a pair of ${encodedBytes} bytes ends beyond the list`, at);
    // nvlist_unpack allocates by this word, which nothing else in the list bounds.
    if (decodedBytes <= 0 || decodedBytes > STREAM_LIMITS.packageBytes * 2)
      cursor.fail(`a pair of ${encodedBytes} bytes claims ${decodedBytes} in memory`, at);
    cursor.countPair(at);
    list.add(cursor, at, xdrPair(cursor, depth));
    if (cursor.at !== at + encodedBytes)
      cursor.fail(`a pair of ${cursor.at - at} bytes claims ${encodedBytes}`, at);
  }
}

function xdrPair(cursor: NvCursor, depth: number): NvPair {
  const name = xdrString(cursor, 'name', STREAM_LIMITS.nvlistNameBytes);
  const type = typeOf(cursor, cursor.i32('type'), cursor.at - 4);
  const count = cursor.i32('number of elements');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- type and value were read by the same table
  return { name, type, value: xdrValue(cursor, type, count, depth) } as NvPair;
}

function xdrValue(cursor: NvCursor, type: NvPair['type'], count: number, depth: number): unknown {
  const scalar = NV_SCALARS.get(type);
  const element = NV_ELEMENTS.get(type);
  if (scalar !== undefined) expectCount(cursor, count, 1);
  if (scalar !== undefined) return xdrScalar(cursor, scalar);
  if (element !== undefined) {
    expectCount(cursor, cursor.i32('number of elements'), count);
    elementCount(cursor, count, xdrScalarBytes(element));
    return Array.from({ length: count }, () => xdrScalar(cursor, element));
  }
  switch (type) {
    case 'boolean':
      expectCount(cursor, count, 0);
      return true;
    case 'string':
      expectCount(cursor, count, 1);
      return xdrString(cursor, 'string', cursor.bytes.length);
    case 'byte_array': {
      const at = cursor.take(elementCount(cursor, count, 1), 'byte array');
      cursor.take(-count & 3, 'padding');
      return cursor.bytes.slice(at, at + count);
    }
    case 'string_array':
      return Array.from({ length: elementCount(cursor, count, 4) }, () =>
        xdrString(cursor, 'string', cursor.bytes.length),
      );
    case 'nvlist':
      expectCount(cursor, count, 1);
      return xdrList(cursor, depth + 1);
    default: // nvlist_array, whose lists take at least version, flags and end
      return Array.from({ length: elementCount(cursor, count, 16) }, () => xdrList(cursor, depth + 1));
  }
}

/** A narrow integer is in the low bytes of its word; what is above them may be its sign (xdr_char). */
function xdrScalar(cursor: NvCursor, codec: ScalarCodec): NvScalar {
  const bytes = xdrScalarBytes(codec);
  const at = cursor.take(bytes, 'value');
  return codec.read(cursor.view, at + bytes - codec.bytes, false);
}

function xdrString(cursor: NvCursor, what: 'name' | 'string', lengthMax: number): string {
  const length = cursor.i32(`length of a ${what}`);
  if (length > lengthMax) cursor.fail(`${what} of ${length} bytes`);
  const text = cursor.text(length, what);
  cursor.take(-length & 3, 'padding');
  return text;
}

// --- native

function nativeList(cursor: NvCursor, depth: number): NvList {
  return nativePairs(cursor, flagsOf(cursor), depth);
}

function nativePairs(cursor: NvCursor, uniqueNames: boolean, depth: number): NvList {
  cursor.enter(depth);
  const list = new PairList(uniqueNames);
  for (;;) {
    const at = cursor.at;
    const size = cursor.i32('size of a pair');
    if (size === 0) return list.finish();
    if (size < 0 || size % 8 !== 0 || size > cursor.bytes.length - at)
      cursor.fail(`a pair of ${size} bytes`, at);
    cursor.countPair(at);
    list.add(cursor, at, nativePair(cursor, at, size, depth));
  }
}

function nativePair(cursor: NvCursor, start: number, size: number, depth: number): NvPair {
  const nameBytes = cursor.i16('length of a name');
  cursor.take(2, 'reserved bytes');
  const count = cursor.i32('number of elements');
  const type = typeOf(cursor, cursor.i32('type'), cursor.at - 4);
  const name = nativeString(cursor, nameBytes, 'name');
  const alignTo8 = (what: string): void => void cursor.take(-(cursor.at - start) & 7, what);
  alignTo8('padding');
  const read = nativeValue(cursor, type, count);
  alignTo8('padding');
  if (cursor.at - start !== size) cursor.fail(`a pair of ${cursor.at - start} bytes claims ${size}`, start);
  const value = typeof read === 'function' ? read(depth + 1) : read;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- type and value were read by the same table
  return { name, type, value } as NvPair;
}

/** The value, or for lists what reads them: their pairs follow the pair that holds them. */
function nativeValue(cursor: NvCursor, type: NvPair['type'], count: number): unknown {
  const scalar = NV_SCALARS.get(type);
  const element = NV_ELEMENTS.get(type);
  const read = (codec: ScalarCodec): NvScalar =>
    codec.read(cursor.view, cursor.take(codec.bytes, 'value'), cursor.littleEndian);
  if (scalar !== undefined) expectCount(cursor, count, 1);
  if (scalar !== undefined) return read(scalar);
  if (element !== undefined)
    return Array.from({ length: elementCount(cursor, count, element.bytes) }, () => read(element));
  switch (type) {
    case 'boolean':
      expectCount(cursor, count, 0);
      return true;
    case 'string':
      expectCount(cursor, count, 1);
      return nativeString(cursor, stringBytes(cursor), 'string');
    case 'byte_array': {
      const at = cursor.take(elementCount(cursor, count, 1), 'byte array');
      return cursor.bytes.slice(at, at + count);
    }
    case 'string_array':
      cursor.take(elementCount(cursor, count, POINTER_BYTES) * POINTER_BYTES, 'pointers');
      return Array.from({ length: count }, () => nativeString(cursor, stringBytes(cursor), 'string'));
    case 'nvlist': {
      expectCount(cursor, count, 1);
      const uniqueNames = nativeListHead(cursor);
      return (depth: number): NvList => nativePairs(cursor, uniqueNames, depth);
    }
    default: {
      // nvlist_array
      const bytesEach = POINTER_BYTES + NATIVE_LIST_BYTES;
      cursor.take(elementCount(cursor, count, bytesEach) * POINTER_BYTES, 'pointers');
      const heads = Array.from({ length: count }, () => nativeListHead(cursor));
      return (depth: number): NvList[] => heads.map((uniqueNames) => nativePairs(cursor, uniqueNames, depth));
    }
  }
}

function nativeListHead(cursor: NvCursor): boolean {
  const at = cursor.at;
  const uniqueNames = flagsOf(cursor);
  cursor.take(NATIVE_LIST_BYTES - (cursor.at - at), 'list');
  return uniqueNames;
}

/** Bytes up to and with the next NUL. */
function stringBytes(cursor: NvCursor): number {
  const end = cursor.bytes.indexOf(0, cursor.at);
  return end === -1 ? cursor.fail('a string without end') : end + 1 - cursor.at;
}

function nativeString(cursor: NvCursor, bytes: number, what: 'name' | 'string'): string {
  if (bytes < 1) cursor.fail(`${what} of ${bytes} bytes`);
  const text = cursor.text(bytes - 1, what);
  if (cursor.byte(what) !== 0) cursor.fail(`${what} without a NUL at its end`, cursor.at - 1);
  return text;
}
