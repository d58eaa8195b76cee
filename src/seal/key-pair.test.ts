import { expect, test } from 'vitest';
import { KeyPair } from './key-pair.ts';
import { decodeKey, formatPublicKey, parsePublicKey } from './public-key.ts';

test('a pair gives its secret out, comes back from it, and agrees with another', () => {
  const [one, two] = [KeyPair.generate(), KeyPair.generate()];
  const again = KeyPair.fromSecret(one.secret());
  expect(again.publicKey).toEqual(one.publicKey);
  expect(again.agree(two.publicKey)).toEqual(two.agree(one.publicKey));
  expect(one.agree(two.publicKey)).not.toEqual(one.agree(one.publicKey));
});

test('a secret that was wiped is no key, nor is one of another length', () => {
  for (const secret of [new Uint8Array(32), new Uint8Array(31).fill(1), new Uint8Array(33).fill(1)])
    expect(() => KeyPair.fromSecret(secret)).toThrow(RangeError);
  expect(KeyPair.generate().agree(new Uint8Array(31))).toBeUndefined();
});

test('a public key has one form as text', () => {
  const { publicKey } = KeyPair.generate();
  const line = formatPublicKey(publicKey, 'root@web 1');
  expect(parsePublicKey(`  ${line}\n`)).toEqual({ publicKey, comment: 'root@web 1' });
  const [, base64 = ''] = line.split(' ');
  expect(decodeKey(base64)).toEqual(publicKey);
  // The last digit carries two bits that belong to no byte.
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const digit = digits.indexOf(base64[42] ?? '');
  expect(decodeKey(`${base64.slice(0, 42)}${digits[digit + 1] ?? ''}=`)).toBeUndefined();
  for (const text of ['', base64.slice(1), `${base64}=`, base64.replace('=', 'A')])
    expect(decodeKey(text)).toBeUndefined();
  for (const text of ['', 'zwire1', `zwire2 ${base64}`])
    expect(() => parsePublicKey(text)).toThrow(expect.objectContaining({ code: 'KEY_MALFORMED' }));
});
