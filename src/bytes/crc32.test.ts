import { expect, test } from 'vitest';
import { crc32 } from './crc32.ts';

test('the check value of CRC-32/ISO-HDLC', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
});

test('continues from a previous part', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);
  expect(crc32(bytes.subarray(333), crc32(bytes.subarray(0, 333)))).toBe(crc32(bytes));
  expect(crc32(new Uint8Array(0))).toBe(0);
});
