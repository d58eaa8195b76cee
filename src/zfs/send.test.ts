import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeZfs, missing } from '../../test/fake-zfs.ts';
import { parseEstimate } from './estimate.ts';
import { parseBookmarkName, parseSnapshotName } from './name.ts';
import {
  estimateSend,
  sendArguments,
  sendError,
  type SendPlan,
  startSend,
  validateSendPlan,
} from './send.ts';

const from = parseSnapshotName('tank/my data@mon');
const to = parseSnapshotName('tank/my data@tue');
const full: SendPlan = { kind: 'full', to };
const delta: SendPlan = { kind: 'incremental', from, to, intermediates: false };

test.each<[SendPlan, string[]]>([
  [full, []],
  [delta, ['-i', from]],
  [{ ...delta, intermediates: true }, ['-I', from]],
  [{ ...full, raw: true }, ['-w']],
  [{ ...delta, raw: true, properties: true }, ['-w', '-p', '-i', from]],
  [{ ...delta, from: parseBookmarkName('tank/my data#mon') }, ['-i', 'tank/my data#mon']],
  [{ kind: 'recursive', to, intermediates: false }, ['-R']],
  [{ kind: 'recursive', to, from, intermediates: false }, ['-R', '-i', from]],
  [{ kind: 'recursive', to, from, intermediates: true }, ['-R', '-I', from]],
])('%j', (plan, range) => {
  expect(sendArguments(plan)).toEqual(['send', '-L', '-c', ...range, 'tank/my data@tue']);
});

test('a valid plan carries the guids', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('tank/my data', { type: 'volume' }).snapshots('tank/my data', { mon: [11n, 5], tue: [22n, 6] });
  expect(await validateSendPlan(delta)).toMatchObject({
    dataset: { type: 'volume' },
    from: { guid: 11n },
    to: { guid: 22n },
    replicated: undefined,
  });
  expect((await validateSendPlan(full)).from).toBeUndefined();
});

test('an unknown dataset', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('tank/my data');
  await expect(validateSendPlan(full)).rejects.toMatchObject({
    code: 'ZFS_DATASET_MISSING',
    fields: { dataset: 'tank/my data' },
  });
});

test('an unknown snapshot: the newest one is named', async () => {
  using zfs = new FakeZfs();
  zfs
    .dataset('tank/my data', {})
    .snapshots('tank/my data', { new: [2n, 9], old: [1n, 3] })
    .noSnapshot(to);
  await expect(validateSendPlan(full)).rejects.toMatchObject({
    code: 'ZFS_SNAPSHOT_MISSING',
    message: 'cannot send: tank/my data has no snapshot @tue',
    hint: "Its newest is tank/my data@new. All: zfs list -t snapshot 'tank/my data'.",
  });
});

test('an unknown snapshot to start from', async () => {
  using zfs = new FakeZfs();
  zfs
    .dataset('tank/my data', {})
    .snapshots('tank/my data', { tue: [22n, 6] })
    .noSnapshot(from);
  await expect(validateSendPlan(delta)).rejects.toMatchObject({
    code: 'ZFS_FROM_MISSING',
    fields: { snapshot: from, newest: to },
  });
});

test('a start that is newer, or the same', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('tank/my data', {}).snapshots('tank/my data', { mon: [11n, 7], tue: [22n, 6] });
  await expect(validateSendPlan(delta)).rejects.toMatchObject({
    code: 'ZFS_FROM_NOT_EARLIER',
    fields: { fromTxg: 7n, toTxg: 6n },
  });
  await expect(validateSendPlan({ ...delta, from: to })).rejects.toMatchObject({
    code: 'ZFS_FROM_NOT_EARLIER',
    message: expect.stringContaining('same snapshot'),
  });
});

test('a start of another dataset asks nothing of the pool', async () => {
  using zfs = new FakeZfs();
  const elsewhere = parseSnapshotName('tank/other@mon');
  await expect(validateSendPlan({ ...delta, from: elsewhere })).rejects.toMatchObject({
    code: 'ZFS_FROM_OTHER_DATASET',
  });
  expect(zfs.calls()).toEqual([]);
});

test('a recursive plan carries the digest of the tree', async () => {
  using zfs = new FakeZfs();
  const list = ['list', '-Hp', '-t', 'snapshot', '-o', 'name,guid,createtxg'];
  zfs.dataset('tank/my data', {}).snapshots('tank/my data', { tue: [22n, 6] });
  zfs.tree('tank/my data', { 'tank/my data': {}, 'tank/my data/c': {} });
  zfs.on([...list, to, 'tank/my data/c@tue'], { stdout: `${to}\t22\t6\ntank/my data/c@tue\t23\t6\n` });
  const { replicated } = await validateSendPlan({ kind: 'recursive', to, intermediates: false });
  expect(replicated?.count).toBe(2);
  expect(replicated?.digest).toMatch(/^[0-9a-f]{64}$/);
});

