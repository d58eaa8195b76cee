import { existsSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { parseBookmarkName, parseDatasetName, parseSnapshotName } from '../zfs/name.ts';
import { sendArguments } from '../zfs/send.ts';
import { planOf, type SnapshotRequest, zfsSource, type ZfsSourceRequest } from './zfs-source.ts';

const signal = new AbortController().signal;
const monday = parseSnapshotName('tank/my data@mon');
const tuesday = parseSnapshotName('tank/my data@tue');
const full: SnapshotRequest = {
  kind: 'snapshot',
  snapshot: tuesday,
  recursive: false,
  intermediates: false,
};
const SEND = ['send', '-L', '-c', tuesday];
const DRY = ['send', '-n', '-v', '-P', '-L', '-c', tuesday];

function pool(): FakeZfs {
  const zfs = new FakeZfs();
  zfs.dataset('tank/my data', {}).snapshots('tank/my data', { mon: [11n, 5], tue: [22n, 6] });
  return zfs.on(DRY, { stdout: `full\t${tuesday}\t4096\nsize\t4096\n` });
}

function readAll(fd: number): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(65_536);
    const bytes = readSync(fd, chunk);
    if (bytes === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(chunk.subarray(0, bytes));
  }
}

test('a full snapshot announces its guid and estimate', async () => {
  using _zfs = pool();
  expect(await zfsSource(full).describe(signal)).toEqual({
    kind: 'dataset',
    name: 'tank/my data',
    toSnapshot: { name: 'tank/my data@tue', guid: 22n },
    recursive: false,
    features: [],
    sizeBytes: 4096n,
  });
});

test('an increment announces both guids, and the name that the receiver is to see', async () => {
  using zfs = pool();
  zfs.on(['send', '-n', '-v', '-P', '-L', '-c', '-i', monday, tuesday], {
    exitCode: 1,
    stderr: 'no estimate\n',
  });
  const source = zfsSource({ ...full, from: monday, announcedName: 'other/my data' });
  expect(await source.describe(signal)).toEqual({
    kind: 'delta',
    name: 'other/my data',
    toSnapshot: { name: 'tank/my data@tue', guid: 22n },
    fromSnapshot: { name: 'tank/my data@mon', guid: 11n },
    recursive: false,
    features: [],
  });
});

test('an increment can start from a bookmark, a tree cannot', async () => {
  using zfs = pool();
  const mark = parseBookmarkName('tank/my data#mon');
  const list = ['list', '-Hp', '-d', '1', '-t', 'bookmark', '-o', 'name,guid,createtxg', 'tank/my data'];
  zfs.on(list, { stdout: `${mark}\t11\t5\n` });
  zfs.on(['send', '-n', '-v', '-P', '-L', '-c', '-i', mark, tuesday], { stdout: 'size\t10\n' });
  expect(await zfsSource({ ...full, from: mark }).describe(signal)).toMatchObject({
    kind: 'delta',
    fromSnapshot: { name: mark, guid: 11n },
    sizeBytes: 10n,
  });
  await expect(zfsSource({ ...full, from: mark, recursive: true }).describe(signal)).rejects.toMatchObject({
    code: 'ZFS_FROM_MISSING',
    message: `cannot send the snapshots since ${mark}: it is a bookmark`,
  });
});

test('a volume says so', async () => {
  using zfs = pool();
  zfs.dataset('tank/my data', { type: 'volume' });
  expect((await zfsSource(full).describe(signal)).features).toEqual(['volume']);
});

