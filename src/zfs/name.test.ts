import { expect, test } from 'vitest';
import {
  datasetOf,
  isWithin,
  joinPath,
  parentOf,
  parseDatasetName,
  parseSnapshotName,
  parseSnapshotOf,
  pathBelowPool,
  poolOf,
  snapOf,
  snapshotName,
} from './name.ts';

test.each(['tank', 'tank/data', 'tank/my data/a.b-c_d:e', 'T1/-leading', `tank/${'x'.repeat(250)}`])(
  '%j is a dataset name',
  (name) => {
    expect(parseDatasetName(name)).toBe(name);
    expect(parseSnapshotName(`${name.slice(0, 200)}@a`)).toBe(`${name.slice(0, 200)}@a`);
  },
);

test.each([
  ['', 'empty'],
  ['/tank', 'empty'],
  ['tank/', 'empty'],
  ['tank//data', 'empty'],
  ['tank/.', "'.'"],
  ['tank/../etc', "'.'"],
  ['-r', 'letter'],
  ['-F/tank', 'letter'],
  ['1tank/data', 'letter'],
  [' tank', 'letter'],
  ['tank@monday', "'@'"],
  ['tank#book', "'#'"],
  ['tank/%recv', "'%'"],
  ['tank/a\nb', String.raw`'\n'`],
  ['tank/a\tb', String.raw`'\t'`],
  ['tank/\u0000', String.raw`'\u0000'`],
  ['tank/ä', "'ä'"],
  ['tank/😀', "'😀'"],
  ["tank/it's", "'''"],
  [`tank/${'x'.repeat(251)}`, '255'],
])('%j is no dataset name', (name, why) => {
  expect(() => parseDatasetName(name)).toThrow(
    expect.objectContaining({
      code: 'NAME_INVALID',
      message: expect.stringContaining(why),
    }),
  );
});

test.each([
  'tank',
  'tank@',
  'tank@a@b',
  'tank@a/b',
  '@monday',
  'tank/@a',
  'tank@%recv',
  `tank@${'x'.repeat(251)}`,
])('%j is no snapshot name', (name) => {
  expect(() => parseSnapshotName(name)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
});

test('a hostile name is shown cut and escaped', () => {
  try {
    parseDatasetName(`tank/\u001b[2J${'x'.repeat(10_000)}`);
    expect.unreachable();
  } catch (error) {
    expect(String(error)).not.toContain('\u001b');
    expect(String(error).length).toBeLessThan(500);
  }
});

test('names come apart and together', () => {
  const snapshot = parseSnapshotName('tank/data/a b@mon day');
  expect(datasetOf(snapshot)).toBe('tank/data/a b');
  expect(snapOf(snapshot)).toBe('mon day');
  const dataset = datasetOf(snapshot);
  expect([poolOf(dataset), pathBelowPool(dataset), parentOf(dataset)]).toEqual([
    'tank',
    'data/a b',
    'tank/data',
  ]);
  const pool = poolOf(dataset);
  expect([poolOf(pool), pathBelowPool(pool), parentOf(pool)]).toEqual(['tank', '', undefined]);
  expect(snapshotName(dataset, 'tue')).toBe('tank/data/a b@tue');
  expect(parseSnapshotOf(dataset, '@tue')).toBe('tank/data/a b@tue');
  expect(parseSnapshotOf(dataset, 'other/b@tue')).toBe('other/b@tue');
  expect(joinPath(pool, '')).toBe('tank');
  expect(joinPath(pool, 'x/y')).toBe('tank/x/y');
  expect(() => joinPath(pool, '../y')).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
});

test('within means the same or below, not the same beginning', () => {
  const [tank, data, datab] = ['tank', 'tank/data', 'tank/datab'].map(parseDatasetName);
  if (!tank || !data || !datab) throw new Error('three names');
  expect([isWithin(tank, tank), isWithin(tank, data), isWithin(data, datab), isWithin(data, tank)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
