import { expect, test } from 'vitest';
import { attackDecoder } from '../../test/hostile-harness.ts';
import { decodeProbe, encodeProbe, PROBE_BYTES } from './probe.ts';

test('PROBE: passes the hostile harness', () => {
  const bytes = encodeProbe({ timeUs: 0xabcd_ef01_2345 });
  expect(bytes.length).toBe(PROBE_BYTES);
  expect(Buffer.from(bytes).toString('hex')).toBe('0000abcdef012345');
  attackDecoder({
    name: 'probe',
    vectors: [bytes],
    decode: decodeProbe,
    trailing: 'refused',
    encode: encodeProbe,
  });
});

test('PROBE: a clock beyond 48 bits is refused by the encoder', () => {
  expect(() => encodeProbe({ timeUs: 2 ** 48 })).toThrow(RangeError);
});
