// Takes and destroys snapshots.
import { randomBytes } from 'node:crypto';
import { ZwireError } from '../bytes/zwire-error.ts';
import { runZfs } from './command.ts';
import { type DatasetName, type SnapshotName, datasetOf, snapshotName } from './name.ts';
import { propertyAssignment } from './property-name.ts';

/** How a snapshot is taken. */
export interface TakeSnapshotOptions {
  /** The part after the '@'; without it `zwire-20261123T024000Z`, with a random suffix when that one exists. */
  readonly name?: string;
  /** Of every dataset below as well, in one transaction. */
  readonly recursive?: boolean;
  /** User properties to set on it. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Bytes of the names on one command line, far below the 2 MiB of ARG_MAX. */
const NAMES_BYTES_MAX = 1024 * 1024;

/**
 * Takes snapshots of several datasets of one pool at the same moment: all or none, in one transaction. Throws
 * ZFS_DUPLICATE_SNAPSHOTS for two of one dataset, ZFS_DATASET_EXISTS, ZFS_SNAPSHOT_LIST_TOO_LARGE for more than a megabyte of names, and what `zfs snapshot` says.
 */
export async function takeSnapshots(
  names: readonly SnapshotName[],
  options: Pick<TakeSnapshotOptions, 'properties' | 'signal'> = {},
): Promise<void> {
  if (names.length === 0) return;
  const bytes = names.reduce((sum, name) => sum + name.length + 1, 0);
  if (bytes > NAMES_BYTES_MAX) {
    throw new ZwireError(
      'ZFS_SNAPSHOT_LIST_TOO_LARGE',
      `cannot take ${names.length} snapshots in one transaction: their names have ${bytes} bytes`,
      {
        fields: { count: names.length, bytes },
        hint: 'Take them of a whole tree with recursive, or in parts.',
      },
    );
  }
  await runZfs(['snapshot', ...assignments(options.properties), ...names], { signal: options.signal });
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
  const recursive = options.recursive === true ? ['-r'] : [];
  const args = ['snapshot', ...recursive, ...assignments(options.properties), name];
  await runZfs(args, { signal: options.signal, dataset });
  return name;
}

function assignments(properties: Readonly<Record<string, string>> | undefined): string[] {
  return Object.entries(properties ?? {}).flatMap(([key, value]) => ['-o', propertyAssignment(key, value)]);
}
