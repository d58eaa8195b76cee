// The commands over datasets of this host, from their words to what they print, with the fake zfs.
import { expect, it } from 'vitest';
import { fakeContext } from '../../../test/cli/fake-context.ts';
import { FakeZfs } from '../../../test/fake-zfs.ts';
import { runCommandLine } from '../command-line.ts';

async function said(...words: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const context = fakeContext();
  const exitCode = await runCommandLine(words, context);
  return { exitCode, stdout: context.process.stdout.text, stderr: context.process.stderr.text };
}

const COLUMNS = 'name,guid,createtxg';
const WITH_TYPE = `type,${COLUMNS}`;
const ROW = 'tank/my data@a\t16877420389127654321\t12\t4096\n';

it('zwire list prints a line for each thing, and JSON for programs', async () => {
  using zfs = new FakeZfs();
  zfs.on(['list', '-Hp', '-d', '1', '-t', 'snapshot', '-o', `${COLUMNS},used`, 'tank/my data'], {
    stdout: ROW,
  });
  const words = ['list', 'tank/my data', '-d', '1', '-t', 'snapshot', '-o', 'used'];
  expect((await said(...words)).stdout).toBe(
    'snapshot    16877420389127654321          12  4096  tank/my data@a\n',
  );
  expect(JSON.parse((await said(...words, '--json')).stdout)).toEqual({
    type: 'snapshot',
    name: 'tank/my data@a',
    dataset: 'tank/my data',
    guid: '16877420389127654321',
    createtxg: '12',
    properties: { used: '4096' },
  });
});

it('zwire list lets no value of a property act on the terminal', async () => {
  using zfs = new FakeZfs();
  zfs.on(
    ['list', '-Hp', '-d', '0', '-t', 'filesystem,volume', '-o', `${WITH_TYPE},org.example:job`, 'tank'],
    {
      stdout: 'filesystem\ttank\t1\t1\t\x1b[2Jx\n',
    },
  );
  const { stdout } = await said('list', 'tank', '-d', '0', '-o', 'org.example:job');
  expect(stdout).toContain('[2Jx');
  expect(stdout).not.toContain('\x1b');
});

it('zwire list tells what has nothing from what is not there', async () => {
  using zfs = new FakeZfs();
  zfs.on(['list', '-Hp', '-r', '-t', 'bookmark', '-o', COLUMNS, 'tank'], {});
  zfs.on(['list', '-Hp', '-d', '0', '-t', 'filesystem,volume', '-o', WITH_TYPE, 'tank'], {
    stdout: 'filesystem\ttank\t1\t1\n',
  });
  expect(await said('list', 'tank', '--type', 'bookmark')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  const missing = { stderr: "cannot open 'tonk': dataset does not exist\n", exitCode: 1 };
  zfs.on(['list', '-Hp', '-r', '-t', 'filesystem,volume', '-o', WITH_TYPE, 'tonk'], missing);
  zfs.on(['list', '-Hp', '-d', '0', '-t', 'filesystem,volume', '-o', WITH_TYPE, 'tonk'], missing);
  expect(await said('list', 'tonk')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('(ZFS_DATASET_MISSING)'),
  });
  const noSnapshot = { stderr: "cannot open 'tank@no': dataset does not exist\n", exitCode: 1 };
  zfs.on(['list', '-Hp', '-r', '-t', 'snapshot', '-o', COLUMNS, 'tank@no'], noSnapshot);
  expect(await said('list', 'tank@no', '--type', 'snapshot')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('(ZFS_SNAPSHOT_MISSING)'),
  });
  expect((await said('list', '--type', 'snapshots')).exitCode).toBe(2);
});

