import { expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { parseDatasetName, parseSnapshotName } from './name.ts';
import { destroySnapshot, takeSnapshot, timedName } from './snapshot.ts';

const tank = parseDatasetName('tank/my data');

test('a name that is given is used', async () => {
  using zfs = new FakeZfs();
  zfs.on(['snapshot', '-r', 'tank/my data@mon day'], {});
  expect(await takeSnapshot(tank, { name: 'mon day', recursive: true })).toBe('tank/my data@mon day');
});

test('a given name that is taken is an error', async () => {
  using zfs = new FakeZfs();
  zfs.on(['snapshot', 'tank/my data@a'], {
    stderr: "cannot create snapshot 'tank/my data@a': dataset already exists\nno snapshots were created\n",
    exitCode: 1,
  });
  await expect(takeSnapshot(tank, { name: 'a' })).rejects.toMatchObject({ code: 'ZFS_DATASET_EXISTS' });
  await expect(takeSnapshot(tank, { name: 'a@b' })).rejects.toMatchObject({ code: 'NAME_INVALID' });
});

test('without a name it says who and when, in UTC', async () => {
  expect(timedName(new Date('2026-11-23T02:40:05.999Z'))).toBe('zwire-20261123T024005Z');
  using zfs = new FakeZfs();
  zfs.script('[ "$1" = snapshot ]');
  expect(await takeSnapshot(tank)).toMatch(/^tank\/my data@zwire-\d{8}T\d{6}Z$/);
});

test('a second snapshot in the same second gets a random suffix', async () => {
  using zfs = new FakeZfs();
  const taken = String.raw`case "$2" in *Z) echo "cannot create snapshot '$2': dataset already exists" >&2; exit 1;; esac`;
  zfs.script(taken);
  expect(await takeSnapshot(tank)).toMatch(/@zwire-\d{8}T\d{6}Z-[0-9a-f]{6}$/);
});

test('destroying names a snapshot, never a dataset', async () => {
  using zfs = new FakeZfs();
  zfs.on(['destroy', 'tank/my data@a'], {}).on(['destroy', '-r', 'tank/my data@a'], {});
  const name = parseSnapshotName('tank/my data@a');
  await destroySnapshot(name);
  await destroySnapshot(name, { recursive: true });
  expect(zfs.calls()).toEqual(['destroy tank/my data@a', 'destroy -r tank/my data@a']);
});

test('what holds a snapshot is told', async () => {
  using zfs = new FakeZfs();
  zfs.on(['destroy', 'tank@a'], {
    stderr:
      "cannot destroy 'tank@a': snapshot has dependent clones\nuse '-R' to destroy the following datasets:\ntank/clone\n",
    exitCode: 1,
  });
  await expect(destroySnapshot(parseSnapshotName('tank@a'))).rejects.toMatchObject({
    code: 'ZFS_HAS_CLONES',
    fields: { blocking: 'tank/clone' },
  });
});
