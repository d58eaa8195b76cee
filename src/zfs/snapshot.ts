// Takes and destroys snapshots.
import { randomBytes } from 'node:crypto';
import { ZwireError } from '../bytes/zwire-error.ts';
import { runZfs } from './command.ts';
import { type DatasetName, type SnapshotName, datasetOf, snapshotName } from './name.ts';

export interface TakeSnapshotOptions {
  /** The part after the '@'; without it `zwire-20261123T024000Z`, with a random suffix when that one exists. */
  readonly name?: string;
  /** Of every dataset below as well, in one transaction. */
  readonly recursive?: boolean;
  readonly signal?: AbortSignal;
}

/** Takes a snapshot and gives its name. Throws ZFS_DATASET_EXISTS when a name was given and is taken. */
export async function takeSnapshot(
  dataset: DatasetName,
  options: TakeSnapshotOptions = {},
): Promise<SnapshotName> {
  if (options.name !== undefined) return take(dataset, options.name, options);
  const timed = timedName(new Date());
  try {
    return await take(dataset, timed, options);
  } catch (error) {
    if (!(error instanceof ZwireError) || error.code !== 'ZFS_DATASET_EXISTS') throw error;
    return take(dataset, `${timed}-${randomBytes(3).toString('hex')}`, options);
  }
}

/** Destroys exactly this snapshot, and with `recursive` those of its name below. Never a dataset. */
export async function destroySnapshot(
  snapshot: SnapshotName,
  options: { readonly recursive?: boolean; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const args = ['destroy', ...(options.recursive === true ? ['-r'] : []), snapshot];
  await runZfs(args, { signal: options.signal, dataset: datasetOf(snapshot) });
}

/** `zwire-YYYYMMDDTHHMMSSZ`: UTC, so that no change of clocks makes two names of one. */
export function timedName(time: Date): string {
  const compact = time.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `zwire-${compact}`;
}

async function take(dataset: DatasetName, snap: string, options: TakeSnapshotOptions): Promise<SnapshotName> {
  const name = snapshotName(dataset, snap);
  const args = ['snapshot', ...(options.recursive === true ? ['-r'] : []), name];
  await runZfs(args, { signal: options.signal, dataset });
  return name;
}