it('zwire snapshot takes several at one moment, and names what it took', async () => {
  using zfs = new FakeZfs();
  zfs.on(['snapshot', '-o', 'a:b=c=d', 'tank@x', 'tank/y@x'], {}).on(['snapshot', '-r', 'tank@x'], {});
  expect((await said('snapshot', 'tank@x', 'tank/y@x', '--property', 'a:b=c=d')).stdout).toBe(
    'tank@x\ntank/y@x\n',
  );
  expect(JSON.parse((await said('snapshot', '-r', 'tank@x', '--json')).stdout)).toEqual({
    snapshot: 'tank@x',
  });
});

it('zwire destroy does nothing without consent', async () => {
  using zfs = new FakeZfs();
  zfs.on(['destroy', '-n', '-v', '-p', '-r', 'tank/a'], {
    stdout: 'destroy\ttank/a@x\ndestroy\ttank/a\nreclaim\t2048\n',
  });
  zfs.on(['destroy', '-r', 'tank/a'], {});
  expect(await said('destroy', '-r', 'tank/a')).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('--yes'),
  });
  expect((await said('destroy', 'tank/a@x', 'tank/a#m')).exitCode).toBe(2);
  expect((await said('destroy', '-r', 'tank/a', '--dry-run')).stdout).toBe(
    'would destroy tank/a@x\nwould destroy tank/a\n2.00 KiB would come free\n',
  );
  expect(zfs.calls().some((call) => call === 'destroy -r tank/a')).toBe(false);
  expect((await said('destroy', '-r', 'tank/a', '--yes')).exitCode).toBe(0);
  expect(zfs.calls().at(-1)).toBe('destroy -r tank/a');
  expect((await said('destroy', 'tank/a', 'tank/a@x', '--yes')).exitCode).toBe(2);
});

it('zwire destroy gives each snapshot and bookmark its outcome, and fails when one stays', async () => {
  using zfs = new FakeZfs();
  zfs.on(['list', '-Hp', '-t', 'snapshot', '-o', 'name', 'tank@a', 'tank@b'], { stdout: 'tank@a\ntank@b\n' });
  zfs.on(['destroy', 'tank@a,b'], {
    stderr: 'cannot destroy snapshot tank@b: dataset is busy\n',
    exitCode: 1,
  });
  zfs
    .on(['destroy', 'tank@a'], {})
    .on(['destroy', 'tank#m'], { stderr: "bookmark 'tank#m' does not exist.\n", exitCode: 1 });
  const { exitCode, stdout } = await said('destroy', 'tank@a', 'tank@b', 'tank#m', '--yes', '--json');
  expect(exitCode).toBe(1);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(lines).toMatchObject([
    { name: 'tank@a', outcome: 'destroyed' },
    { name: 'tank@b', outcome: 'kept', code: 'ZFS_DATASET_BUSY' },
    { name: 'tank#m', outcome: 'absent' },
    { event: 'error', code: 'ZFS_DATASET_BUSY' },
  ]);
});

it('zwire destroy of snapshots with those of their name below, and a dry run that only says so', async () => {
  using zfs = new FakeZfs();
  zfs.on(['destroy', '-r', 'tank@a'], {});
  expect(await said('destroy', 'tank@a', 'tank#m', '--dry-run')).toEqual({
    exitCode: 0,
    stdout: 'would destroy tank@a\nwould destroy tank#m\n',
    stderr: '',
  });
  expect(zfs.calls()).toEqual([]);
  expect(await said('destroy', '-r', 'tank@a', '--yes')).toMatchObject({
    exitCode: 0,
    stdout: 'destroyed tank@a\n',
  });
  expect(zfs.calls()).toEqual(['destroy -r tank@a']);
});

it('zwire rollback says what it loses, and asks', async () => {
  using zfs = new FakeZfs();
  zfs.on(['list', '-Hp', '-d', '1', '-t', 'snapshot,bookmark', '-o', `${COLUMNS},clones`, 'tank'], {
    stdout: 'tank@a\t1\t1\t\ntank@b\t2\t2\t\n',
  });
  zfs.on(['get', '-Hp', '-o', 'name,property,source,value', 'written@a', 'tank'], {
    stdout: 'tank\twritten@a\t-\t1048576\n',
  });
  zfs.on(['rollback', '-r', 'tank@a'], {});
  const dry = await said('rollback', 'tank@a', '--dry-run');
  expect(dry).toEqual({
    exitCode: 0,
    stdout: 'would lose tank@b\nwould roll tank back to tank@a; would lose 1.00 MiB written since\n',
    stderr: '',
  });
  expect((await said('rollback', 'tank@a')).exitCode).toBe(2);
  expect((await said('rollback', 'tank@a', '--yes')).stdout).toContain('rolled tank back to tank@a');
});

