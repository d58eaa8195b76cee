// Resume tokens: one that ZFS made, and everything that is not one.
import fc from 'fast-check';
import { deflateSync, inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { attackDecoder } from '../../test/hostile-harness.ts';
import { encodeNativeNvList } from './nvlist-encode.ts';
import { decodeResumeToken, encodeResumeToken, type ResumeToken } from './resume-token.ts';

/** Made by ZFS on Linux 0.8.1; published in zrepl's tests. */
const REAL =
  '1-b338b54f3-c0-789c636064000310a500c4ec50360710e72765a52697303030419460caa7a515a796806474e0f26c48f2499525a9c540ba4243' +
  '0fabfe92fcf4d2cc140686c88a76d578ae45530c90e439c1f27989b9a90c0c5545a905390539892569f945b940234bf48b8b921d12c1660200c61a1aba';

const FULL: ResumeToken = {
  toName: 'zreplplatformtest/src@a',
  toGuid: 0x94a2_0a5f_2587_7859n,
  fromGuid: undefined,
  object: 2n,
  offset: 2_883_584n,
  bytes: 3_025_016n,
  largeBlocks: false,
  embedded: false,
  compressed: false,
  raw: false,
  saved: false,
  redactSnapshots: undefined,
  bookmarkRedactSnapshots: undefined,
  littleEndian: true,
};

const EVERYTHING: ResumeToken = {
  ...FULL,
  fromGuid: 7n,
  largeBlocks: true,
  embedded: true,
  compressed: true,
  raw: true,
  saved: true,
  redactSnapshots: [1n, 2n],
  bookmarkRedactSnapshots: [],
  littleEndian: false,
};

test('a token that ZFS made, there and back', () => {
  expect(decodeResumeToken(REAL)).toEqual(FULL);
  // The same list; not the same bytes, since the zlib of Node finds other matches than that of the kernel.
  const list = (token: string): Buffer => inflateSync(Buffer.from(token.split('-')[3] ?? '', 'hex'));
  expect(list(encodeResumeToken(FULL))).toEqual(list(REAL));
});

test('every field, in the other byte order', () => {
  expect(decodeResumeToken(encodeResumeToken(EVERYTHING))).toEqual(EVERYTHING);
});

test('any numbers', () => {
  const u64 = fc.bigInt(0n, 2n ** 64n - 1n);
  fc.assert(
    fc.property(
      u64,
      u64,
      fc.option(u64, { nil: undefined }),
      fc.boolean(),
      (toGuid, offset, fromGuid, littleEndian) => {
        const token = { ...FULL, toGuid, offset, fromGuid, littleEndian };
        expect(decodeResumeToken(encodeResumeToken(token))).toEqual(token);
      },
    ),
    { numRuns: 100 },
  );
});

test('hostile bytes', () => {
  attackDecoder({
    name: 'token',
    codes: ['TOKEN_MALFORMED'],
    vectors: [REAL, encodeResumeToken(EVERYTHING)].map((token) => new TextEncoder().encode(token)),
    decode: (bytes) => decodeResumeToken(Buffer.from(bytes).toString('latin1')),
    trailing: 'refused',
  });
});

/** A token around any payload, with a checksum that fits. */
function tokenOf(packed: Uint8Array, statedBytes: number = packed.length): string {
  const compressed = deflateSync(packed);
  let sum = 0;
  for (let at = 0; at + 4 <= compressed.length; at += 4) sum += compressed.readUInt32LE(at);
  return `1-${sum.toString(16)}-${statedBytes.toString(16)}-${compressed.toString('hex')}`;
}

test.each([
  ['nothing', '', /four groups/],
  ['a dash, as zfs prints none', '-', /four groups/],
  ['another version', REAL.replace(/^1/, '2'), /version 2/],
  ['capitals', REAL.toUpperCase(), /four groups/],
  ['a digit changed', REAL.replace('b338b54f3', 'b338b54f4'), /checksum/],
  ['more bytes than stated', tokenOf(new Uint8Array(50_000), 100), /larger than/],
  ['fewer bytes than stated', tokenOf(new Uint8Array(50), 100), /holds 50 bytes and states 100/],
  ['a bomb that says so', tokenOf(new Uint8Array(10), 2 ** 40), /states 1099511627776/],
  ['70,000 characters', `1-0-0-${'0'.repeat(70_000)}`, /70006 characters/],
  ['no nvlist', tokenOf(new Uint8Array(50).fill(9)), /unknown encoding/],
  ['an empty nvlist', tokenOf(encodeNativeNvList({ uniqueNames: true, pairs: [] })), /does not say toname/],
])('%s', (_name, token, message) => {
  expect(() => decodeResumeToken(token)).toThrow(message);
});