test('a recursive plan names a dataset below that lacks the snapshot', async () => {
  using zfs = new FakeZfs();
  const list = ['list', '-Hp', '-t', 'snapshot', '-o', 'name,guid,createtxg'];
  zfs.dataset('tank/my data', {}).snapshots('tank/my data', { tue: [22n, 6] });
  zfs.tree('tank/my data', { 'tank/my data': {}, 'tank/my data/c': {} });
  const lacking = missing('tank/my data/c@tue');
  zfs.on([...list, to, 'tank/my data/c@tue'], { ...lacking, stdout: `${to}\t22\t6\n` });
  await expect(validateSendPlan({ kind: 'recursive', to, intermediates: false })).rejects.toMatchObject({
    code: 'ZFS_SNAPSHOT_MISSING',
    fields: { snapshot: 'tank/my data/c@tue', blocking: 'tank/my data/c' },
  });
});

test.each([
  ['full\ttank@a\t1048576\nsize\t1048576\n', 1048576n],
  ['incremental\ta\ttank@b\t624\nincremental\tb\ttank@c\t1000\nsize\t1624\n', 1624n],
  ['full\tmy tank@a b\t9223372036854775807\nsize\t9223372036854775807\n', 9223372036854775807n],
  ['full\ttank@a\t18446744073614344448\nsize\t18446744073614344448\n', undefined],
  ['full\ttank@a\nsize\t9223372036854775808\n', undefined],
  ['full\ttank@a\n', undefined],
  ['', undefined],
])('the estimate in %j is %s', (output, bytes) => {
  expect(parseEstimate(output)).toBe(bytes);
});

test('an estimate that fails is unknown', async () => {
  using zfs = new FakeZfs();
  const dry = ['send', '-n', '-v', '-P', '-L', '-c'];
  zfs.on([...dry, to], { stdout: `full\t${to}\t4096\nsize\t4096\n` });
  zfs.on([...dry, '-i', from, to], {
    stdout: 'size\t1\n',
    stderr: "cannot send 'tank': I/O error\n",
    exitCode: 1,
  });
  expect(await estimateSend(full)).toBe(4096n);
  expect(await estimateSend(delta)).toBeUndefined();
});

test('the stream goes into the descriptor, and a failure is the error of its text', async () => {
  using zfs = new FakeZfs();
  const script = `printf 'stream'; echo "warning: cannot send 'tank/my data@tue': I/O error" >&2; exit 1`;
  zfs.on(sendArguments(full), { script });
  const directory = mkdtempSync(join(tmpdir(), 'zwire-send-'));
  const fd = openSync(join(directory, 'stream'), 'w');
  const send = await startSend(full, fd);
  const status = await send.exit;
  closeSync(fd);
  expect(readFileSync(join(directory, 'stream'), 'utf8')).toBe('stream');
  rmSync(directory, { recursive: true });
  expect(sendError(full, status)).toMatchObject({
    code: 'ZFS_IO_ERROR',
    message: "zfs send -L -c 'tank/my data@tue' failed: warning: cannot send 'tank/my data@tue': I/O error",
  });
});

test('an increment can start from a bookmark, but not one with the snapshots between', async () => {
  using zfs = new FakeZfs();
  const mark = parseBookmarkName('tank/my data#mon');
  zfs.dataset('tank/my data', {}).snapshots('tank/my data', { tue: [22n, 6] });
  const list = ['list', '-Hp', '-d', '1', '-t', 'bookmark', '-o', 'name,guid,createtxg', 'tank/my data'];
  zfs.on(list, { stdout: `${mark}\t11\t5\n` });
  const plan: SendPlan = { kind: 'incremental', from: mark, to, intermediates: false };
  expect((await validateSendPlan(plan)).from).toMatchObject({ name: mark, guid: 11n });
  await expect(validateSendPlan({ ...plan, intermediates: true })).rejects.toMatchObject({
    code: 'ZFS_FROM_MISSING',
  });
  const gone: SendPlan = { ...plan, from: parseBookmarkName('tank/my data#gone') };
  await expect(validateSendPlan(gone)).rejects.toMatchObject({
    code: 'ZFS_FROM_MISSING',
    message: 'cannot send: tank/my data has no bookmark #gone',
    hint: `Its newest is ${mark}. All: zfs list -t bookmark 'tank/my data'.`,
  });
  zfs.on(list, {});
  await expect(validateSendPlan(gone)).rejects.toMatchObject({
    hint: expect.stringContaining("It has none at all: zfs bookmark 'tank/my data@SNAPSHOT' '#NAME'"),
  });
});
