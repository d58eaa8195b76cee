// nvlists of both encodings: real bytes, everything that can be encoded, and everything that an attacker can send.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attackDecoder } from '../../test/hostile-harness.ts';
import { STREAM_LIMITS } from './limits.ts';
import type { NvList, NvPair } from './nvlist.ts';
import { NV_TYPES, nvPlain, nvValue } from './nvlist.ts';
import { decodeNvList } from './nvlist-decode.ts';
import { encodeNativeNvList, encodeXdrNvList } from './nvlist-encode.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** The nvlist of a real redacted stream. */
const REDACT_SNAPS = hex(
  '01010000 00000000 00000001 0000002c 00000028 0000000c 7265646163745f736e617073 00000010 00000001' +
    '00000001 afd9859f28e384b2 0000000000000000',
);
/** The start of the nvlist of a real raw stream: a nested list of 0x5ec bytes, 0x38 in memory. */
const CRYPT_START = hex(
  '01010000 00000000 00000001 000005ec 00000038 0000000d 63727970745f6b657964617461000000 00000013 00000001',
);

const nested: NvList = { uniqueNames: true, pairs: [{ name: 'x', type: 'uint64', value: 5n }] };
const EVERY_TYPE: NvList = {
  uniqueNames: true,
  pairs: [
    { name: 'not_recursive', type: 'boolean', value: true },
    { name: 'b', type: 'byte', value: 200 },
    { name: 'i8', type: 'int8', value: -3 },
    { name: 'u8', type: 'uint8', value: 253 },
    { name: 'i16', type: 'int16', value: -300 },
    { name: 'u16', type: 'uint16', value: 65_000 },
    { name: 'i32', type: 'int32', value: -70_000 },
    { name: 'u32', type: 'uint32', value: 4_000_000_000 },
    { name: 'i64', type: 'int64', value: -1n },
    { name: 'u64', type: 'uint64', value: 0xffff_ffff_ffff_fffen },
    { name: 'time', type: 'hrtime', value: 12n },
    { name: 'real', type: 'double', value: 1.5 },
    { name: 'yes', type: 'boolean_value', value: true },
    { name: 'text', type: 'string', value: 'tank/däta' },
    { name: 'list', type: 'nvlist', value: nested },
    { name: 'bytes', type: 'byte_array', value: Uint8Array.of(1, 2, 255) },
    { name: 'i8s', type: 'int8_array', value: [-1, 1, 2] },
    { name: 'u8s', type: 'uint8_array', value: [1, 2, 200] },
    { name: 'i16s', type: 'int16_array', value: [-1] },
    { name: 'u16s', type: 'uint16_array', value: [1, 40_000] },
    { name: 'i32s', type: 'int32_array', value: [] },
    { name: 'u32s', type: 'uint32_array', value: [7] },
    { name: 'i64s', type: 'int64_array', value: [-7n] },
    { name: 'u64s', type: 'uint64_array', value: [1n, 2n] },
    { name: 'flags', type: 'boolean_array', value: [true, false] },
    { name: 'texts', type: 'string_array', value: ['', 'a', 'bcd'] },
    { name: 'lists', type: 'nvlist_array', value: [nested, { uniqueNames: false, pairs: [] }, nested] },
  ],
};

const encodings = [
  ['XDR', (list: NvList) => encodeXdrNvList(list)],
  ['native, little-endian', (list: NvList) => encodeNativeNvList(list, true)],
  ['native, big-endian', (list: NvList) => encodeNativeNvList(list, false)],
] as const;

