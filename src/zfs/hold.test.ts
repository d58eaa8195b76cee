import { expect, test } from 'vitest';
import { FakeZfs, missing } from '../../test/fake-zfs.ts';
import { holdSnapshots, listHolds, releaseSnapshots } from './hold.ts';
import { parseHoldTag, parseSnapshotName } from './name.ts';

const tag = parseHoldTag('zwire:my job');
const a = parseSnapshotName('tank/my data@a');
const b = parseSnapshotName('tank/my data@b');

test('holding is done once, and again it is no failure', async () => {
  using zfs = new FakeZfs();
  zfs.on(['hold', tag, a], {});
  expect(await holdSnapshots(tag, [a, a])).toEqual({ changed: [a], unchanged: [] });
  zfs.on(['hold', tag, a, b], {
    stderr: `cannot hold snapshot '${a}': tag already exists on this dataset\n`,
    exitCode: 1,
  });
  zfs.on(['holds', '-H', a, b], {
    stdout: `${a}\t${tag}\tMon Nov 23  6:16 2026\n${b}\tother\tMon Nov 23  6:16 2026\n`,
  });
  zfs.on(['hold', tag, b], {});
  expect(await holdSnapshots(tag, [a, b])).toEqual({ changed: [b], unchanged: [a] });
});

test('releasing what is not held is no failure either', async () => {
  using zfs = new FakeZfs();
  zfs.on(['release', tag, a, b], {
    stderr: `cannot release hold from snapshot '${a}': no such tag on this dataset\n`,
    exitCode: 1,
  });
  zfs.on(['holds', '-H', a, b], { stdout: `${b}\t${tag}\tMon Nov 23  6:16 2026\n` });
  zfs.on(['release', tag, b], {});
  expect(await releaseSnapshots(tag, [a, b])).toEqual({ changed: [b], unchanged: [a] });
});

test('a snapshot that is not there is one', async () => {
  using zfs = new FakeZfs();
  zfs.on(['hold', tag, a], {
    ...missing(a),
    stderr: `cannot hold snapshot '${a}': dataset does not exist\n`,
  });
  await expect(holdSnapshots(tag, [a])).rejects.toMatchObject({
    code: 'ZFS_DATASET_MISSING',
    fields: { snapshot: a },
  });
});

test('recursive holds name the snapshots of the tree', async () => {
  using zfs = new FakeZfs();
  zfs.on(['list', '-Hp', '-r', '-t', 'snapshot', '-o', 'type,name,guid,createtxg', 'tank/my data'], {
    stdout: `snapshot\t${a}\t1\t1\nsnapshot\t${b}\t2\t2\nsnapshot\ttank/my data/c@a\t3\t1\n`,
  });
  zfs.on(['hold', tag, a, 'tank/my data/c@a'], {});
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
