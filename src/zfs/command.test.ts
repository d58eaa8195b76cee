import { expect, test } from 'vitest';
import { FakeZfs, missing } from '../../test/fake-zfs.ts';
import { listPresentRows, listRows, parseNumber, parseRows, runZfs } from './command.ts';

test('rows are cut at TABs only: names keep their spaces', () => {
  expect(parseRows('tank/my data\t-\t1\n tank\tx y\t\n', 3, [])).toEqual([
    ['tank/my data', '-', '1'],
    [' tank', 'x y', ''],
  ]);
  expect(parseRows('', 3, [])).toEqual([]);
});

test('a row of too few or too many fields is not guessed at', () => {
  for (const line of ['tank\n', 'tank\t1\t2\t3\n']) {
    expect(() => parseRows(line, 3, ['list'])).toThrow(
      expect.objectContaining({ code: 'ZFS_OUTPUT_UNEXPECTED' }),
    );
  }
});

test.each([
  ['0', 0n],
  ['18446744073709551615', 18446744073709551615n],
])('%s is a number', (text, value) => expect(parseNumber(text, 'x')).toBe(value));

test.each([undefined, '', '-', '1.5K', '-1', '0x10', '123456789012345678901', '1 '])(
  '%j is no number',
  (text) => {
    expect(() => parseNumber(text, 'x')).toThrow(expect.objectContaining({ code: 'ZFS_OUTPUT_UNEXPECTED' }));
  },
);

test('a failure is the error of its text, and names the command', async () => {
  using zfs = new FakeZfs();
  zfs.on(['snapshot', 'my tank@a'], {
    stderr: "cannot create snapshot 'my tank@a': permission denied\n",
    exitCode: 1,
  });
  await expect(runZfs(['snapshot', 'my tank@a'], { dataset: 'my tank' })).rejects.toMatchObject({
    code: 'ZFS_PERMISSION',
    message: "zfs snapshot 'my tank@a' failed: cannot create snapshot 'my tank@a': permission denied",
    fields: { dataset: 'my tank', snapshot: 'my tank@a', exitCode: 1 },
  });
});

test('what does not exist is undefined, other failures are thrown', async () => {
  using zfs = new FakeZfs();
  zfs
    .on(['list', 'a'], missing('a'))
    .on(['list', 'b'], { stderr: "cannot open 'b': I/O error\n", exitCode: 1 });
  expect(await listRows(['list', 'a'], 1)).toBeUndefined();
  await expect(listRows(['list', 'b'], 1)).rejects.toMatchObject({ code: 'ZFS_IO_ERROR' });
});

test('of several named things those that exist are listed', async () => {
  using zfs = new FakeZfs();
  zfs
    .on(['list', 'a', 'b', 'c'], { ...missing('b'), stdout: 'a\nc\n' })
    .on(['list', 'd'], { stderr: `${missing('d').stderr ?? ''}cannot open 'e': I/O error\n`, exitCode: 1 });
  expect(await listPresentRows(['list', 'a', 'b', 'c'], 1)).toEqual([['a'], ['c']]);
  await expect(listPresentRows(['list', 'd'], 1)).rejects.toMatchObject({ code: 'ZFS_IO_ERROR' });
});
