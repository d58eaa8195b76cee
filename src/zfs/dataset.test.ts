import { expect, test } from 'vitest';
import { FakeZfs, missing } from '../../test/fake-zfs.ts';
import {
  findSnapshots,
  getDataset,
  getSnapshot,
  listDatasets,
  listSnapshots,
  setProperty,
  snapshotGuid,
} from './dataset.ts';
import { parseDatasetName, parseSnapshotName } from './name.ts';

const tank = parseDatasetName('tank/my data');

test('a dataset is typed, and its guid exact above 2^53', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('tank/my data', { type: 'volume', guid: 16_877_420_389_127_654_321n, token: '1-abc-def' });
  expect(await getDataset(tank)).toEqual({
    name: 'tank/my data',
    type: 'volume',
    guid: 16_877_420_389_127_654_321n,
    createtxg: 12n,
    receiveResumeToken: '1-abc-def',
  });
});

test('a dataset without partly received state has no token; a missing one is undefined', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('tank/my data', {}).dataset('gone');
  expect((await getDataset(tank))?.receiveResumeToken).toBeUndefined();
  expect(await getDataset(parseDatasetName('gone'))).toBeUndefined();
});

test('a type that is neither is not guessed at', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('tank/my data', { type: 'snapshot' });
  await expect(getDataset(tank)).rejects.toMatchObject({ code: 'ZFS_OUTPUT_UNEXPECTED' });
});

test('snapshots come oldest first, by createtxg and not by name', async () => {
  using zfs = new FakeZfs();
  zfs.snapshots('tank/my data', { b: [2n, 200], a: [3n, 300], 'c d': [1n, 99] });
  expect((await listSnapshots(tank))?.map((snapshot) => snapshot.name)).toEqual([
    'tank/my data@c d',
    'tank/my data@b',
    'tank/my data@a',
  ]);
});

test('a dataset without snapshots has none; a missing one is undefined', async () => {
  using zfs = new FakeZfs();
  zfs.snapshots('tank/my data', {});
  zfs.on(['list', '-Hp', '-r', '-t', 'snapshot', '-o', 'name,guid,createtxg', 'gone'], missing('gone'));
  expect(await listSnapshots(tank)).toEqual([]);
  expect(await listSnapshots(parseDatasetName('gone'), { recursive: true })).toBeUndefined();
});

test('a snapshot is found by name', async () => {
  using zfs = new FakeZfs();
  zfs.snapshots('tank/my data', { a: [5n, 7] }).noSnapshot('tank/my data@b');
  const name = parseSnapshotName('tank/my data@a');
  expect(await getSnapshot(name)).toEqual({ name, guid: 5n, createtxg: 7n });
  expect(await snapshotGuid(name)).toBe(5n);
  expect(await snapshotGuid(parseSnapshotName('tank/my data@b'))).toBeUndefined();
});

test('snapshots of one name are asked for a few hundred at a time', async () => {
  using zfs = new FakeZfs();
  const names = Array.from({ length: 600 }, (_, n) => parseDatasetName(`tank/${n}`));
  const lists = [names.slice(0, 512), names.slice(512)];
  for (const list of lists) {
    const args = [
      'list',
      '-Hp',
      '-t',
      'snapshot',
      '-o',
      'name,guid,createtxg',
      ...list.map((name) => `${name}@s`),
    ];
    const [first = '', ...rest] = list;
    // The first of each list lacks the snapshot.
    zfs.on(args, { ...missing(`${first}@s`), stdout: rest.map((name) => `${name}@s\t1\t1\n`).join('') });
  }
  expect(await findSnapshots(names, 's')).toHaveLength(598);
  expect(await findSnapshots([], 's')).toEqual([]);
});

test('the tree is listed parents first, and properties are set on many at once', async () => {
  using zfs = new FakeZfs();
  zfs.tree('tank', { tank: {}, 'tank/a b': {}, 'tank/v': { type: 'volume' } });
  zfs.on(['set', 'canmount=noauto', 'tank', 'tank/a b'], {});
  const names = (await listDatasets(parseDatasetName('tank')))?.map((dataset) => dataset.name) ?? [];
  expect(names).toEqual(['tank', 'tank/a b', 'tank/v']);
  await setProperty(names.slice(0, 2), 'canmount=noauto');
  await setProperty([], 'canmount=noauto');
  expect(zfs.calls().filter((call) => call.startsWith('set'))).toEqual(['set canmount=noauto tank tank/a b']);
});
