import { expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { parseDatasetName } from './name.ts';
import { abortPartial, listPartial, receiveArguments, receiveError, type ReceivePlan } from './receive.ts';

const target = parseDatasetName('backup/my tank');
const SAFE = ['receive', '-s', '-u', '-o', 'readonly=on'];

const NEW = ['-o', 'volmode=dev'];
const NEW_FILESYSTEM = [...NEW, '-o', 'canmount=noauto', '-o', 'setuid=off', '-o', 'devices=off'];
const NO_RESERVATIONS = ['-x', 'reservation', '-x', 'refreservation'];
const WITH_PROPERTIES = ['-x', 'mountpoint', '-x', 'sharenfs', '-x', 'sharesmb', ...NO_RESERVATIONS];

test.each<[type: ReceivePlan['type'], incremental: boolean, recursive: boolean, more: string[]]>([
  ['filesystem', false, false, [...NEW_FILESYSTEM, '-x', 'mountpoint']],
  ['filesystem', false, true, [...NEW_FILESYSTEM, ...WITH_PROPERTIES]],
  ['filesystem', true, false, []],
  ['filesystem', true, true, [...WITH_PROPERTIES, '-x', 'volmode', '-x', 'setuid', '-x', 'devices']],
  ['volume', false, false, NEW],
  ['volume', false, true, [...NEW, ...NO_RESERVATIONS]],
  ['volume', true, false, []],
  ['volume', true, true, [...NO_RESERVATIONS, '-x', 'volmode']],
  ['unknown', false, false, [...NEW, '-x', 'mountpoint']],
  ['unknown', true, false, []],
])('%s, incremental %s, recursive %s', (type, incremental, recursive, more) => {
  const args = receiveArguments({ target, type, incremental, recursive });
  expect(args).toEqual([...SAFE, ...more, 'backup/my tank']);
  expect(args).not.toContain('-F');
});

test('the error of a receive names the command and the dataset', () => {
  const plan: ReceivePlan = { target, type: 'volume', incremental: true, recursive: false };
  const error = receiveError(plan, {
    stderr: 'cannot receive incremental stream: out of space\n',
    exitCode: 1,
    signal: null,
  });
  expect(error.message).toBe(
    "zfs receive -s -u -o readonly=on 'backup/my tank' failed: cannot receive incremental stream: out of space",
  );
  expect(error).toMatchObject({ code: 'ZFS_OUT_OF_SPACE', fields: { dataset: 'backup/my tank' } });
});

test('partly received state is found in the whole tree, deepest first', async () => {
  using zfs = new FakeZfs();
  zfs.tree(target, { [target]: { token: '1-a' }, [`${target}/b`]: {}, [`${target}/b/c`]: { token: '1-c' } });
  expect(await listPartial(target)).toEqual([`${target}/b/c`, target]);
});

test('throwing away what is not there says so', async () => {
  using zfs = new FakeZfs();
  zfs.on(['receive', '-A', target], {
    stderr: `'${target}' does not have any resumable receive state to abort\n`,
    exitCode: 1,
  });
  await expect(abortPartial(target)).rejects.toMatchObject({ code: 'ZFS_NO_PARTIAL_STATE' });
});

test('properties can be set and left out, and what never can be is refused before anything runs', () => {
  const plan: ReceivePlan = {
    target: parseDatasetName('tank/b'),
    type: 'filesystem',
    incremental: false,
    recursive: false,
  };
  expect(
    receiveArguments({
      ...plan,
      resumable: false,
      set: { readonly: 'off', 'a:b': 'x y', mountpoint: '/b' },
      exclude: ['quota'],
    }),
  ).toEqual(
    'receive -u -o readonly=off -o volmode=dev -o canmount=noauto -o setuid=off -o devices=off -o a:b=x_y -o mountpoint=/b -x quota tank/b'
      .split(' ')
      .map((word) => word.replace('_', ' ')),
  );
  const code = (set: Readonly<Record<string, string>>, exclude: string[] = []): unknown => {
    try {
      return receiveArguments({ ...plan, set, exclude });
    } catch (error) {
      return error;
    }
  };
  expect(code({ volsize: '1G' })).toMatchObject({ code: 'ZFS_PROPERTY_INVALID' });
  expect(code({ keylocation: 'prompt' })).toMatchObject({ code: 'ZFS_PROPERTY_INVALID' });
  expect(code({ '-o x': '1' })).toMatchObject({ code: 'NAME_INVALID' });
  expect(code({}, ['-F'])).toMatchObject({ code: 'NAME_INVALID' });
});
