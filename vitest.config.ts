import { defineConfig } from 'vitest/config';
import { useCachedIpsecMb } from './scripts/ipsec-mb.mjs';

// Workers and the programs they start inherit it.
useCachedIpsecMb();

export default defineConfig({
  test: {
    pool: 'forks',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'fuzz/**/*.test.ts'],
    exclude: ['test/zfs/guest/**'],
    testTimeout: 60_000,
  },
});
