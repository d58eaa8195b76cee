import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openSuiteKeys } from './session-keys.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** RFC 5869 from nothing but HMAC. */
function hkdf(salt: Uint8Array, secret: string, info: string, bytes: number): string {
  const extracted = createHmac('sha256', salt).update(secret).digest();
  const expanded = createHmac('sha256', extracted).update(info).update(Uint8Array.of(1)).digest();
  return hex(expanded.subarray(0, bytes));
}

/** Computed with Python's hmac module from docs/protocol.md. */
const VECTORS = [
  {
    salt: '00'.repeat(32),
    data: ['8522682ff358b7f2c056319c29113958531987177936d94278f00e78dea511f9', '5612d6cd'],
    senderControl: ['422e2acf35ab9e8a720131584b4dff66ae40de5327722ba911d884d864a7820c', '0f21732a'],
    receiverControl: ['e8c63beb77558bb393d8b3eeb06620c9fd0b8778b17abd0f29f5191f68ba1c58', '9a10e728'],
  },
  {
    salt: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    data: ['ed61c7e458c81b06106210014bdd75d27e13601218875495c5c3518b56956df3', '83aca051'],
    senderControl: ['93dfe8ad0d4cea620ac96ede5c3d7874215f400c495ce7354def5088bd5a656e', '11be8216'],
    receiverControl: ['2d0038b1f0c8729a1a2b87ad3c0c80a80b82b47be7bf51df1360479a0229e0f3', '7b844faf'],
  },
] as const;

describe('the keys of the open suite', () => {
  test.each(VECTORS)('are those of the specification for salt $salt', ({ salt, ...expected }) => {
    const keys = openSuiteKeys(Buffer.from(salt, 'hex'));
    const shown = (name: keyof typeof keys): string[] => [hex(keys[name].key), hex(keys[name].noncePrefix)];
    expect({
      data: shown('data'),
      senderControl: shown('senderControl'),
      receiverControl: shown('receiverControl'),
    }).toEqual(expected);
  });

  test('are HKDF-SHA256 for any salt', () => {
    for (let value = 0; value < 50; value++) {
      const salt = new Uint8Array(32).fill(value * 5);
      const { data, senderControl, receiverControl } = openSuiteKeys(salt);
      const labelled = { data, 'control s2r': senderControl, 'control r2s': receiverControl };
      for (const [label, { key, noncePrefix }] of Object.entries(labelled)) {
        expect(hex(key)).toBe(hkdf(salt, 'zwire open suite v1', `zwire v1 ${label} key`, 32));
        expect(hex(noncePrefix)).toBe(hkdf(salt, 'zwire open suite v1', `zwire v1 ${label} nonce`, 4));
      }
    }
  });
});
