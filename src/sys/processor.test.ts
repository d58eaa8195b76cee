import { expect, test } from 'vitest';
import { listedFeatures } from './processor.ts';

test('x86 and ARM list their features, and some say nothing', () => {
  expect(listedFeatures('processor: 0\nflags\t\t: fpu vaes avx\nbugs : none\n')).toEqual(
    new Set(['fpu', 'vaes', 'avx']),
  );
  expect(listedFeatures('Features\t: fp asimd aes\n')).toEqual(new Set(['fp', 'asimd', 'aes']));
  expect(listedFeatures('uarch : sifive,u74\n')).toBeUndefined();
  expect(listedFeatures('')).toBeUndefined();
});