it('zwire hold, release and bookmark say what changed', async () => {
  using zfs = new FakeZfs();
  zfs
    .on(['holds', '-H', 'tank@a'], {})
    .on(['hold', 'job', 'tank@a'], {})
    .on(['release', 'job', 'tank@a'], {})
    .on(['bookmark', 'tank@a', 'tank#m'], {});
  expect((await said('hold', 'job', 'tank@a')).stdout).toBe('held tank@a\n');
  expect((await said('release', 'job', 'tank@a')).stdout).toBe('was not held: tank@a\n');
  zfs.on(['holds', '-H', 'tank@a'], { stdout: 'tank@a\tjob\tMon Nov 23  6:16 2026\n' });
  expect((await said('hold', 'job', 'tank@a')).stdout).toBe('was held: tank@a\n');
  expect((await said('release', 'job', 'tank@a')).stdout).toBe('released tank@a\n');
  expect((await said('bookmark', 'tank@a', '#m')).stdout).toBe('tank#m\n');
});

it('zwire hold and release take several snapshots, and with -r those of their name below', async () => {
  using zfs = new FakeZfs();
  zfs.on(['holds', '-H', 'tank@a', 'tank@b'], {}).on(['hold', 'job', 'tank@a', 'tank@b'], {});
  expect((await said('hold', 'job', 'tank@a', 'tank@b')).stdout).toBe('held tank@a\nheld tank@b\n');
  zfs.snapshotTree('tank', { 'tank@a': 1n, 'tank/below@a': 2n, 'tank/below@b': 3n });
  const both = 'tank@a\tjob\tMon Nov 23  6:16 2026\ntank/below@a\tjob\tMon Nov 23  6:16 2026\n';
  zfs.on(['holds', '-H', 'tank@a', 'tank/below@a'], { stdout: both });
  zfs.on(['release', 'job', 'tank@a', 'tank/below@a'], {});
  expect((await said('release', '-r', 'job', 'tank@a')).stdout).toBe(
    'released tank@a\nreleased tank/below@a\n',
  );
});

it('zwire bookmark takes whole names, copies bookmarks, and says what was there', async () => {
  using zfs = new FakeZfs();
  zfs.on(['bookmark', 'tank#m', 'tank#copy'], {});
  expect((await said('bookmark', 'tank#m', 'tank#copy')).stdout).toBe('tank#copy\n');
  zfs.on(['bookmark', 'tank@a', 'tank#m'], {
    stderr: "cannot create bookmark 'tank#m': bookmark exists\n",
    exitCode: 1,
  });
  zfs.snapshots('tank', { a: [11n, 5] });
  zfs.on(['list', '-Hp', '-d', '1', '-t', 'bookmark', '-o', COLUMNS, 'tank'], { stdout: 'tank#m\t11\t5\n' });
  expect((await said('bookmark', 'tank@a', '#m')).stdout).toBe('was there: tank#m\n');
});

it.each([
  ['hold', '--', '-r', 'tank@a'],
  ['bookmark', 'tank@a', '--', '-x#y'],
  ['rollback', '--', '-r@a'],
  ['destroy', '--yes', '--', '-R'],
  ['snapshot', '--', '-r@x'],
])('no name passes for an option: zwire %s %s %s', async (...words) => {
  using zfs = new FakeZfs();
  const { exitCode, stderr } = await said(...words);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('(NAME_INVALID)');
  expect(zfs.calls()).toEqual([]);
});
