import { expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { parseDatasetName } from './name.ts';
import { parseResumeToken, planResume } from './resume.ts';
import { estimateSend, sendArguments } from './send.ts';

const token = parseResumeToken('1-c740b4779-b8-789c636064000310a501c49c50360710a715e5e7a69766a630');
const DRY_RUN = ['send', '-n', '-v', '-P', '-t', token];

test.each(['', '-t', '1-2-3', '1-2-3-4 -R', '1-2-3-G', `1-2-3-${'a'.repeat(20_000)}`])(
  '%j is no token',
  (text) => {
    expect(() => parseResumeToken(text)).toThrow(
      expect.objectContaining({ code: 'ZFS_RESUME_TOKEN_CORRUPT' }),
    );
  },
);

test('ResumeTokenParsing: what is left to send is known before it is sent', async () => {
  using zfs = new FakeZfs();
  zfs.on(DRY_RUN, {
    stdout:
      'resume token contents:\nnvlist version: 0\n\tfromguid = 0x1f\n\tobject = 0x2\n\toffset = 0x1a0000\n\tbytes = 0x1b4308\n\ttoguid = 0xea3a6dd83e1a5f31\n\ttoname = tank/my data@tue\n\tcompressok = 1\nincremental\ttank/my data@mon\ttank/my data@tue\t4096\nsize\t4096\n',
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