describe.each(encodings)('%s', (name, encode) => {
  test('every type comes back', () => {
    expect(decodeNvList(encode(EVERY_TYPE)).list).toEqual(EVERY_TYPE);
    expect(new Set(EVERY_TYPE.pairs.map((pair) => pair.type))).toEqual(new Set(NV_TYPES.slice(1)));
  });

  test('hostile bytes are refused', () => {
    attackDecoder({
      name,
      codes: ['NVLIST_MALFORMED'],
      // A few types each: the attacks grow with the square of the length.
      vectors: [0, 4, 8, 12, 16, 20, 24, 28].map((at) =>
        encode({ uniqueNames: true, pairs: EVERY_TYPE.pairs.slice(at, at + 4) }),
      ),
      decode: (bytes) => decodeNvList(bytes).list,
      encode,
      trailing: 'refused',
      // Up to seven zero bytes are padding.
      trailingAllowed: (tail) => tail.length < 8 && tail.every((byte) => byte === 0),
    });
  });

  test('nesting has a bound', () => {
    const deep = (levels: number): NvList => {
      let list: NvList = { uniqueNames: true, pairs: [] };
      for (let level = 1; level < levels; level++)
        list = { uniqueNames: true, pairs: [{ name: 'n', type: 'nvlist', value: list }] };
      return list;
    };
    expect(decodeNvList(encode(deep(20))).list.pairs).toHaveLength(1);
    expect(() => decodeNvList(encode(deep(21)))).toThrow(/nested deeper than 20/);
  });

  test('a name that stands twice is refused where names are unique', () => {
    const pair: NvPair = { name: 'toguid', type: 'uint64', value: 1n };
    expect(() => decodeNvList(encode({ uniqueNames: true, pairs: [pair, pair] }))).toThrow(/twice/);
    expect(decodeNvList(encode({ uniqueNames: false, pairs: [pair, pair] })).list.pairs).toHaveLength(2);
  });

  test('any list of values comes back', () => {
    const pair = fc.oneof(
      fc.record({
        name: fc.string(),
        type: fc.constant('uint64' as const),
        value: fc.bigInt(0n, 2n ** 64n - 1n),
      }),
      fc.record({
        name: fc.string(),
        type: fc.constant('string' as const),
        value: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
      }),
      fc.record({
        name: fc.string(),
        type: fc.constant('uint8_array' as const),
        value: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 9 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 8 }), (pairs) => {
        const list: NvList = { uniqueNames: false, pairs };
        expect(decodeNvList(encode(list)).list).toEqual(list);
      }),
      { numRuns: 200 },
    );
  });
});

test('the bytes of a real stream', () => {
  const { encoding, list } = decodeNvList(REDACT_SNAPS);
  expect(encoding).toBe('xdr');
  expect(nvValue(list, 'redact_snaps', 'uint64_array')).toEqual([0xafd9859f28e384b2n]);
  expect(encodeXdrNvList(list)).toEqual(REDACT_SNAPS);
});

test('the size in memory of a nested list is that of ZFS', () => {
  const list: NvList = {
    uniqueNames: true,
    pairs: [{ name: 'crypt_keydata', type: 'nvlist', value: nested }],
  };
  const start = encodeXdrNvList(list).subarray(0, CRYPT_START.length);
  expect([...start.subarray(0, 12), ...start.subarray(16)]).toEqual([
    ...CRYPT_START.subarray(0, 12),
    ...CRYPT_START.subarray(16),
  ]);
});

test('a pair that claims memory is refused', () => {
  const bytes = REDACT_SNAPS.slice();
  bytes.set([0x7f, 0xff, 0xff, 0xff], 16);
  expect(() => decodeNvList(bytes)).toThrow(/claims 2147483647 in memory/);
});

test('a key named __proto__ is a key', () => {
  const list: NvList = { uniqueNames: true, pairs: [{ name: '__proto__', type: 'string', value: 'x' }] };
  expect(Object.keys(nvPlain(list))).toEqual(['__proto__']);
});

test('a native list nested 10,000 deep is refused, and the stack holds', () => {
  const depth = 10_000;
  // size, length of the name with its NUL, reserved, elements, type nvlist; the name n; the struct of a nested list
  const pair = Buffer.alloc(48);
  pair.writeInt32LE(48, 0);
  pair.writeInt16LE(2, 4);
  pair.writeInt32LE(1, 8);
  pair.writeInt32LE(19, 12);
  pair.write('n', 16);
  pair.writeInt32LE(1, 28);
  const deep = (levels: number): Uint8Array =>
    Buffer.concat([
      hex('00010000 00000000 01000000'),
      ...Array.from({ length: levels - 1 }, () => pair),
      new Uint8Array(4 * levels),
    ]);
  expect(decodeNvList(deep(20)).list.pairs).toHaveLength(1);
  expect(() => decodeNvList(deep(depth))).toThrow(/nested deeper than 20/);
});

test('empty lists in an array count too: they are small on the wire and not in memory', () => {
  const count = STREAM_LIMITS.nvlistPairs;
  const head = encodeXdrNvList({
    uniqueNames: true,
    pairs: [{ name: 'l', type: 'nvlist_array', value: [] }],
  });
  const packed = Buffer.alloc(head.length + count * 16);
  const end = head.length - 8;
  packed.set(head.subarray(0, end));
  // size of the pair, size in memory; at its end the number of elements
  packed.writeUInt32BE(end - 12 + count * 16, 12);
  packed.writeUInt32BE(count * 24, 16);
  packed.writeUInt32BE(count, end - 4);
  expect(() => decodeNvList(packed)).toThrow(/more than 1000000 pairs and lists/);
});
