import { expect, test } from 'vitest';
import { FakeZfs, missing } from '../../test/fake-zfs.ts';
import { parseDatasetName, parseSnapshotName } from './name.ts';
import {
  getProperties,
  getProperty,
  inheritProperty,
  parseGetText,
  parseSource,
  setProperties,
} from './property.ts';
import { isUserProperty, parsePropertyName, propertyAssignment } from './property-name.ts';

const tank = parseDatasetName('tank/my data');
const old = { stdout: 'zfs-2.1.11-1\nzfs-kmod-2.1.11-1\n' };
const recent = { stdout: 'zfs-2.3.2-1\nzfs-kmod-2.3.2-1\n' };

test('values come with their source, from text and from JSON alike', async () => {
  using zfs = new FakeZfs();
  const wanted = 'compression,used,org.example:job,mountpoint';
  const text = [
    'compression\tlocal\tzstd',
    'used\t-\t98304',
    'org.example:job\treceived\tni\tght',
    'mountpoint\tinherited from tank\t/tank/my data',
  ];
  zfs.on(['version'], recent);
  zfs.on(['get', '-Hp', '-o', 'name,property,source,value', wanted, tank], {
    stdout: text.map((line) => `${tank}\t${line}\n`).join(''),
  });
  const property = (value: string, type: string, data = '-'): object => ({ value, source: { type, data } });
  const properties = {
    compression: property('zstd', 'LOCAL'),
    used: property('98304', 'NONE'),
    'org.example:job': property('ni\tght', 'RECEIVED'),
    mountpoint: property('/tank/my data', 'INHERITED', 'tank'),
  };
  zfs.on(['get', '-j', '-p', wanted, tank], {
    stdout: JSON.stringify({
      datasets: { [tank]: { name: tank, type: 'FILESYSTEM', createtxg: '12', properties } },
    }),
  });
  const names = wanted.split(',');
  const fromText = await getProperties([tank], names, { format: 'text' });
  expect(fromText.get(tank)?.get('mountpoint')).toEqual({
    name: 'mountpoint',
    value: '/tank/my data',
    source: { kind: 'inherited', from: 'tank' },
  });
  expect(fromText.get(tank)?.get('org.example:job')?.value).toBe('ni\tght');
  expect(await getProperties([tank], names, { format: 'json' })).toEqual(fromText);
  // JSON is chosen where there is some.
  expect(await getProperties([tank], names)).toEqual(fromText);
  expect(zfs.calls().filter((call) => call.startsWith('get -j'))).toHaveLength(2);
});

test('an older version is asked in text, and JSON refused', async () => {
  using zfs = new FakeZfs();
  zfs.on(['version'], old);
  zfs.on(['get', '-Hp', '-o', 'name,property,source,value', 'used', tank], {
    stdout: `${tank}\tused\t-\t1\n`,
  });
  expect(await getProperty(tank, 'used')).toEqual({ name: 'used', value: '1', source: { kind: 'none' } });
  await expect(getProperty(tank, 'used', { format: 'json' })).rejects.toMatchObject({
    code: 'ZFS_UNSUPPORTED',
  });
});

test('a dataset that is not there is an error', async () => {
  using zfs = new FakeZfs();
  zfs.on(['get', '-Hp', '-o', 'name,property,source,value', 'used', tank], missing(tank));
  await expect(getProperty(tank, 'used', { format: 'text' })).rejects.toMatchObject({
    code: 'ZFS_DATASET_MISSING',
    fields: { dataset: tank },
  });
});

test('values of several lines stay whole', () => {
  const found = parseGetText('tank\ta:b\tlocal\tone\ntwo\tthree\n\nfour\ntank\tused\t-\t1\n', ['get']);
  expect(found.get('tank')?.get('a:b')?.value).toBe('one\ntwo\tthree\n\nfour');
  expect(found.get('tank')?.get('used')?.value).toBe('1');
  expect(parseGetText('', ['get']).size).toBe(0);
  expect(() => parseGetText('tank\tused\n', ['get'])).toThrow(
    expect.objectContaining({ code: 'ZFS_OUTPUT_UNEXPECTED' }),
  );
});

test('sources', () => {
  expect(parseSource('inherited from tank/a b')).toEqual({ kind: 'inherited', from: 'tank/a b' });
  expect(['-', 'local', 'default', 'received', 'temporary'].map((text) => parseSource(text)?.kind)).toEqual([
    'none',
    'local',
    'default',
    'received',
    'temporary',
  ]);
  expect(parseSource('elsewhere')).toBeUndefined();
});

test('setting and inheriting', async () => {
  using zfs = new FakeZfs();
  const snapshot = parseSnapshotName('tank@a');
  zfs
    .on(['set', 'compression=off', 'a:b=x y', tank], {})
    .on(['inherit', '-r', 'a:b', tank], {})
    .on(['set', 'a:b=1', snapshot], {});
  await setProperties(tank, { compression: 'off', 'a:b': 'x y' });
  await setProperties(snapshot, { 'a:b': '1' });
  await setProperties(tank, {});
  await inheritProperty(tank, 'a:b', { recursive: true });
  expect(zfs.calls()).toHaveLength(3);
});

test.each(['-o', '-o:x', 'used -H', 'Used', '', 'a=b', 'a:b=c', 'a:b c', 'x'.repeat(256), 'a:\u00e4'])(
  '%j is no property',
  (name) => {
    expect(() => parsePropertyName(name)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
  },
);

test('names of all kinds are', () => {
  for (const name of [
    'used',
    'userquota@alice',
    'written@mon.day',
    'org.example:job',
    '.a:b',
    'feature@async_destroy',
  ]) {
    expect(parsePropertyName(name)).toBe(name);
  }
  expect(isUserProperty(parsePropertyName('a:b'))).toBe(true);
  expect(isUserProperty(parsePropertyName('used'))).toBe(false);
  expect(propertyAssignment('a:b', '-x=1')).toBe('a:b=-x=1');
  expect(() => propertyAssignment('a:b', 'x'.repeat(8192))).toThrow(
    expect.objectContaining({ code: 'ZFS_PROPERTY_INVALID' }),
  );
  expect(() => propertyAssignment('a:b', 'a\0b')).toThrow(
    expect.objectContaining({ code: 'ZFS_PROPERTY_INVALID' }),
  );
});
