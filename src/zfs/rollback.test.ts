import { expect, test } from 'vitest';
import { FakeZfs, writeProgram } from '../../test/fake-zfs.ts';
import { parseSnapshotName } from './name.ts';
import { lossOf, planRollback, rollback } from './rollback.ts';

const monday = parseSnapshotName('tank/my data@mon');

function dataset(rows: readonly string[], written: number): FakeZfs {
  const zfs = new FakeZfs();
  const args = [
    'list',
    '-Hp',
    '-d',
    '1',
    '-t',
    'snapshot,bookmark',
    '-o',
    'name,guid,createtxg,clones',
    'tank/my data',
  ];
  zfs.on(args, { stdout: rows.map((row) => `${row}\n`).join('') });
  const property = ['get', '-Hp', '-o', 'name,property,source,value', 'written@mon', 'tank/my data'];
  zfs.on(property, { stdout: `tank/my data\twritten@mon\t-\t${written}\n` });
  writeProgram(zfs.directory, 'zpool', `echo zpool "$@" >>'${zfs.directory}/calls'`);
  return zfs.on(['rollback', monday], {}).on(['rollback', '-r', monday], {});
}

const MON = 'tank/my data@mon\t1\t10\t';
const TUE = 'tank/my data@tue\t2\t20\t';
const MARKS = ['tank/my data#old\t9\t5\t-', 'tank/my data#new\t2\t20\t-'];

test('nothing is lost when nothing was written: no consent is needed', async () => {
  using zfs = dataset([MON, ...MARKS.slice(0, 1)], 0);
  expect(lossOf(await rollback(monday))).toBeUndefined();
  expect(zfs.calls().at(-1)).toBe(`rollback ${monday}`);
});

test('what was written since needs consent', async () => {
  using zfs = dataset([MON], 4096);
  await expect(rollback(monday)).rejects.toMatchObject({
    code: 'CONSENT_REQUIRED',
    fields: { loss: 'changes', writtenBytes: 4096n },
  });
  expect(zfs.calls().some((call) => call.startsWith('rollback'))).toBe(false);
  await rollback(monday, { lose: 'changes' });
  expect(zfs.calls().at(-1)).toBe(`rollback ${monday}`);
});

test('what was written a moment ago needs consent too, though it is counted only once it is on the disks', async () => {
  using zfs = dataset([MON], 0);
  const property = ['get', '-Hp', '-o', 'name,property,source,value', 'written@mon', 'tank/my data'];
  zfs.on(property, {
    script: `printf 'tank/my data\\twritten@mon\\t-\\t%s\\n' "$(grep -c '^zpool sync tank$' "$dir/calls")"; exit 0`,
  });
  await expect(rollback(monday)).rejects.toMatchObject({
    code: 'CONSENT_REQUIRED',
    fields: { loss: 'changes', writtenBytes: 1n },
  });
  expect(zfs.calls().some((call) => call.startsWith('rollback'))).toBe(false);
});

test('newer snapshots and bookmarks need more consent, and go with -r', async () => {
  using zfs = dataset([MON, TUE, ...MARKS], 0);
  const plan = await planRollback(monday);
  expect(plan.snapshots.map(({ name }) => name)).toEqual(['tank/my data@tue']);
  expect(plan.bookmarks.map(({ name }) => name)).toEqual(['tank/my data#new']);
  await expect(rollback(monday, { lose: 'changes' })).rejects.toMatchObject({
    code: 'CONSENT_REQUIRED',
    fields: { loss: 'newer', count: 2, blocking: 'tank/my data@tue, tank/my data#new' },
  });
  await rollback(monday, { lose: 'newer' });
  expect(zfs.calls().at(-1)).toBe(`rollback -r ${monday}`);
});

test('clones of newer snapshots are never destroyed', async () => {
  using zfs = dataset([MON, `${TUE}tank/clone,tank/other`], 0);
  await expect(rollback(monday, { lose: 'newer' })).rejects.toMatchObject({
    code: 'ZFS_ROLLBACK_BLOCKED',
    fields: { blocking: 'tank/clone, tank/other' },
  });
  expect(zfs.calls().some((call) => call.startsWith('rollback'))).toBe(false);
});

test('a snapshot that is not there', async () => {
  using _ = dataset([TUE], 0);
  await expect(rollback(monday)).rejects.toMatchObject({
    code: 'ZFS_SNAPSHOT_MISSING',
    fields: { newest: 'tank/my data@tue' },
  });
});
