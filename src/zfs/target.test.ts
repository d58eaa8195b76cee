import { expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { parseDatasetName } from './name.ts';
import { checkTarget, type IncomingStream } from './target.ts';

const target = parseDatasetName('backup/my tank');
const full: IncomingStream = { kind: 'full', to: { snap: 'tue', guid: 22n } };
const delta: IncomingStream = { kind: 'delta', fromGuid: 11n, to: { snap: 'tue', guid: 22n } };

test('full: a free name below a filesystem', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank').dataset('backup', {});
  expect(await checkTarget(target, full)).toBeUndefined();
});

test('full: the target exists', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank', {}).dataset('backup', {});
  await expect(checkTarget(target, full)).rejects.toMatchObject({
    code: 'ZFS_DESTINATION_EXISTS',
    fields: { dataset: 'backup/my tank' },
    hint: expect.stringContaining("zfs destroy -r 'backup/my tank'"),
  });
  // A pool is never to be destroyed for it.
  const { hint } = await checkTarget(parseDatasetName('backup'), full).then(
    () => expect.unreachable(),
    (error: { hint: string }) => error,
  );
  expect(hint).toContain('--into backup/NAME');
  expect(hint).not.toContain('destroy');
});

test('full: the parent is missing, and the command that makes it is told', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/a b/tank').dataset('backup/a b').dataset('backup', {});
  await expect(checkTarget(parseDatasetName('backup/a b/tank'), full)).rejects.toMatchObject({
    code: 'ZFS_PARENT_MISSING',
    fields: { parent: 'backup/a b' },
    hint: "Make it on the receiver: zfs create -p -o canmount=off 'backup/a b'.",
  });
});

test.each(['nopool', 'nopool/x', 'nopool/x/y'])('full: the pool of %s is missing', async (name) => {
  using zfs = new FakeZfs();
  zfs.dataset('nopool').dataset('nopool/x').dataset('nopool/x/y');
  await expect(checkTarget(parseDatasetName(name), full)).rejects.toMatchObject({
    code: 'ZFS_PARENT_MISSING',
    fields: { parent: 'nopool' },
    hint: expect.stringContaining('zpool list'),
  });
});

test('full: the parent is a volume', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank').dataset('backup', { type: 'volume' });
  await expect(checkTarget(target, full)).rejects.toMatchObject({ code: 'ZFS_PARENT_NOT_FILESYSTEM' });
});

test.each([full, delta])('an earlier transfer left partly received state: $kind', async (stream) => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank', { token: '1-abc' });
  await expect(checkTarget(target, stream)).rejects.toMatchObject({
    code: 'ZFS_PARTIAL_STATE',
    fields: { token: '1-abc' },
    hint: expect.stringContaining("zfs receive -A 'backup/my tank'"),
  });
});

test('delta: the newest snapshot is where it starts', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank', { type: 'volume' }).snapshots(target, { sun: [10n, 1], mon: [11n, 2] });
  expect(await checkTarget(target, delta)).toMatchObject({ type: 'volume' });
});

test('delta: the snapshot it starts from may have another name on the target', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank', {}).snapshots(target, { renamed: [11n, 2] });
  expect(await checkTarget(target, delta)).toBeDefined();
});

test('delta: the target does not exist', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank');
  await expect(checkTarget(target, delta)).rejects.toMatchObject({ code: 'ZFS_DESTINATION_MISSING' });
});

test('delta: the newest snapshot is another one, and is named', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank', {}).snapshots(target, { mon: [11n, 2], own: [99n, 3] });
  await expect(checkTarget(target, delta)).rejects.toMatchObject({
    code: 'ZFS_INCREMENTAL_BASE_MISMATCH',
    message: expect.stringContaining('backup/my tank@own (guid 99)'),
    fields: { newest: 'backup/my tank@own', newestGuid: 99n, fromGuid: 11n, base: 'backup/my tank@mon' },
    hint: expect.stringContaining("zfs rollback -r 'backup/my tank@mon'"),
  });
});

test('delta: nothing in common', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank', {}).snapshots(target, { sun: [10n, 1] });
  await expect(checkTarget(target, delta)).rejects.toMatchObject({
    code: 'ZFS_INCREMENTAL_BASE_MISMATCH',
    hint: expect.stringContaining('--from @sun'),
  });
});

test('delta: the target has no snapshot at all', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank', {}).snapshots(target, {});
  await expect(checkTarget(target, delta)).rejects.toMatchObject({
    code: 'ZFS_INCREMENTAL_BASE_MISMATCH',
    hint: 'Send it in full under another name.',
  });
});

test('delta: the very snapshot is already there', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank', {}).snapshots(target, { mon: [11n, 2], tue: [22n, 3] });
  await expect(checkTarget(target, delta)).rejects.toMatchObject({
    code: 'ZFS_SNAPSHOT_EXISTS',
    message: expect.stringContaining('already there'),
    fields: { guid: 22n, same: 1 },
  });
});

test('delta: another snapshot has its name', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank', {}).snapshots(target, { mon: [11n, 2], tue: [77n, 3] });
  await expect(checkTarget(target, delta)).rejects.toMatchObject({
    code: 'ZFS_SNAPSHOT_EXISTS',
    message: expect.stringContaining('another snapshot'),
    fields: { guid: 77n, same: 0 },
  });
});

test("delta of the seed's format: no guids, so only existence is checked", async () => {
  using zfs = new FakeZfs();
  zfs.dataset('backup/my tank', {}).snapshots(target, { own: [99n, 3] });
  expect(await checkTarget(target, { kind: 'delta' })).toBeDefined();
});