test('a recursive send of a pool announces the digest of its tree', async () => {
  using zfs = new FakeZfs();
  const list = ['list', '-Hp', '-t', 'snapshot', '-o', 'name,guid,createtxg'];
  zfs
    .dataset('tank', {})
    .snapshots('tank', { s: [1n, 1] })
    .tree('tank', { tank: {}, 'tank/a': {} });
  zfs.on([...list, 'tank@s', 'tank/a@s'], { stdout: 'tank@s\t1\t1\ntank/a@s\t2\t1\n' });
  zfs.on(['send', '-n', '-v', '-P', '-L', '-c', '-R', 'tank@s'], { stdout: 'size\t10\n' });
  const snapshot = parseSnapshotName('tank@s');
  const source = zfsSource({ kind: 'snapshot', snapshot, recursive: true, intermediates: false });
  expect(await source.describe(signal)).toMatchObject({
    kind: 'pool',
    recursive: true,
    replicated: { count: 2, digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
});

test('a raw send leaves the records as they lie on the disks, whatever its range', () => {
  const raw = { ...full, kind: 'snapshot', raw: true } as const;
  expect(sendArguments(planOf(raw))).toEqual(['send', '-L', '-c', '-w', tuesday]);
  expect(sendArguments(planOf({ ...raw, from: monday }))).toEqual([
    'send',
    '-L',
    '-c',
    '-w',
    '-i',
    monday,
    tuesday,
  ]);
  expect(sendArguments(planOf({ ...raw, recursive: true }))).toEqual([
    'send',
    '-L',
    '-c',
    '-w',
    '-R',
    tuesday,
  ]);
});

test('what cannot be sent fails before anything starts', async () => {
  using zfs = pool();
  zfs.noSnapshot('tank/my data@none');
  const request = { ...full, snapshot: parseSnapshotName('tank/my data@none') };
  await expect(zfsSource(request).describe(signal)).rejects.toMatchObject({ code: 'ZFS_SNAPSHOT_MISSING' });
  expect(zfs.calls().filter((call) => call.startsWith('send'))).toEqual([]);
});

test('the stream is read from a pipe, and finish() waits for success', async () => {
  using zfs = pool();
  zfs.on(SEND, { script: 'head -c 300000 /dev/zero; exit 0' });
  const source = zfsSource(full);
  await source.describe(signal);
  const open = await source.open(signal);
  expect(readAll(open.fd)).toHaveLength(300_000);
  await open.finish();
  await source.close('committed');
});

test('a send that fails after some bytes is its own error', async () => {
  using zfs = pool();
  zfs.on(SEND, { script: `echo some; echo "warning: cannot send '${tuesday}': I/O error" >&2; exit 1` });
  const source = zfsSource(full);
  await source.describe(signal);
  const open = await source.open(signal);
  expect(readAll(open.fd)).toBe('some\n');
  await expect(open.finish()).rejects.toMatchObject({ code: 'ZFS_IO_ERROR' });
});

test('abort ends a running send and blames nobody; one that failed by itself is told', async () => {
  using zfs = pool();
  zfs.on(SEND, { script: 'exec cat /dev/zero' });
  const source = zfsSource(full);
  await source.describe(signal);
  expect(await (await source.open(signal)).abort()).toBeUndefined();

  zfs.on(SEND, { script: `echo "cannot hold: permission denied" >&2; exit 1` });
  const failing = await source.open(signal);
  readAll(failing.fd);
  expect(await failing.abort()).toMatchObject({ code: 'ZFS_PERMISSION' });
});

test('an interrupted send is not blamed on a signal', async () => {
  using zfs = pool();
  const pidFile = join(zfs.directory, 'pid');
  zfs.on(SEND, { script: `echo $$ >'${pidFile}'; exec cat /dev/zero` });
  const controller = new AbortController();
  const source = zfsSource(full);
  await source.describe(signal);
  const open = await source.open(controller.signal);
  readSync(open.fd, Buffer.alloc(1));
  controller.abort();
  // Until its end has been seen here, so that it has ended before it is aborted.
  const pid = readFileSync(pidFile, 'utf8').trim();
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
  expect(await open.abort()).toBeUndefined();
});

/** A pool in which a snapshot exists once it was taken: names carry the time, so a script answers. */
function snapshottingPool(extra = ''): FakeZfs {
  const zfs = new FakeZfs();
  const state = `'${zfs.directory}/state'`;
  zfs.script(`
    echo "$@" >>'${zfs.directory}/calls'
    ${extra}
    case "$1 $2" in
      'snapshot -r'|'snapshot '*) for last; do :; done; echo "$last" >${state};;
      'destroy '*) rm ${state};;
      'send -n') printf 'size\\t5\\n';;
      *'filesystem,volume'*|list*) case "$*" in
        *snapshot*) printf '%s\\t42\\t7\\n' "$(cat ${state})";;
        *) printf 'tank\\tfilesystem\\t1\\t1\\t-\\n';; esac;;
      *) exit 98;;
    esac`);
  return zfs;
}

const fresh: ZfsSourceRequest = { kind: 'new-snapshot', dataset: parseDatasetName('tank'), recursive: true };

test('--full-sync takes the snapshot it sends, and keeps it once it was sent', async () => {
  using zfs = snapshottingPool();
  const source = zfsSource(fresh);
  const announcement = await source.describe(signal);
  expect(announcement).toMatchObject({
    kind: 'pool',
    name: 'tank',
    recursive: true,
    toSnapshot: { guid: 42n },
  });
  expect(announcement.toSnapshot?.name).toMatch(/^tank@zwire-\d{8}T\d{6}Z$/);
  await source.close('committed');
  expect(zfs.calls().filter((call) => /^(?:snapshot|destroy)/.test(call))).toEqual([
    `snapshot -r ${announcement.toSnapshot?.name}`,
  ]);
});

test('a snapshot taken for a transfer that failed is taken back, exactly that one', async () => {
  using zfs = snapshottingPool();
  const source = zfsSource(fresh);
  const name = (await source.describe(signal)).toSnapshot?.name;
  await source.close('failed');
  expect(zfs.calls().at(-1)).toBe(`destroy -r ${name}`);
});

test('a snapshot whose transfer may have been committed stays: it is the base of the next increment there', async () => {
  using zfs = snapshottingPool();
  const source = zfsSource(fresh);
  await source.describe(signal);
  await source.close('unknown');
  expect(zfs.calls().filter((call) => call.startsWith('destroy'))).toEqual([]);
});

test('an interruption while the snapshot is taken leaves none that nobody knows of', async () => {
  using zfs = snapshottingPool(`[ "$1" = snapshot ] && kill -USR2 $PPID`);
  const interruption = new AbortController();
  process.once('SIGUSR2', () => interruption.abort());
  const source = zfsSource(fresh);
  await expect(source.describe(interruption.signal)).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await source.close('failed');
  const [taken, destroyed] = zfs.calls().filter((call) => /^(?:snapshot|destroy)/.test(call));
  expect(destroyed).toBe(taken?.replace('snapshot', 'destroy'));
});

test('a snapshot that was named is never destroyed', async () => {
  using zfs = pool();
  const source = zfsSource(full);
  await source.describe(signal);
  await source.close('failed');
  expect(zfs.calls().filter((call) => call.startsWith('destroy'))).toEqual([]);
});

test('failing to take it back does not hide why the transfer failed', async () => {
  using zfs = snapshottingPool(
    `[ "$1" = destroy ] && { echo "cannot destroy 'tank@x': dataset is busy" >&2; exit 1; }`,
  );
  const source = zfsSource(fresh);
  await source.describe(signal);
  await source.close('failed');
  expect(zfs.calls().at(-1)).toMatch(/^destroy/);
});

test('no snapshot is taken of what does not exist', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('tank');
  await expect(zfsSource(fresh).describe(signal)).rejects.toMatchObject({ code: 'ZFS_DATASET_MISSING' });
  expect(zfs.calls()).toHaveLength(1);
});
