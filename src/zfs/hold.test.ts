import { expect, test } from 'vitest';
import { FakeZfs, missing } from '../../test/fake-zfs.ts';
import { holdSnapshots, listHolds, releaseSnapshots } from './hold.ts';
import { parseHoldTag, parseSnapshotName } from './name.ts';

const tag = parseHoldTag('zwire:my job');
const a = parseSnapshotName('tank/my data@a');
const b = parseSnapshotName('tank/my data@b');

const BY_TAG = `${a}\t${tag}\tMon Nov 23  6:16 2026\n${b}\tother\tMon Nov 23  6:16 2026\n`;

test('what is held stays held, and is told from what was not', async () => {
  using zfs = new FakeZfs();
  zfs.on(['holds', '-H', a, b], { stdout: BY_TAG }).on(['hold', tag, b], {});
  expect(await holdSnapshots(tag, [a, b, a])).toEqual({ changed: [b], unchanged: [a] });
  zfs.on(['holds', '-H', a], { stdout: `${a}\t${tag}\tMon Nov 23  6:16 2026\n` });
  expect(await holdSnapshots(tag, [a])).toEqual({ changed: [], unchanged: [a] });
});

test('releasing what is not held is no failure either', async () => {
  using zfs = new FakeZfs();
  zfs.on(['holds', '-H', a, b], { stdout: BY_TAG }).on(['release', tag, a], {});
  expect(await releaseSnapshots(tag, [a, b])).toEqual({ changed: [a], unchanged: [b] });
});

test('what another program does in between is no failure, anything else is', async () => {
  using zfs = new FakeZfs();
  zfs.on(['holds', '-H', a], {});
  const taken = `cannot hold snapshot '${a}': tag already exists on this dataset\n`;
  zfs.on(['hold', tag, a], { stderr: taken, exitCode: 1 });
  expect((await holdSnapshots(tag, [a])).changed).toEqual([a]);
  zfs.on(['hold', tag, a], { stderr: `cannot hold snapshot '${a}': permission denied\n`, exitCode: 1 });
  await expect(holdSnapshots(tag, [a])).rejects.toMatchObject({ code: 'ZFS_PERMISSION' });
});

test('a snapshot that is not there is one, before anything is held', async () => {
  using zfs = new FakeZfs();
  zfs.on(['holds', '-H', a], missing(a));
  await expect(holdSnapshots(tag, [a])).rejects.toMatchObject({
    code: 'ZFS_DATASET_MISSING',
    fields: { snapshot: a },
  });
});

test('recursive holds name the snapshots of the tree', async () => {
  using zfs = new FakeZfs();
  zfs.on(['list', '-Hp', '-r', '-t', 'snapshot', '-o', 'name,guid,createtxg', 'tank/my data'], {
    stdout: `${a}\t1\t1\n${b}\t2\t2\ntank/my data/c@a\t3\t1\n`,
  });
  zfs.on(['holds', '-H', a, 'tank/my data/c@a'], {}).on(['hold', tag, a, 'tank/my data/c@a'], {});
  expect((await holdSnapshots(tag, [a], { recursive: true })).changed).toEqual([a, 'tank/my data/c@a']);
});

test('holds are listed with their time', async () => {
  using zfs = new FakeZfs();
  zfs.on(['holds', '-H', a], { stdout: `${a}\tmy tag\tMon Nov  2 06:16 2026\n` });
  expect(await listHolds([a])).toEqual([
    { snapshot: a, tag: 'my tag', heldAt: new Date('2026-11-02T06:16:00Z') },
  ]);
  zfs.on(['holds', '-H', a], { stdout: `${a}\tmy tag\twhenever\n` });
  await expect(listHolds([a])).rejects.toMatchObject({ code: 'ZFS_OUTPUT_UNEXPECTED' });
});

test.each(['', '-r', '.x', 'a\tb', 'a\nb', 'x'.repeat(256)])('%j is no tag', (text) => {
  expect(() => parseHoldTag(text)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
});
