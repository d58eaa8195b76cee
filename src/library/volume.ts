// Volumes and their snapshots as things with methods: the nouns of the program that zwire grew from. A volume is here
// what that program calls one, a filesystem or a block volume. What they do is zfs/'s.
import { ZwireError } from '../bytes/zwire-error.ts';
import {
  byCreation,
  type ListedSnapshot,
  listEntities,
  type ListedFilesystem,
  type ListedVolume,
} from '../zfs/entity.ts';
import { getDataset, getSnapshot, snapshotGuid } from '../zfs/dataset.ts';
import {
  type DatasetName,
  datasetOf,
  parseDatasetName,
  parseSnapshotName,
  snapOf,
  type SnapshotName,
} from '../zfs/name.ts';
import { rollback, type RollbackLoss, type RollbackPlan } from '../zfs/rollback.ts';
import { destroySnapshot, takeSnapshot } from '../zfs/snapshot.ts';

/** Which volumes are listed. */
export interface ListVolumesOptions {
  /** This dataset and those below it; all of all pools when absent. */
  readonly below?: string;
  readonly signal?: AbortSignal;
}

/** How a snapshot is taken. */
export interface VolumeSnapshotOptions {
  /** The part after the '@'; without it `zwire-` and the time in UTC. */
  readonly name?: string;
  /** Of all volumes below as well, at the same moment. */
  readonly recursive?: boolean;
  /** User properties to set on it, such as { 'org.example:job': 'nightly' }. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** What a restore may lose. */
export interface RestoreOptions {
  /** What may be lost: `changes` since the snapshot, or `newer` snapshots and bookmarks as well. Default: nothing. */
  readonly lose?: RollbackLoss;
  readonly signal?: AbortSignal;
}

/** A filesystem or block volume of a pool. */
export class Volume {
  readonly name: string;
  readonly type: 'filesystem' | 'volume';
  readonly guid: bigint;
  readonly createtxg: bigint;

  constructor(listed: Pick<ListedFilesystem | ListedVolume, 'name' | 'type' | 'guid' | 'createtxg'>) {
    this.name = listed.name;
    this.type = listed.type;
    this.guid = listed.guid;
    this.createtxg = listed.createtxg;
  }

  /** Its snapshots, oldest first, listed anew by every loop and while the loop runs. Throws what `zfs list` says. */
  get snapshots(): AsyncIterable<VolumeSnapshot> {
    return snapshotsOf(parseDatasetName(this.name));
  }

  /** Takes a snapshot. Throws ZFS_DATASET_EXISTS when the name is taken, NAME_INVALID, ZFS_PERMISSION. */
  async takeSnapshot(options: VolumeSnapshotOptions = {}): Promise<VolumeSnapshot> {
    return VolumeSnapshot.find(await takeSnapshot(parseDatasetName(this.name), options), options.signal);
  }

  /** Its snapshots in the order of their making, the newest last; with `count` only so many of the last. */
  async lastSnapshots(
    count: number = Number.POSITIVE_INFINITY,
    signal?: AbortSignal,
  ): Promise<VolumeSnapshot[]> {
    const all: VolumeSnapshot[] = [];
    for await (const snapshot of snapshotsOf(parseDatasetName(this.name), signal)) all.push(snapshot);
    return all.sort(byCreation).slice(Math.max(0, all.length - count));
  }
}

/** A snapshot of a volume. It is what it is by its guid, on every host. */
export class VolumeSnapshot {
  readonly name: string;
  readonly guid: bigint;
  readonly createtxg: bigint;

  constructor(listed: Pick<ListedSnapshot, 'name' | 'guid' | 'createtxg'>) {
    this.name = listed.name;
    this.guid = listed.guid;
    this.createtxg = listed.createtxg;
  }

  /** Looks a snapshot up. Throws ZFS_SNAPSHOT_MISSING, NAME_INVALID. */
  static async find(name: string, signal?: AbortSignal): Promise<VolumeSnapshot> {
    const snapshot = await getSnapshot(parseSnapshotName(name), signal);
    if (snapshot !== undefined) return new VolumeSnapshot(snapshot);
    throw missing(parseSnapshotName(name));
  }

  /** The name of its volume. */
  get volume(): string {
    return datasetOf(parseSnapshotName(this.name));
  }

  /** The part of its name after the '@'. */
  get snap(): string {
    return snapOf(parseSnapshotName(this.name));
  }

  /**
   * Destroys it. Throws ZFS_SNAPSHOT_HELD or ZFS_DATASET_BUSY (held), ZFS_SNAPSHOT_CLONED, and ZFS_GUID_MISMATCH
   * when by now another snapshot has the name.
   */
  async destroy(signal?: AbortSignal): Promise<void> {
    const name = parseSnapshotName(this.name);
    await this.#check(name, signal);
    await destroySnapshot(name, signal === undefined ? {} : { signal });
  }

  /**
   * Rolls its volume back to it, and gives what that lost. Without consent nothing is lost: throws CONSENT_REQUIRED,
   * which says what it would be. Also ZFS_ROLLBACK_BLOCKED for clones of newer snapshots, and ZFS_GUID_MISMATCH.
   */
  async restore(options: RestoreOptions = {}): Promise<RollbackPlan> {
    const name = parseSnapshotName(this.name);
    await this.#check(name, options.signal);
    return rollback(name, options);
  }

  async #check(name: SnapshotName, signal: AbortSignal | undefined): Promise<void> {
    const guid = await snapshotGuid(name, signal);
    if (guid === undefined) throw missing(name);
    if (guid === this.guid) return;
    throw new ZwireError('ZFS_GUID_MISMATCH', `${name} is another snapshot now: its guid is ${guid}`, {
      fields: { snapshot: name, expected: this.guid, guid },
      hint: 'Look it up again.',
    });
  }
}

/** Every filesystem and block volume, parents before children. Throws what `zfs list` says. */
export async function* listVolumes(
  options: ListVolumesOptions = {},
): AsyncGenerator<Volume, void, undefined> {
  const { below, signal } = options;
  const listed = listEntities({
    ...(below === undefined ? {} : { of: parseDatasetName(below) }),
    ...(signal === undefined ? {} : { signal }),
  });
  for await (const entity of listed) {
    if (entity.type === 'filesystem' || entity.type === 'volume') yield new Volume(entity);
  }
}

/** A filesystem or block volume by name. Throws ZFS_DATASET_MISSING, NAME_INVALID. */
export async function getVolume(name: string, signal?: AbortSignal): Promise<Volume> {
  const dataset = await getDataset(parseDatasetName(name), signal);
  if (dataset !== undefined) return new Volume(dataset);
  throw new ZwireError('ZFS_DATASET_MISSING', `there is no dataset ${name} here`, {
    fields: { dataset: name },
    hint: 'List what there is: zfs list -t filesystem,volume.',
  });
}

async function* snapshotsOf(
  dataset: DatasetName,
  signal?: AbortSignal,
): AsyncGenerator<VolumeSnapshot, void, undefined> {
  const options = signal === undefined ? {} : { signal };
  for await (const entity of listEntities({ of: dataset, depth: 1, types: ['snapshot'], ...options })) {
    if (entity.type === 'snapshot') yield new VolumeSnapshot(entity);
  }
}

function missing(name: SnapshotName): ZwireError {
  return new ZwireError('ZFS_SNAPSHOT_MISSING', `there is no snapshot ${name} here`, {
    fields: { snapshot: name, dataset: datasetOf(name) },
    hint: 'List what there is: zfs list -t snapshot.',
  });
}
