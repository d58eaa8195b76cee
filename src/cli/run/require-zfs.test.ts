import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeZfs } from '../../../test/fake-zfs.ts';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { requireZfs } from './require-zfs.ts';

let zfs: FakeZfs;
let told: string[];
beforeEach(() => {
  zfs = new FakeZfs();
  told = [];
});
afterEach(() => zfs[Symbol.dispose]());

const ask = (): Promise<void> => requireZfs((code) => told.push(code));

test('a host with ZFS is told nothing', async () => {
  zfs.on(['version'], { stdout: 'zfs-2.3.1-1\nzfs-kmod-2.3.1-1\n' });
  await ask();
  expect(told).toEqual([]);
});

test('a module that is not loaded stops no receiver', async () => {
  zfs.on(['version'], { stdout: 'zfs-2.3.1-1\n' });
  await ask();
  expect(told).toEqual(['ZFS_MODULE_MISSING']);
});

test('words that nobody understands stop no receiver', async () => {
  zfs.on(['version'], { stdout: 'something else\n' });
  await ask();
  expect(told).toEqual(['ZFS_OUTPUT_UNEXPECTED']);
});

test('without the program there is nothing to wait for', async () => {
  zfs[Symbol.dispose]();
  const installed = ['/usr/local/sbin', '/usr/sbin', '/sbin'].some((path) => existsSync(`${path}/zfs`));
  const asked = ask().then(
    () => 'found',
    (error: unknown) => (error instanceof ZwireError ? error.code : 'another error'),
  );
  expect(await asked).toBe(installed ? 'found' : 'PROGRAM_MISSING');
});
