import { expect, test } from 'vitest';
import { FakeZfs, missing } from '../../test/fake-zfs.ts';
import { parseDatasetName } from './name.ts';
import { digestOf, replicatedDigest } from './replicated-digest.ts';

const LIST = ['list', '-Hp', '-t', 'snapshot', '-o', 'name,guid,createtxg'];
/** printf '@s\t11\na b/c@s\t33\na b@s\t22\n' | LC_ALL=C sort | sha256sum */
const KNOWN = '62a2fe3254a2f95a1f996f006db57c3bf20ef87b4a0829eb7ab51b3dba612665';

test('the digest is that of the sorted lines, whatever the order of the listing', () => {
  const lines = [
    { path: 'a b', snap: 's', guid: 22n },
    { path: '', snap: 's', guid: 11n },
    { path: 'a b/c', snap: 's', guid: 33n },
  ];
  expect(digestOf(lines)).toBe(KNOWN);
  expect(digestOf([...lines].reverse())).toBe(KNOWN);
  expect(digestOf(lines.slice(1))).not.toBe(KNOWN);
  expect(digestOf([])).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

test('source and replica of one tree have one digest, under different names', async () => {
  using zfs = new FakeZfs();
  for (const top of ['tank', 'backup/deep/tank']) {
    zfs.tree(top, { [top]: {}, [`${top}/a b`]: {}, [`${top}/a b/c`]: {} });
    zfs.on([...LIST, `${top}@s`, `${top}/a b@s`, `${top}/a b/c@s`], {
      stdout: `${top}@s\t11\t1\n${top}/a b@s\t22\t1\n${top}/a b/c@s\t33\t1\n`,
    });
    const digest = await replicatedDigest(parseDatasetName(top), 's');
    expect(digest).toEqual({ count: 3, digest: KNOWN, missing: [] });
  }
});

test('datasets without the snapshot are named and left out', async () => {
  using zfs = new FakeZfs();
  zfs.tree('tank', { tank: {}, 'tank/new': {} });
  zfs.on([...LIST, 'tank@s', 'tank/new@s'], { ...missing('tank/new@s'), stdout: 'tank@s\t11\t1\n' });
  expect(await replicatedDigest(parseDatasetName('tank'), 's')).toMatchObject({
    count: 1,
    missing: ['tank/new'],
  });
});

test('a tree that does not exist has no digest', async () => {
  using zfs = new FakeZfs();
  const columns = 'name,type,guid,createtxg,receive_resume_token';
  zfs.on(['list', '-Hp', '-r', '-t', 'filesystem,volume', '-o', columns, 'gone'], missing('gone'));
  expect(await replicatedDigest(parseDatasetName('gone'), 's')).toBeUndefined();
});
