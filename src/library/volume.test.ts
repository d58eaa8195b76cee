// The seed's "Listing all snapshots" and "Creating and Destroying snapshots".
import { expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { getVolume, listVolumes, VolumeSnapshot } from './volume.ts';

const COLUMNS = 'type,name,guid,createtxg';

function pool(): FakeZfs {
  return new FakeZfs()
    .on(['list', '-Hp', '-t', 'filesystem,volume', '-o', COLUMNS], {
      stdout: 'filesystem\tpool\t1\t1\nfilesystem\tpool/test pool\t2\t5\nvolume\tpool/v\t3\t6\n',
    })
    .dataset('pool/test pool', { guid: 2n })
    .snapshots('pool/test pool', { a: [11n, 10], b: [12n, 20], new: [13n, 30] })
    .on(['list', '-Hp', '-d', '1', '-t', 'snapshot', '-o', 'name,guid,createtxg', 'pool/test pool'], {
      stdout: 'pool/test pool@b\t12\t20\npool/test pool@a\t11\t10\n',
    });
}

test('volumes and their snapshots are listed', async () => {
  using _ = pool();
  const volumes = [];
  for await (const volume of listVolumes()) volumes.push(volume);
  expect(volumes).toMatchObject([
    { name: 'pool', type: 'filesystem' },
    { name: 'pool/test pool', guid: 2n, createtxg: 5n },
    { name: 'pool/v', type: 'volume' },
  ]);
  const snapshots = [];
  for await (const snapshot of volumes[1]?.snapshots ?? []) snapshots.push(snapshot);
  expect(snapshots).toMatchObject([
    { name: 'pool/test pool@b', volume: 'pool/test pool', snap: 'b', guid: 12n },
    { snap: 'a' },
  ]);
});

test('the last snapshots are the newest by creation, in order', async () => {
  using _ = pool();
  const volume = await getVolume('pool/test pool');
  expect((await volume.lastSnapshots()).map(({ snap }) => snap)).toEqual(['a', 'b']);
  expect((await volume.lastSnapshots(1)).map(({ snap }) => snap)).toEqual(['b']);
});

test('a snapshot is taken and destroyed, and never another one of its name', async () => {
  using zfs = pool();
  zfs.on(['snapshot', '-o', 'a:b=1', 'pool/test pool@new'], {}).on(['destroy', 'pool/test pool@new'], {});
  const volume = await getVolume('pool/test pool');
  const snapshot = await volume.takeSnapshot({ name: 'new', properties: { 'a:b': '1' } });
  expect(snapshot.guid).toBe(13n);
  await snapshot.destroy();
  expect(zfs.calls().at(-1)).toBe('destroy pool/test pool@new');
  zfs.snapshots('pool/test pool', { new: [99n, 40] });
  const destroyed = zfs.calls().length;
  await expect(snapshot.destroy()).rejects.toMatchObject({
    code: 'ZFS_GUID_MISMATCH',
    fields: { guid: 99n },
  });
  await expect(snapshot.restore({ lose: 'newer' })).rejects.toMatchObject({ code: 'ZFS_GUID_MISMATCH' });
  expect(
    zfs
      .calls()
      .slice(destroyed)
      .every((call) => call.startsWith('list')),
  ).toBe(true);
});

test('what is not there is said', async () => {
  using zfs = pool();
  zfs.dataset('pool/gone').noSnapshot('pool/test pool@gone');
  await expect(getVolume('pool/gone')).rejects.toMatchObject({ code: 'ZFS_DATASET_MISSING' });
  await expect(getVolume('-r')).rejects.toMatchObject({ code: 'NAME_INVALID' });
  await expect(VolumeSnapshot.find('pool/test pool@gone')).rejects.toMatchObject({
    code: 'ZFS_SNAPSHOT_MISSING',
  });
});
