// Bookmarks: where an increment can start although its snapshot is gone. One is what it is by its guid.
import { ZwireError } from '../bytes/zwire-error.ts';
import { runZfs } from './command.ts';
import { snapshotGuid } from './dataset.ts';
import { byCreation, type ListedBookmark, listEntities } from './entity.ts';
import { type BookmarkName, type DatasetName, datasetOf, isSnapshotName, type SnapshotName } from './name.ts';

/**
 * Makes a bookmark of a snapshot, or a copy of a bookmark. When one of that name exists and is of the same guid,
 * nothing is done and `exists` is given. Throws ZFS_BOOKMARK_EXISTS when it is another, ZFS_BOOKMARK_ELSEWHERE,
 * ZFS_DATASET_MISSING. Source: `zfs bookmark`.
 */
export async function createBookmark(
  source: SnapshotName | BookmarkName,
  bookmark: BookmarkName,
  signal?: AbortSignal,
): Promise<'created' | 'exists'> {
  try {
    await runZfs(['bookmark', source, bookmark], { signal, dataset: datasetOf(bookmark) });
    return 'created';
  } catch (error) {
    if (!(error instanceof ZwireError) || error.code !== 'ZFS_BOOKMARK_EXISTS') throw error;
    const [wanted, found] = [await guidOf(source, signal), await guidOf(bookmark, signal)];
    if (wanted !== undefined && wanted === found) return 'exists';
    throw new ZwireError(
      'ZFS_BOOKMARK_EXISTS',
      `cannot bookmark ${source}: ${bookmark} is of another snapshot`,
      {
        fields: {
          bookmark,
          source,
          ...(found === undefined ? {} : { guid: found }),
          ...(wanted === undefined ? {} : { expected: wanted }),
        },
        hint: 'Choose another name, or destroy that bookmark if nothing needs it.',
        cause: error,
      },
    );
  }
}

/** Destroys a bookmark; one that is not there is `absent`. Source: `zfs destroy`. */
export async function destroyBookmark(
  bookmark: BookmarkName,
  signal?: AbortSignal,
): Promise<'destroyed' | 'absent'> {
  try {
    await runZfs(['destroy', bookmark], { signal, dataset: datasetOf(bookmark) });
    return 'destroyed';
  } catch (error) {
    if (error instanceof ZwireError && error.code === 'ZFS_DATASET_MISSING') return 'absent';
    throw error;
  }
}

/** The bookmarks of a dataset, oldest first; none when there is no such dataset. */
export async function listBookmarks(dataset: DatasetName, signal?: AbortSignal): Promise<ListedBookmark[]> {
  const found: ListedBookmark[] = [];
  const options = signal === undefined ? {} : { signal };
  for await (const entity of listEntities({ of: dataset, depth: 1, types: ['bookmark'], ...options })) {
    if (entity.type === 'bookmark') found.push(entity);
  }
  return found.sort(byCreation);
}

/** A bookmark by name; undefined when it does not exist. */
export async function getBookmark(
  name: BookmarkName,
  signal?: AbortSignal,
): Promise<ListedBookmark | undefined> {
  return (await listBookmarks(datasetOf(name), signal)).find((bookmark) => bookmark.name === name);
}

async function guidOf(
  name: SnapshotName | BookmarkName,
  signal: AbortSignal | undefined,
): Promise<bigint | undefined> {
  return isSnapshotName(name) ? snapshotGuid(name, signal) : (await getBookmark(name, signal))?.guid;
}
