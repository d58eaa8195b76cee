import { expect, test } from 'vitest';
import { FakeZfs, missing } from '../../test/fake-zfs.ts';
import { byCreation, type Entity, listEntities, type ListOptions } from './entity.ts';
import { parseDatasetName } from './name.ts';

const tank = parseDatasetName('tank/my data');
const COLUMNS = 'type,name,guid,createtxg';

async function collect(options: ListOptions): Promise<Entity[]> {
  const found: Entity[] = [];
  for await (const entity of listEntities(options)) found.push(entity);
  return found;
}

const ROWS = [
  'filesystem\ttank/my data\t16877420389127654321\t12\t98304\tzstd',
  'snapshot\ttank/my data@mon day\t22\t13\t0\t-',
  'bookmark\ttank/my data#mon day\t22\t13\t-\t-',
  'volume\ttank/my data/v\t7\t14\t1024\tlz4',
];
const OPTIONS: ListOptions = {
  of: tank,
  types: ['filesystem', 'volume', 'snapshot', 'bookmark'],
  properties: ['used', 'compression'],
};
const TAIL = ['-r', '-t', 'filesystem,volume,snapshot,bookmark', '-o', `${COLUMNS},used,compression`, tank];

/** What `zfs list -j -p` of OpenZFS 2.3 prints for the same things. */
const JSON_LIST = JSON.stringify({
  output_version: { command: 'zfs list', vers_major: 0, vers_minor: 1 },
  datasets: Object.fromEntries(
    ROWS.map((row) => {
      const [type = '', name = '', guid = '', createtxg = '', used = '', compression = ''] = row.split('\t');
      const property = (value: string): object => ({ value, source: { type: 'NONE', data: '-' } });
      const properties = { guid, createtxg, used, compression, type };
      return [
        name,
        {
          name,
          type: type.toUpperCase(),
          pool: 'tank',
          createtxg,
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, text]) => [key, property(text)]),
          ),
        },
      ];
    }),
  ),
});

test('everything is told apart by its type, and text and JSON give the same', async () => {
  using zfs = new FakeZfs();
  zfs
    .on(['version'], { stdout: 'zfs-2.3.2-1\nzfs-kmod-2.3.2-1\n' })
    .on(['list', '-Hp', ...TAIL], { stdout: ROWS.map((row) => `${row}\n`).join('') })
    .on(['list', '-j', '-p', ...TAIL], { stdout: JSON_LIST });
  const text = await collect(OPTIONS);
  expect(text).toMatchObject([
    { type: 'filesystem', name: tank, guid: 16_877_420_389_127_654_321n, properties: { used: '98304' } },
    { type: 'snapshot', name: 'tank/my data@mon day', dataset: tank, guid: 22n, createtxg: 13n },
    { type: 'bookmark', name: 'tank/my data#mon day', dataset: tank, guid: 22n },
    { type: 'volume', name: 'tank/my data/v', properties: { used: '1024', compression: 'lz4' } },
  ]);
  expect(await collect({ ...OPTIONS, format: 'json' })).toEqual(text);
});

test('snapshots and bookmarks are told apart by their names: the column `type` would make ZFS look at everything', async () => {
  using zfs = new FakeZfs();
  zfs.on(['list', '-Hp', '-r', '-t', 'bookmark,snapshot', '-o', 'name,guid,createtxg', tank], {
    stdout: 'tank/my data@mon day\t22\t13\ntank/my data#a:b\t22\t13\n',
  });
  expect(await collect({ of: tank, types: ['bookmark', 'snapshot'] })).toMatchObject([
    { type: 'snapshot', name: 'tank/my data@mon day', dataset: tank },
    { type: 'bookmark', name: 'tank/my data#a:b', dataset: tank },
  ]);
});

test('JSON is refused where the version has none', async () => {
  using zfs = new FakeZfs();
  zfs.on(['version'], { stdout: 'zfs-2.1.11-1+deb12u1\nzfs-kmod-2.1.11-1+deb12u1\n' });
  await expect(collect({ format: 'json' })).rejects.toMatchObject({ code: 'ZFS_UNSUPPORTED' });
});

test('without a dataset all pools are listed; a dataset that is not there has nothing', async () => {
  using zfs = new FakeZfs();
  zfs.on(['list', '-Hp', '-t', 'filesystem,volume', '-o', COLUMNS], { stdout: 'filesystem\ttank\t1\t1\n' });
  zfs.on(['list', '-Hp', '-d', '1', '-t', 'snapshot', '-o', 'name,guid,createtxg', 'gone'], missing('gone'));
  expect(await collect({})).toMatchObject([{ name: 'tank' }]);
  expect(await collect({ of: parseDatasetName('gone'), depth: 1, types: ['snapshot'] })).toEqual([]);
});

test('a failure after some rows is an error, and names are checked before anything runs', async () => {
  using zfs = new FakeZfs();
  const args = ['list', '-Hp', '-t', 'filesystem,volume', '-o', COLUMNS];
  zfs.on(args, { stdout: 'filesystem\ttank\t1\t1\n', stderr: 'cannot iterate: I/O error\n', exitCode: 1 });
  await expect(collect({})).rejects.toMatchObject({ code: 'ZFS_IO_ERROR' });
  const before = zfs.calls().length;
  await expect(collect({ properties: ['-o x'] })).rejects.toMatchObject({ code: 'NAME_INVALID' });
  expect(zfs.calls()).toHaveLength(before);
});

test('a value with a TAB is not taken for two columns', async () => {
  using zfs = new FakeZfs();
  zfs.on(['list', '-Hp', '-t', 'filesystem,volume', '-o', `${COLUMNS},a:b`], {
    stdout: 'filesystem\ttank\t1\t1\tone\ttwo\n',
  });
  await expect(collect({ properties: ['a:b'] })).rejects.toMatchObject({ code: 'ZFS_OUTPUT_UNEXPECTED' });
});

test('50 000 snapshots pass through bounded memory', async () => {
  using zfs = new FakeZfs();
  zfs.script(`seq 50000 | awk '{ printf "tank/a long enough name@%d\\t%d\\t%d\\n", $1, $1, $1 }'`);
  let count = 0;
  let txg = 0n;
  let most = 0;
  const before = process.memoryUsage().heapUsed;
  for await (const entity of listEntities({ types: ['snapshot'] })) {
    expect(entity.createtxg > txg).toBe(true);
    txg = entity.createtxg;
    count += 1;
    if (count % 5000 === 0) most = Math.max(most, process.memoryUsage().heapUsed - before);
  }
  expect(count).toBe(50_000);
  expect(most).toBeLessThan(64 * 2 ** 20);
});

test('leaving the loop ends the listing', async () => {
  using zfs = new FakeZfs();
  zfs.script(String.raw`while :; do printf 'tank@a\t1\t1\n'; done`);
  for await (const entity of listEntities({ types: ['snapshot'] })) {
    expect(entity.guid).toBe(1n);
    break;
  }
});

test('the order is that of creation', () => {
  const of = (createtxg: bigint, guid: bigint): { createtxg: bigint; guid: bigint } => ({ createtxg, guid });
  const sorted = [of(2n ** 63n, 1n), of(5n, 9n), of(5n, 2n)].sort(byCreation);
  expect(sorted).toEqual([of(5n, 2n), of(5n, 9n), of(2n ** 63n, 1n)]);
});
