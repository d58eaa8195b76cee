import { expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { hasFeature, parseVersion, ZFS_FEATURES, zfsVersion, type ZfsFeature } from './feature.ts';

const features = (text: string): string[] => {
  const version = parseVersion(text);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table
  return (Object.keys(ZFS_FEATURES) as ZfsFeature[]).filter((feature) => hasFeature(version, feature));
};

test.each<[string, string[]]>([
  ['zfs-2.1.11-1+deb12u1\nzfs-kmod-2.1.11-1+deb12u1\n', []],
  ['zfs-2.2.0-1\nzfs-kmod-2.2.0-1\n', ['corrective_receive', 'block_cloning', 'exclude_datasets']],
  [
    'zfs-2.3.2-1~bpo12+2\nzfs-kmod-2.3.2-1~bpo12+2\n',
    [
      'corrective_receive',
      'block_cloning',
      'exclude_datasets',
      'json_output',
      'long_names',
      'allow_receive_append',
    ],
  ],
  // A new program over an old module has what the program does alone.
  ['zfs-2.3.1-1\nzfs-kmod-2.1.11-1\n', ['exclude_datasets', 'json_output']],
  ['zfs-2.1.11-1\nzfs-kmod-2.3.1-1\n', ['block_cloning']],
  ['zfs-2.4.0-rc1\n', ['exclude_datasets', 'json_output', 'held_reason']],
  ['zfs-3.0-1\nzfs-kmod-3.0-1\n', Object.keys(ZFS_FEATURES)],
])('%j', (text, expected) => {
  expect(features(text)).toEqual(expected);
});

test('words that name no release', () => {
  expect(() => parseVersion('unknown\n')).toThrow(expect.objectContaining({ code: 'ZFS_OUTPUT_UNEXPECTED' }));
});

test('the version is asked for once, and again after a failure', async () => {
  using zfs = new FakeZfs();
  zfs.on(['version'], { stderr: 'zfs: out of luck\n', exitCode: 1 });
  await expect(zfsVersion()).rejects.toMatchObject({ code: 'ZFS_UNKNOWN' });
  zfs.on(['version'], { stdout: 'zfs-2.3.2-1\nzfs-kmod-2.3.2-1\n' });
  expect((await zfsVersion()).program).toMatchObject({ major: 2, minor: 3, patch: 2 });
  await zfsVersion();
  expect(zfs.calls()).toHaveLength(2);
});
