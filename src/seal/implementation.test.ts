import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ipsecMbKernel, usableKernels } from '../sys/ipsec-mb.ts';
import { availableImplementations, sealingLibrary } from './implementation.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const wide = usableKernels().length > 0;

test('OpenSSL is reached in this Node, for either cipher', () => {
  for (const cipher of ['aes-256-gcm', 'chacha20-poly1305'] as const) {
    expect(availableImplementations(cipher)).toContain('evp');
    expect(availableImplementations(cipher).at(-1)).toBe('node');
  }
});

test('IPSec-MB seals AES-256-GCM where the processor has wide AES, and nothing else', () => {
  expect(ipsecMbKernel() !== undefined, 'fetch the library: node scripts/packages.mjs test').toBe(wide);
  expect(sealingLibrary()).toBe(ipsecMbKernel());
  expect(availableImplementations('aes-256-gcm')[0]).toBe(wide ? 'ipsec-mb' : 'evp');
  expect(availableImplementations('chacha20-poly1305')).toEqual(['evp', 'node']);
});

test('who wants none of it says so in the environment', () => {
  const script = "import('./dist/sys/ipsec-mb.js').then((m) => console.log(m.ipsecMbKernel() ?? 'none'))";
  const ask = (value: string): string =>
    execFileSync(process.execPath, ['-e', script], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, ZWIRE_IPSEC_MB: value },
    }).trim();
  expect(ask('off')).toBe('none');
  expect(ask('')).toBe(ipsecMbKernel() ?? 'none');
});

test('a variant is used only on a processor that has all that it needs', () => {
  const avx2 = ['aes', 'avx2', 'vaes', 'vpclmulqdq'];
  const avx512 = [...avx2, 'avx512f', 'avx512vl', 'avx512bw', 'avx512dq'];
  expect(usableKernels(new Set(avx512))).toEqual(['vaes_avx512', 'vaes_avx2']);
  expect(usableKernels(new Set(avx2))).toEqual(['vaes_avx2']);
  for (const missing of ['avx2', 'vaes', 'vpclmulqdq'])
    expect(usableKernels(new Set(avx2.filter((name) => name !== missing)))).toEqual([]);
  expect(usableKernels(new Set(avx512.filter((name) => name !== 'avx512bw')))).toEqual(['vaes_avx2']);
  expect(usableKernels(new Set())).toEqual([]);
});
