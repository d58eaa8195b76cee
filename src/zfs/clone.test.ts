import { expect, test } from 'vitest';
import { FakeZfs, writeProgram } from '../../test/fake-zfs.ts';
import { cloneSnapshot, promoteClone, renameDataset, renameSnapshot } from './clone.ts';
import { parseDatasetName, parseSnapshotName } from './name.ts';
import { getPool, listPools } from './pool.ts';
import { takeSnapshot, takeSnapshots } from './snapshot.ts';

const tank = parseDatasetName('tank/my data');
const monday = parseSnapshotName('tank/my data@mon');
const clone = parseDatasetName('tank/clone');

test('clone, promote and rename are what they are called', async () => {
  using zfs = new FakeZfs();
  zfs
    .on(['clone', '-o', 'readonly=on', '-o', 'a:b=-x', monday, clone], {})
    .on(['promote', clone], {})
    .on(['rename', tank, clone], {})
    .on(['rename', '-r', monday, 'tank/my data@tue'], {});
  await cloneSnapshot(monday, clone, { properties: { readonly: 'on', 'a:b': '-x' } });
  await promoteClone(clone);
  await renameDataset(tank, clone);
  expect(await renameSnapshot(monday, 'tue', { recursive: true })).toBe('tank/my data@tue');
});

test('a promotion that cannot be says why', async () => {
  using zfs = new FakeZfs();
  zfs.on(['promote', clone], { stderr: `cannot promote '${clone}': not a cloned filesystem\n`, exitCode: 1 });
  await expect(promoteClone(clone)).rejects.toMatchObject({ code: 'ZFS_NOT_A_CLONE' });
  zfs.on(['promote', clone], {
    stderr: `cannot promote '${clone}': conflicting snapshot 'mon' from parent 'tank/my data'\n`,
    exitCode: 1,
  });
  await expect(promoteClone(clone)).rejects.toMatchObject({
    code: 'ZFS_PROMOTE_CONFLICT',
    fields: { snap: 'mon', origin: 'tank/my data' },
  });
});

test('several snapshots are taken in one command, with properties', async () => {
  using zfs = new FakeZfs();
  zfs
    .on(['snapshot', '-o', 'a:b=1', monday, 'tank@mon'], {})
    .on(['snapshot', '-r', '-o', 'a:b=1', monday], {});
  await takeSnapshots([monday, parseSnapshotName('tank@mon')], { properties: { 'a:b': '1' } });
  await takeSnapshot(tank, { name: 'mon', recursive: true, properties: { 'a:b': '1' } });
  await takeSnapshots([]);
  expect(zfs.calls()).toHaveLength(2);
  const many = Array.from({ length: 6000 }, (_, n) => parseSnapshotName(`tank@${'x'.repeat(200)}${n}`));
  await expect(takeSnapshots(many)).rejects.toMatchObject({ code: 'ZFS_SNAPSHOT_LIST_TOO_LARGE' });
});

test('pools', async () => {
  using zfs = new FakeZfs();
  const rows = [
    'tank\t16877420389127654321\t1000\t400\t600\tONLINE\toff',
    'my pool\t7\t-\t-\t-\tUNAVAIL\ton',
  ];
  writeProgram(
    zfs.directory,
    'zpool',
    `[ "$*" = "list -Hp -o name,guid,size,allocated,free,health,readonly" ] && printf '${rows.join(String.raw`\n`)}\\n'`,
  );
  expect(await listPools()).toMatchObject([
    { type: 'pool', name: 'tank', guid: 16_877_420_389_127_654_321n, freeBytes: 600n, readonly: false },
    { name: 'my pool', sizeBytes: 0n, health: 'UNAVAIL', readonly: true },
  ]);
  expect((await getPool(parseDatasetName('tank')))?.health).toBe('ONLINE');
  expect(await getPool(parseDatasetName('gone'))).toBeUndefined();
});
