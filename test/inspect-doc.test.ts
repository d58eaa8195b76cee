// The examples of docs/operations/inspect.md: what is printed there is what is compiled and run here.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { encodeResumeToken } from '../src/stream.ts';
import { blocksBySnapshot, copyRawOnly, receivedBytes } from './examples/inspect-stream.ts';
import { packageStream, rawStream, smallStream } from './sample-stream.ts';

const directory = mkdtempSync(join(tmpdir(), 'zwire-inspect-doc-'));
afterAll(() => rmSync(directory, { recursive: true }));

function fileOf(name: string, stream: Uint8Array): string {
  const file = join(directory, name);
  writeFileSync(file, stream);
  return file;
}

test('the page shows the example as it is compiled', () => {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
  const source = read('examples/inspect-stream.ts').replace('../../src/stream.ts', 'zwire/stream');
  expect(read('../docs/operations/inspect.md')).toContain(`\`\`\`ts\n${source}\`\`\``);
});

test('blocks by snapshot', async () => {
  expect(await blocksBySnapshot(fileOf('package', packageStream()))).toEqual(
    new Map([
      ['tank/data@monday', 1],
      ['tank/data@tuesday', 1],
    ]),
  );
});

test('a raw stream is copied whole when the proof comes', async () => {
  const copy = join(directory, 'copy');
  await copyRawOnly(fileOf('raw', rawStream()), copy, () => Promise.resolve());
  expect(new Uint8Array(readFileSync(copy))).toEqual(rawStream());
});

test('without the proof END stays away; of a stream in clear nothing passes', async () => {
  const copy = join(directory, 'held');
  await expect(
    copyRawOnly(fileOf('raw', rawStream()), copy, () => Promise.reject(new Error('no proof'))),
  ).rejects.toThrow('no proof');
  expect(readFileSync(copy).length).toBeLessThanOrEqual(rawStream().length - 312);
  const clear = join(directory, 'clear');
  await expect(copyRawOnly(fileOf('small', smallStream()), clear, () => Promise.resolve())).rejects.toThrow(
    'tank/data@monday would leave this host in clear',
  );
  expect(readFileSync(clear)).toHaveLength(0);
});

test('bytes of a token', () => {
  const none = { largeBlocks: false, embedded: false, compressed: false, raw: false, saved: false };
  const position = { object: 2n, offset: 0n, bytes: 4096n };
  const token = encodeResumeToken({
    ...none,
    ...position,
    toName: 'tank/data@monday',
    toGuid: 1n,
    fromGuid: undefined,
    redactSnapshots: undefined,
    bookmarkRedactSnapshots: undefined,
    littleEndian: true,
  });
  expect(receivedBytes(token)).toBe(4096n);
});
