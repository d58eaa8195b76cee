// `zwire inspect` as it is typed: what it says of streams that our writer made, and of damaged ones.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fakeContext } from '../../../test/cli/fake-context.ts';
import { everyRecordStream, packageStream, rawStream, smallStream } from '../../../test/sample-stream.ts';
import { runCommandLine } from '../command-line.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'zwire-inspect-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function said(args: readonly string[]): Promise<Said> {
  const context = fakeContext();
  const exitCode = await runCommandLine(['inspect', ...args], context);
  return { exitCode, stdout: context.process.stdout.text, stderr: context.process.stderr.text };
}

/** What is said of a stream in a file. */
async function inspected(stream: Uint8Array, ...flags: readonly string[]): Promise<Said> {
  const file = join(directory, 'stream');
  writeFileSync(file, stream);
  return said([file, ...flags]);
}

function jsonOf(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
}

test('a stream in words', async () => {
  const { exitCode, stdout, stderr } = await inspected(everyRecordStream());
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  for (const part of [
    /^tank\/data@monday: full, redacted$/m,
    /^ {2}to guid {6}0xf3851fd58c3305c6 \(17547466525159654854\)$/m,
    /^ {2}created {6}2026-03-30T21:10:17Z$/m,
    /^ {2}contents {5}filesystem$/m,
    /^ {2}features {5}dedup sa_spill embed_data lz4 large_blocks redacted compressed \(0x6b0005\)$/m,
    /^ {4}redact_snaps: 12671305945215894706$/m,
    /^ +WRITE +2 +640 B$/m,
    /lz4: 2 blocks, 21.5 KiB as 200 B$/m,
    /^complete: 11 records, \d \d+ bytes, checksums: 10 fit$/m,
  ])
    expect(stdout).toMatch(part);
});

test('every record, one a line', async () => {
  const { stdout } = await inspected(everyRecordStream(false), '--records');
  const lines = stdout.split('\n').filter((line) => /^\d+ @\d+ [A-Z]/.test(line));
  expect(lines.map((line) => line.split(' ')[2])).toEqual(
    'BEGIN FREEOBJECTS OBJECT SPILL FREE WRITE WRITE WRITE_EMBEDDED WRITE_BYREF REDACT END'.split(' '),
  );
  expect(lines[1]).toMatch(/^2 @376 FREEOBJECTS firstObject=5 objects=27 toGuid=0xf3851fd58c3305c6$/);
});

test('JSON lines: guids in decimal and hex, the nvlist whole, records when asked for', async () => {
  const { exitCode, stdout } = await inspected(rawStream(), '--json', '--records');
  const lines = jsonOf(stdout);
  expect(exitCode).toBe(0);
  expect(lines.map(({ event }) => event)).toEqual([
    'begin',
    ...Array<string>(5).fill('record'),
    'substream',
    'end',
  ]);
  expect(lines[0]).toMatchObject({
    kinds: ['full', 'raw'],
    toName: 'tank/secret@monday',
    toGuid: '17547466525159654854',
    toGuidHex: '0xf3851fd58c3305c6',
    ivsetGuids: { to: '77' },
    nvlist: { encoding: 'native', pairs: { crypt_keydata: { DSL_CRYPTO_IV: '78797a7b7c7d7e7f80818283' } } },
  });
  expect(lines.at(-1)).toMatchObject({ records: 5, complete: true, checksums: { verified: 4, absent: 0 } });
});

test('a package: its head, each substream, and what is left out', async () => {
  const { stdout } = await inspected(packageStream());
  expect(stdout).toMatch(/^tank\/data@tuesday: package$/m);
  expect(stdout).toMatch(/^tank\/data@tuesday: incremental$/m);
  expect(stdout).toMatch(/^ {2}from guid {4}0x1122334455667788 /m);
  expect(stdout).toMatch(/^complete: 11 records, 2 substreams, .* 6 fit, 2 left out by the sender$/m);
});

test('a damaged stream: what was found, then record, byte and what is wrong; exit code 1', async () => {
  const stream = packageStream();
  stream[stream.length - 700] = 0;
  const { exitCode, stdout, stderr } = await inspected(stream);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^zwire: record 10 \(END\) at byte \d+: the checksum .* \(STREAM_CHECKSUM\)$/m);
  expect(stdout).toMatch(/^ {2}END +not reached$/m);
  const json = jsonOf((await inspected(stream, '--json')).stdout).at(-1);
  expect(json).toMatchObject({
    event: 'error',
    code: 'STREAM_CHECKSUM',
    fields: { record: 10 },
    exitCode: 1,
  });
});

test('a saved stream is incomplete, and only --partial makes that good', async () => {
  const saved = smallStream({ saved: true });
  expect(await inspected(saved)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/STREAM_TRUNCATED/),
  });
  const { exitCode, stdout } = await inspected(saved, '--partial');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^INCOMPLETE: 3 records/m);
});

test('names from a hostile sender do not reach the terminal as they are', async () => {
  const { stdout } = await inspected(smallStream({ toName: 'tank@\x1b]0;x\x07' }), '--records');
  expect(stdout).not.toMatch(/[\x1b\x07]/);
});

const TOKEN =
  '1-b338b54f3-c0-789c636064000310a500c4ec50360710e72765a52697303030419460caa7a515a796806474e0f26c48f2499525a9c540ba424' +
  '30fabfe92fcf4d2cc140686c88a76d578ae45530c90e439c1f27989b9a90c0c5545a905390539892569f945b940234bf48b8b921d12c1660200c61a1aba';

test('a resume token', async () => {
  const { exitCode, stdout } = await said(['--token', TOKEN]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^resume token: full stream to zreplplatformtest\/src@a$/m);
  expect(stdout).toMatch(/^ {2}goes on at {3}object 2, offset 2883584$/m);
  expect(jsonOf((await said(['--token', TOKEN, '--json'])).stdout)[0]).toMatchObject({
    bytes: '3025016',
    raw: false,
  });
  expect(await said(['--token', '1-2-3-4'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/TOKEN_MALFORMED/),
  });
});

test.each([
  [[], 2, /a file is missing/],
  [['--token', TOKEN, 'file'], 2, /--token takes no file/],
  [['/nowhere/at/all'], 1, /cannot read \/nowhere\/at\/all.*SOURCE_FAILED/],
  [['/etc/hostname', 'more'], 2, /one argument too many/],
])('%j: exit code %i', async (args, exitCode, stderr) => {
  expect(await said(args)).toMatchObject({ exitCode, stderr: expect.stringMatching(stderr) });
});

test('not from a terminal', async () => {
  const context = fakeContext({ stdinIsTerminal: true });
  expect(await runCommandLine(['inspect', '-'], context)).toBe(2);
  expect(context.process.stderr.text).toMatch(/TERMINAL_REFUSED/);
});

test('--help has examples', async () => {
  const { stdout } = await said(['--help']);
  for (const part of ['USAGE', 'EXAMPLES', '--token TOKEN', '--records', '--partial', '--json'])
    expect(stdout).toContain(part);
});
