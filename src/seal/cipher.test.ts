import { expect, test } from 'vitest';
import { bestCipher } from './cipher.ts';

test('a processor that lists no AES gets ChaCha20; one that lists nothing is taken to have it', () => {
  expect(bestCipher(new Set(['fpu', 'aes', 'avx']))).toBe('aes-256-gcm');
  expect(bestCipher(new Set(['fpu', 'vaes', 'avx']))).toBe('chacha20-poly1305');
  expect(bestCipher(undefined)).toBe('aes-256-gcm');
});
