import { expect, test } from 'vitest';
import { keyedSuite, SUITES, suiteOf } from './suite.ts';

test('every suite has its own number, which stays, and is found by it', () => {
  expect(Object.entries(SUITES).map(([name, { number }]) => [name, number])).toEqual([
    ['open', 0],
    ['IK_AESGCM', 1],
    ['IK_ChaChaPoly', 2],
    ['IKpsk2_AESGCM', 3],
    ['IKpsk2_ChaChaPoly', 4],
    ['X_AESGCM', 5],
    ['X_ChaChaPoly', 6],
    ['Xpsk1_AESGCM', 7],
    ['Xpsk1_ChaChaPoly', 8],
  ]);
  for (const [name, { number }] of Object.entries(SUITES)) expect(suiteOf(number)).toBe(name);
  for (const number of [-1, 9, 255, 1.5]) expect(suiteOf(number)).toBeUndefined();
});

test('a keyed suite says what it is made of', () => {
  for (const oneWay of [true, false]) {
    for (const psk of [true, false]) {
      for (const cipher of ['aes-256-gcm', 'chacha20-poly1305'] as const) {
        const { pattern, cipher: chosen } = SUITES[keyedSuite(oneWay, psk, cipher)];
        expect(pattern.startsWith('X')).toBe(oneWay);
        expect(pattern.includes('psk')).toBe(psk);
        expect(chosen).toBe(cipher);
      }
    }
  }
});
