import { expect, test } from 'vitest';
import type { Announcement } from '../wire/announce.ts';
import { parseDatasetName } from '../zfs/name.ts';
import { incomingStream, targetOf, type ZfsDestination } from './zfs-target.ts';

const into: ZfsDestination = { kind: 'into', dataset: parseDatasetName('backup/from a') };
const pool: ZfsDestination = { kind: 'pool', pool: parseDatasetName('backup') };
const exact: ZfsDestination = { kind: 'dataset', dataset: parseDatasetName('backup/exact') };
const announced: ZfsDestination = { kind: 'announced-name' };

test.each<[ZfsDestination, string, string]>([
  [into, 'tank/data', 'backup/from a/data'],
  [into, 'tank/my data/x', 'backup/from a/my data/x'],
  [into, 'tank', 'backup/from a'],
  [pool, 'tank/data/x', 'backup/data/x'],
  [pool, 'tank', 'backup'],
  [exact, 'tank/data', 'backup/exact'],
  [exact, 'tank', 'backup/exact'],
  [announced, 'tank/data', 'tank/data'],
])('%j of %s is %s', (destination, name, target) => {
  expect(targetOf(destination, name)).toBe(target);
});

test.each(['', 'tank/../etc', '/tank', 'tank@a', 'tank/%recv', '-F', 'tank/\n', `tank/${'x'.repeat(251)}`])(
  'the announced name %j decides nothing, it is refused',
  (name) => {
    for (const destination of [into, pool, exact, announced]) {
      expect(() => targetOf(destination, name)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
    }
  },
);

test('a name that is too long only below the target is refused too', () => {
  expect(() => targetOf(into, `t/${'x'.repeat(250)}`)).toThrow(
    expect.objectContaining({ code: 'NAME_INVALID' }),
  );
});

const plain: Announcement = {
  kind: 'dataset',
  name: 'tank/data',
  toSnapshot: { name: 'tank/data@tue', guid: 22n },
  recursive: false,
  features: [],
  segmentPayloadBytes: 1440,
  fecDataRecords: 0,
  fecParityRecords: 0,
  feedback: 'one',
  timeoutMs: 1000,
};

test('what the target must fit', () => {
  expect(incomingStream(plain)).toEqual({ kind: 'full', to: { snap: 'tue', guid: 22n } });
  const fromSnapshot = { name: 'tank/data@mon', guid: 11n };
  expect(incomingStream({ ...plain, kind: 'delta', fromSnapshot })).toEqual({
    kind: 'delta',
    fromGuid: 11n,
    to: { snap: 'tue', guid: 22n },
  });
  // A sender that says dataset and names a snapshot to start from still gets the checks of a delta.
  expect(incomingStream({ ...plain, fromSnapshot }).kind).toBe('delta');
  const { toSnapshot: _, ...seed } = plain;
  expect(incomingStream({ ...seed, kind: 'delta' })).toEqual({ kind: 'delta' });
});

test('a snapshot name that is none is refused', () => {
  const toSnapshot = { name: 'tank/data@../x', guid: 1n };
  expect(() => incomingStream({ ...plain, toSnapshot })).toThrow(
    expect.objectContaining({ code: 'NAME_INVALID' }),
  );
});
