import { expect, test } from 'vitest';
import { FakeZfs, missing } from '../../test/fake-zfs.ts';
import { destroyDataset, destroySnapshots, planDestroy } from './destroy.ts';
import { parseDatasetName, parseSnapshotName, type SnapshotName } from './name.ts';

const tank = parseDatasetName('tank/my data');
const named = (...snaps: string[]): SnapshotName[] =>
  snaps.map((snap) => parseSnapshotName(`${tank}@${snap}`));

/** Those that are there, as they are looked up before anything is destroyed. */
function present(zfs: FakeZfs, asked: readonly SnapshotName[], there: readonly SnapshotName[] = asked): void {
  const gone = asked.filter((name) => !there.includes(name));
  zfs.on(['list', '-Hp', '-t', 'snapshot', '-o', 'name', ...asked], {
    stdout: there.map((name) => `${name}\n`).join(''),
    stderr: gone.map((name) => missing(name).stderr).join(''),
    exitCode: gone.length > 0 ? 1 : 0,
  });
}

test('many snapshots go in one command for each dataset, and absent ones are told', async () => {
  using zfs = new FakeZfs();
  const asked = [...named('a', 'b c', 'gone'), parseSnapshotName('tank@x')];
  present(zfs, asked, [...named('a', 'b c'), parseSnapshotName('tank@x')]);
  zfs.on(['destroy', `${tank}@a,b c`], {}).on(['destroy', 'tank@x'], {});
  const outcomes = await destroySnapshots(asked);
  expect([...outcomes]).toEqual([
    [`${tank}@a`, 'destroyed'],
    [`${tank}@b c`, 'destroyed'],
    [`${tank}@gone`, 'absent'],
    ['tank@x', 'destroyed'],
  ]);
});

test('UndestroyableSnapshotParsing: those that ZFS blames are left out, the others go', async () => {
  using zfs = new FakeZfs();
  present(zfs, named('a', 'b', 'c', 'd'));
  zfs.on(['destroy', `${tank}@a,b,c,d`], {
    stderr: `cannot destroy snapshot ${tank}@b: snapshot is cloned\ncannot destroy snapshot ${tank}@d: dataset is busy\n`,
    exitCode: 1,
  });
  zfs.on(['destroy', `${tank}@a,c`], {});
  const outcomes = await destroySnapshots(named('a', 'b', 'c', 'd'));
  expect([...outcomes.values()]).toMatchObject([
    'destroyed',
    { code: 'ZFS_SNAPSHOT_CLONED', fields: { snapshot: `${tank}@b` } },
    'destroyed',
    { code: 'ZFS_DATASET_BUSY' },
  ]);
});

test('a failure that names nobody is narrowed down by halves', async () => {
  using zfs = new FakeZfs();
  const all = named('a', 'b', 'c', 'd', 'e');
  present(zfs, all);
  zfs.script(`
    case "$1 $2" in
      "list -Hp") printf '%s\\n' '${all.join("' '")}';;
      destroy*) case "$2" in *c*) echo "cannot destroy: out of luck" >&2; exit 1;; esac;;
    esac`);
  // The name of the dataset has no c in it.
  const outcomes = await destroySnapshots(all);
  expect(
    [...outcomes.values()].map((outcome) => (typeof outcome === 'string' ? outcome : outcome.code)),
  ).toEqual(['destroyed', 'destroyed', 'ZFS_UNKNOWN', 'destroyed', 'destroyed']);
});

test('one argument stays under what the kernel takes', async () => {
  using zfs = new FakeZfs();
  const all = named(...Array.from({ length: 2000 }, (_, n) => `${'x'.repeat(120)}${n}`));
  zfs.script(`
    case "$1" in
      list) shift 6; printf '%s\\n' "$@";;
      destroy) printf '%s\\n' "$#:$(printf %s "$2" | wc -c)" >>'${zfs.directory}/sizes';;
    esac`);
  const outcomes = await destroySnapshots(all);
  expect([...outcomes.values()].every((outcome) => outcome === 'destroyed')).toBe(true);
  const { readFileSync } = await import('node:fs');
  const sizes = readFileSync(`${zfs.directory}/sizes`, 'utf8').trim().split('\n');
  expect(sizes.length).toBeGreaterThan(1);
  for (const size of sizes) expect(Number(size.split(':')[1])).toBeLessThan(128 * 1024);
});

test('a dataset goes only with consent, which knows what is lost', async () => {
  using zfs = new FakeZfs();
  zfs.on(['destroy', '-n', '-v', '-p', '-r', tank], {
    stdout: `destroy\t${tank}/child\ndestroy\t${tank}@a\ndestroy\t${tank}\nreclaim\t123456789012\n`,
  });
  zfs.on(['destroy', '-r', tank], {});
  await expect(destroyDataset(tank, { recursive: true })).rejects.toMatchObject({
    code: 'CONSENT_REQUIRED',
    fields: { count: 3, reclaimBytes: 123_456_789_012n },
  });
  expect(zfs.calls()).toHaveLength(1);
  expect((await destroyDataset(tank, { recursive: true, consent: true })).names).toHaveLength(3);
  expect(zfs.calls().at(-1)).toBe(`destroy -r ${tank}`);
});

test('children stand in the way of a plan', async () => {
  using zfs = new FakeZfs();
  zfs.on(['destroy', '-n', '-v', '-p', tank], {
    stderr: `cannot destroy '${tank}': filesystem has children\nuse '-r' to destroy the following datasets:\n${tank}/child\n${tank}@a\n`,
    exitCode: 1,
  });
  await expect(planDestroy(tank)).rejects.toMatchObject({
    code: 'ZFS_HAS_CHILDREN',
    fields: { blocking: `${tank}/child, ${tank}@a` },
  });
});
