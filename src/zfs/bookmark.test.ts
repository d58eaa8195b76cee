import { expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { createBookmark, destroyBookmark, listBookmarks } from './bookmark.ts';
import { datasetOf, markOf, parseBookmarkName, parseOriginName, parseSnapshotName } from './name.ts';

const snapshot = parseSnapshotName('tank/my data@mon');
const mark = parseBookmarkName('tank/my data#mon day');

const list = (type: string): string[] => [
  'list',
  '-Hp',
  '-d',
  '1',
  '-t',
  type,
  '-o',
  'name,guid,createtxg',
  'tank/my data',
];

function taken(guid: number): FakeZfs {
  return new FakeZfs()
    .on(['bookmark', snapshot, mark], {
      stderr: `cannot create bookmark '${mark}': bookmark exists\n`,
      exitCode: 1,
    })
    .snapshots('tank/my data', { mon: [7n, 10] })
    .on(list('bookmark'), { stdout: `${mark}\t${guid}\t10\n` });
}

test('a bookmark is made', async () => {
  using zfs = new FakeZfs();
  zfs.on(['bookmark', snapshot, mark], {});
  expect(await createBookmark(snapshot, mark)).toBe('created');
});

test('IdempotentBookmark: the same one again is no failure, another of the name is', async () => {
  {
    using _ = taken(7);
    expect(await createBookmark(snapshot, mark)).toBe('exists');
  }
  using _ = taken(8);
  await expect(createBookmark(snapshot, mark)).rejects.toMatchObject({
    code: 'ZFS_BOOKMARK_EXISTS',
    fields: { bookmark: mark, guid: 8n, expected: 7n },
  });
});

test('destroying what is not there is no failure', async () => {
  using zfs = new FakeZfs();
  zfs.on(['destroy', mark], { stderr: `bookmark '${mark}' does not exist.\n`, exitCode: 1 });
  expect(await destroyBookmark(mark)).toBe('absent');
  zfs.on(['destroy', mark], {});
  expect(await destroyBookmark(mark)).toBe('destroyed');
});

test('bookmarks are listed oldest first', async () => {
  using zfs = new FakeZfs();
  zfs.on(list('bookmark'), { stdout: `tank/my data#b\t2\t20\ntank/my data#a\t1\t10\n` });
  expect((await listBookmarks(datasetOf(mark))).map(({ name }) => markOf(name))).toEqual(['a', 'b']);
});

test('names of bookmarks', () => {
  expect([datasetOf(mark), markOf(mark)]).toEqual(['tank/my data', 'mon day']);
  expect(parseOriginName('tank#a')).toBe('tank#a');
  expect(parseOriginName('tank@a')).toBe('tank@a');
  for (const text of ['tank', 'tank#', 'tank@a#b', 'tank#a@b', '-tank#a', 'tank#a/b'])
    expect(() => parseBookmarkName(text)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
});
