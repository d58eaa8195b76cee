import { expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { encodeResumeToken } from '../stream/resume-token.ts';
import { parseDatasetName } from './name.ts';
import { parseResumeToken, planResume } from './resume.ts';
import { estimateSend, sendArguments } from './send.ts';

const content = {
  toName: 'tank/my data@tue',
  toGuid: 0xea3a6dd83e1a5f31n,
  fromGuid: 31n,
  object: 2n,
  offset: 0x1a0000n,
  bytes: 0x1b4308n,
  largeBlocks: false,
  embedded: false,
  compressed: true,
  raw: false,
  saved: false,
  redactSnapshots: undefined,
  bookmarkRedactSnapshots: undefined,
  littleEndian: true,
};
const token = parseResumeToken(encodeResumeToken(content));
const DRY_RUN = ['send', '-n', '-v', '-P', '-t', token];

test.each([
  '',
  '-t',
  '1-2-3-4',
  `${token} -R`,
  token.replace(/.$/, 'G'),
  token.slice(0, -2),
  `1-2-3-${'a'.repeat(70_000)}`,
])('%j is no token', (text) => {
  expect(() => parseResumeToken(text)).toThrow(
    expect.objectContaining({
      code: 'ZFS_RESUME_TOKEN_CORRUPT',
      cause: expect.objectContaining({ code: 'TOKEN_MALFORMED' }),
    }),
  );
});

test('ResumeTokenParsing: what is left to send is known before it is sent', async () => {
  using zfs = new FakeZfs();
  zfs.on(DRY_RUN, {
    stdout:
      'resume token contents:\nnvlist version: 0\n\tfromguid = 0x1f\n\ttoname = tank/old name@tue\nincremental\ttank/my data@mon\ttank/my data@tue\t4096\nsize\t4096\n',
  });
  expect(await planResume(token)).toEqual({
    token,
    to: 'tank/my data@tue',
    toGuid: 0xea3a6dd83e1a5f31n,
    fromGuid: 31n,
    doneBytes: 0x1b4308n,
    remainingBytes: 4096n,
  });
  expect(await estimateSend({ kind: 'resume', token })).toBe(4096n);
  expect(sendArguments({ kind: 'resume', token })).toEqual(['send', '-t', token]);
  expect(sendArguments({ kind: 'saved', dataset: parseDatasetName('tank/a b') })).toEqual([
    'send',
    '--saved',
    'tank/a b',
  ]);
});

test('a snapshot that was renamed has the name that ZFS found by its guid; without a line for it, that of the token', async () => {
  using zfs = new FakeZfs();
  const whole = parseResumeToken(encodeResumeToken({ ...content, fromGuid: undefined }));
  const args = ['send', '-n', '-v', '-P', '-t', whole];
  zfs.on(args, { stdout: 'full\ttank/moved@wed\t4096\nsize\t4096\n' });
  expect(await planResume(whole)).toMatchObject({ to: 'tank/moved@wed', fromGuid: undefined });
  zfs.on(args, {});
  expect(await planResume(whole)).toMatchObject({ to: 'tank/my data@tue', remainingBytes: undefined });
});

test.each<[string, string]>([
  ['ZFS_RESUME_SNAPSHOT_GONE', "cannot resume send: 'tank@a' used in the initial send no longer exists\n"],
  [
    'ZFS_RESUME_SNAPSHOT_CHANGED',
    "cannot resume send: 'tank@a' is no longer the same snapshot used in the initial send\n",
  ],
  ['ZFS_RESUME_FROM_GONE', 'cannot resume send: incremental source 0x1f no longer exists\n'],
  ['ZFS_RESUME_TOKEN_CORRUPT', 'cannot resume send: resume token is corrupt (incorrect checksum)\n'],
])('a token that cannot go on: %s', async (code, stderr) => {
  using zfs = new FakeZfs();
  zfs.on(DRY_RUN, { stderr, exitCode: 255 });
  await expect(planResume(token)).rejects.toMatchObject({ code });
});
