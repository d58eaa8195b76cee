// Clones, promotion, and other names for what exists.
import { runZfs } from './command.ts';
import { type DatasetName, datasetOf, type SnapshotName, snapshotName } from './name.ts';
import { propertyAssignment } from './property-name.ts';

/** How a clone is made. */
export interface CloneOptions {
  /** Set on the clone. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A filesystem or volume with the content of a snapshot, of the same pool. Throws ZFS_DATASET_EXISTS. */
export async function cloneSnapshot(
  snapshot: SnapshotName,
  target: DatasetName,
  options: CloneOptions = {},
): Promise<void> {
  const set = Object.entries(options.properties ?? {}).flatMap(([key, value]) => [
    '-o',
    propertyAssignment(key, value),
  ]);
  await runZfs(['clone', ...set, snapshot, target], { signal: options.signal, dataset: target });
}

/** Makes a clone independent: what it was made from becomes the clone. Throws ZFS_NOT_A_CLONE, ZFS_PROMOTE_CONFLICT. */
export async function promoteClone(clone: DatasetName, signal?: AbortSignal): Promise<void> {
  await runZfs(['promote', clone], { signal, dataset: clone });
}

/**
 * Another name for a dataset, in the same pool; its snapshots and children go with it. Nothing is forcibly
 * unmounted. Throws ZFS_DATASET_EXISTS, ZFS_PARENT_MISSING, ZFS_OTHER_POOL.
 */
export async function renameDataset(from: DatasetName, to: DatasetName, signal?: AbortSignal): Promise<void> {
  await runZfs(['rename', from, to], { signal, dataset: from });
}

/** Another name for a snapshot, with `recursive` for those of its name below too. Gives the new name. */
export async function renameSnapshot(
  snapshot: SnapshotName,
  snap: string,
  options: { readonly recursive?: boolean; readonly signal?: AbortSignal } = {},
): Promise<SnapshotName> {
  const to = snapshotName(datasetOf(snapshot), snap);
  await runZfs(['rename', ...(options.recursive === true ? ['-r'] : []), snapshot, to], {
    signal: options.signal,
    dataset: datasetOf(snapshot),
  });
  return to;
}
