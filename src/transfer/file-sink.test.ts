import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ANNOUNCEMENT } from '../../test/announced.ts';
import { fileSinkPolicy } from './file-sink.ts';
import type { Sink } from './sink.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zwire-file-sink-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true });
});

const decide = (path: string): Promise<Sink> =>
  fileSinkPolicy(path).decide(
    {
      announcement: ANNOUNCEMENT,
      peer: '198.18.0.1:40000',
      transfer: '0123456789abcdef',
      warn: () => undefined,
    },
    new AbortController().signal,
  );

/** The class of every FileHandle, whose calls can be watched and made to fail. */
async function handleClass(): Promise<Awaited<ReturnType<typeof open>>> {
  await using handle = await open(directory);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a prototype has the methods of its instances
  return Object.getPrototypeOf(handle) as typeof handle;
}

test('what is committed lies on the disk under its name: the file before the rename, its directory after', async () => {
  const path = join(directory, 'copy');
  const sink = await decide(path);
  writeSync(sink.fd, 'all of it');
  const order: string[] = [];
  const said = (what: string, handle: { readonly fd: number }): void => {
    const name = readlinkSync(`/proc/self/fd/${handle.fd}`) === directory ? 'directory' : 'file';
    order.push(`${what} of the ${name}, ${existsSync(path) ? 'after' : 'before'} the rename`);
  };
  const handles = await handleClass();
  vi.spyOn(handles, 'datasync').mockImplementation(async function (this: typeof handles) {
    said('datasync', this);
  });
  vi.spyOn(handles, 'sync').mockImplementation(async function (this: typeof handles) {
    said('sync', this);
  });
  expect(await sink.commit()).toEqual({ target: path });
  expect(order).toEqual([
    'datasync of the file, before the rename',
    'sync of the directory, after the rename',
  ]);
  expect(readFileSync(path, 'utf8')).toBe('all of it');
  expect(readdirSync(directory)).toEqual(['copy']);
});

test('a disk that fails at the end is a failure, and what was there before stays', async () => {
  const path = join(directory, 'copy');
  writeFileSync(path, 'yesterday');
  const sink = await decide(path);
  writeSync(sink.fd, 'today');
  vi.spyOn(await handleClass(), 'datasync').mockRejectedValue(
    Object.assign(new Error('i/o error'), { code: 'EIO' }),
  );
  await expect(sink.commit()).rejects.toMatchObject({ code: 'SINK_FAILED', fields: { errno: 'EIO' } });
  expect(readFileSync(path, 'utf8')).toBe('yesterday');
  expect(readdirSync(directory)).toEqual(['copy']);
});

test('a directory that may be written and not read takes a file all the same', async () => {
  const sink = await decide(join(directory, 'copy'));
  vi.spyOn(await handleClass(), 'sync').mockRejectedValue(
    Object.assign(new Error('invalid'), { code: 'EINVAL' }),
  );
  expect(await sink.commit()).toMatchObject({ target: join(directory, 'copy') });
});

test('given up while it is written to the disk, it is not put under its name', async () => {
  const path = join(directory, 'copy');
  const sink = await decide(path);
  let abort: Promise<unknown> | undefined;
  vi.spyOn(await handleClass(), 'datasync').mockImplementation(async () => {
    abort = sink.abort();
  });
  await expect(sink.commit()).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await abort;
  expect(readdirSync(directory)).toEqual([]);
});

test('a file that cannot get the permissions of the one it replaces leaves nothing beside it', async () => {
  const path = join(directory, 'copy');
  writeFileSync(path, 'yesterday');
  vi.spyOn(await handleClass(), 'chmod').mockRejectedValue(
    Object.assign(new Error('not permitted'), { code: 'EPERM' }),
  );
  await expect(decide(path)).rejects.toMatchObject({ code: 'SINK_FAILED' });
  expect(readdirSync(directory)).toEqual(['copy']);
});

test('a link that points nowhere yet goes on pointing where it does', async () => {
  mkdirSync(join(directory, 'elsewhere'));
  const link = join(directory, 'link');
  symlinkSync('elsewhere/file', link);
  const sink = await decide(link);
  writeSync(sink.fd, 'there');
  await sink.commit();
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(directory, 'elsewhere', 'file'), 'utf8')).toBe('there');
  expect(readdirSync(directory).sort()).toEqual(['elsewhere', 'link']);
});
