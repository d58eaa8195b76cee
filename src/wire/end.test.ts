import { expect, test } from 'vitest';
import { attackDecoder } from '../../test/hostile-harness.ts';
import { decodeEnd, encodeEnd, type End, END_BYTES } from './end.ts';

const END: End = {
  records: 0x0102_0304_0506,
  bytes: 2n ** 64n - 2n,
  digest: Uint8Array.from({ length: 32 }, (_, i) => 0xff - i),
};

test('END: the layout of docs/protocol.md', () => {
  const bytes = encodeEnd(END);
  expect(bytes.length).toBe(END_BYTES);
  expect(Buffer.from(bytes.subarray(0, 18)).toString('hex')).toBe('0000010203040506fffffffffffffffefffe');
});

test('END: passes the hostile harness', () => {
  attackDecoder({
    name: 'end',
    vectors: [encodeEnd(END), encodeEnd({ records: 1, bytes: 0n, digest: new Uint8Array(32) })],
    decode: decodeEnd,
    trailing: 'refused',
    encode: encodeEnd,
  });
});

test('END: the encoder refuses what does not fit', () => {
  expect(() => encodeEnd({ ...END, records: 0 })).toThrow(RangeError);
  expect(() => encodeEnd({ ...END, records: 2 ** 48 })).toThrow(RangeError);
  expect(() => encodeEnd({ ...END, digest: new Uint8Array(16) })).toThrow(RangeError);
});

test('END: a stream without its last record is malformed', () => {
  expect(() => decodeEnd(encodeEnd(END).fill(0, 2, 8))).toThrow(
    expect.objectContaining({ code: 'WIRE_MALFORMED' }),
  );
});
