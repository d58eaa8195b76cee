import { expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { checkPermission, missingPermissions, parseAllow, type User } from './delegation.ts';
import { parseDatasetName } from './name.ts';

const OUTPUT = `---- Permissions on tank/my data -------------------------------------
Permission sets:
\t@read send,@hold
\t@hold hold,@read
Create time permissions:
\tdestroy
Local permissions:
\tuser alice snapshot,@read
\tgroup backup team mount
Descendent permissions:
\teveryone create
---- Permissions on tank ---------------------------------------------
Local permissions:
\tuser alice rollback
Local+Descendent permissions:
\tuser bob receive,create,mount
`;
const alice: User = { name: 'alice', groups: ['staff', 'backup team'], root: false };
const bob: User = { name: 'bob', groups: [], root: false };
const data = parseDatasetName('tank/my data');
const child = parseDatasetName('tank/my data/child');

test('permissions reach as far as they are given, sets and groups too', () => {
  const delegation = parseAllow(OUTPUT);
  const wanted = ['snapshot', 'send', 'hold', 'mount', 'create', 'rollback', 'receive', 'destroy'];
  expect(missingPermissions(delegation, data, alice, wanted)).toEqual([
    'create',
    'rollback',
    'receive',
    'destroy',
  ]);
  // Local ones do not reach below, those for everyone below do.
  expect(missingPermissions(delegation, child, alice, wanted)).toEqual([
    'snapshot',
    'send',
    'hold',
    'mount',
    'rollback',
    'receive',
    'destroy',
  ]);
  expect(missingPermissions(delegation, child, bob, ['receive', 'create', 'mount'])).toEqual([]);
  expect(missingPermissions(delegation, parseDatasetName('tank/my database'), alice, ['snapshot'])).toEqual([
    'snapshot',
  ]);
});

const MISSING =
  'destroy,readonly,canmount,mountpoint,setuid,devices,volmode,sharenfs,sharesmb,reservation,refreservation';

test('what is missing is named, and how to give it', async () => {
  using zfs = new FakeZfs();
  zfs.on(['allow', data], { stdout: OUTPUT });
  await checkPermission(data, 'send -R', { user: alice });
  await expect(checkPermission(data, 'receive', { user: bob })).rejects.toMatchObject({
    code: 'ZFS_PERMISSION',
    fields: { missing: MISSING, user: 'bob' },
    hint: `As root: zfs allow bob ${MISSING} 'tank/my data'.`,
  });
  await checkPermission(data, 'receive', { user: { name: 'root', groups: [], root: true } });
});

test('nothing delegated is nothing held, and strange words are not guessed at', () => {
  expect(parseAllow('')).toEqual({ grants: [], sets: [] });
  expect(() => parseAllow('what?\n')).toThrow(expect.objectContaining({ code: 'ZFS_OUTPUT_UNEXPECTED' }));
});
