// The target of a receive, looked at before anything is started: whether the stream can land there without
// overwriting anything. ZFS itself checks again, later and with less to say.
import { ZwireError } from '../bytes/zwire-error.ts';
import { quoteWord } from '../exec/process.ts';
import { type Dataset, getDataset, listSnapshots, type Snapshot } from './dataset.ts';
import { zfsHint } from './error-hint.ts';
import { type DatasetName, parentOf, poolOf, snapOf } from './name.ts';

/** What is announced, as far as the target must fit it. */
export interface IncomingStream {
  readonly kind: 'full' | 'delta';
  /** Of a delta: the guid of the snapshot it starts from; without it (the seed's format) that is not checked. */
  readonly fromGuid?: bigint;
  /** The snapshot that the stream ends in: the part after the '@', and its guid. */
  readonly to?: { readonly snap: string; readonly guid: bigint };
}

/**
 * The dataset a delta lands on; undefined for a full stream, which makes its own.
 * Throws ZFS_DESTINATION_EXISTS, ZFS_PARENT_MISSING, ZFS_PARENT_NOT_FILESYSTEM (full), ZFS_DESTINATION_MISSING,
 * ZFS_SNAPSHOT_EXISTS, ZFS_INCREMENTAL_BASE_MISMATCH (delta), ZFS_PARTIAL_STATE (both).
 */
export async function checkTarget(
  target: DatasetName,
  stream: IncomingStream,
  signal?: AbortSignal,
): Promise<Dataset | undefined> {
  const dataset = await getDataset(target, signal);
  if (dataset?.receiveResumeToken !== undefined) {
    throw refusal('ZFS_PARTIAL_STATE', `${target} holds the partly received state of an earlier transfer`, {
      dataset: target,
      token: dataset.receiveResumeToken,
    });
  }
  if (stream.kind === 'delta') {
    if (dataset === undefined) {
      throw refusal(
        'ZFS_DESTINATION_MISSING',
        `cannot receive an increment into ${target}: it does not exist`,
        {
          dataset: target,
        },
      );
    }
    checkBase(target, stream, (await listSnapshots(target, { signal })) ?? []);
    return dataset;
  }
  if (dataset !== undefined) throw existing(target);
  await checkParent(target, signal);
  return undefined;
}

async function checkParent(target: DatasetName, signal?: AbortSignal): Promise<void> {
  const name = parentOf(target);
  if (name === undefined) throw noPool(target, target);
  const parent = await getDataset(name, signal);
  if (parent?.type === 'filesystem') return;
  if (parent !== undefined) {
    throw refusal('ZFS_PARENT_NOT_FILESYSTEM', `cannot receive into ${target}: ${name} is a volume`, {
      dataset: target,
      parent: name,
    });
  }
  const pool = poolOf(target);
  if (name === pool || (await getDataset(pool, signal)) === undefined) throw noPool(target, pool);
  throw refusal('ZFS_PARENT_MISSING', `cannot receive into ${target}: ${name} does not exist`, {
    dataset: target,
    parent: name,
  });
}

function checkBase(target: DatasetName, stream: IncomingStream, snapshots: readonly Snapshot[]): void {
  const { to, fromGuid } = stream;
  const namesake = to && snapshots.find((snapshot) => snapOf(snapshot.name) === to.snap);
  if (to !== undefined && namesake !== undefined) throw taken(namesake, namesake.guid === to.guid);
  const newest = snapshots.at(-1);
  if (fromGuid === undefined || newest?.guid === fromGuid) return;
  const base = snapshots.find((snapshot) => snapshot.guid === fromGuid);
  throw mismatch(target, fromGuid, newest, base);
}

function existing(target: DatasetName): ZwireError {
  const fields = { dataset: target };
  const message = `cannot receive a full stream into ${target}: it exists`;
  if (parentOf(target) !== undefined) return refusal('ZFS_DESTINATION_EXISTS', message, fields);
  return new ZwireError('ZFS_DESTINATION_EXISTS', message, {
    fields,
    hint: `zwire never overwrites, and ${target} is a whole pool: receive below it, such as --into ${quoteWord(`${target}/NAME`)}.`,
  });
}

function noPool(target: DatasetName, pool: DatasetName): ZwireError {
  return new ZwireError(
    'ZFS_PARENT_MISSING',
    `cannot receive into ${target}: there is no pool ${pool} here`,
    {
      fields: { dataset: target, parent: pool },
      hint: 'See which pools there are: zpool list; and which could be imported: zpool import.',
    },
  );
}

function taken(namesake: Snapshot, same: boolean): ZwireError {
  return new ZwireError(
    'ZFS_SNAPSHOT_EXISTS',
    same
      ? `${namesake.name} is already there: it is the very snapshot that is announced`
      : `another snapshot than the announced one is called ${namesake.name}`,
    {
      fields: { snapshot: namesake.name, guid: namesake.guid, same: same ? 1 : 0 },
      hint: same
        ? 'There is nothing to send.'
        : 'Rename it on the target, or send a snapshot of another name.',
    },
  );
}

function mismatch(
  target: DatasetName,
  fromGuid: bigint,
  newest: Snapshot | undefined,
  base: Snapshot | undefined,
): ZwireError {
  const why =
    newest === undefined
      ? 'it has no snapshot'
      : `its newest snapshot is ${newest.name} (guid ${newest.guid})`;
  const hint =
    base === undefined
      ? newest && `Start from a snapshot that both sides have, best that one: --from @${snapOf(newest.name)}.`
      : `${base.name} is where the increment starts, and newer snapshots stand in its way. To give them up: zfs rollback -r ${quoteWord(base.name)}.`;
  return new ZwireError(
    'ZFS_INCREMENTAL_BASE_MISMATCH',
    `cannot receive an increment from guid ${fromGuid} into ${target}: ${why}`,
    {
      fields: {
        dataset: target,
        fromGuid,
        ...(newest === undefined ? {} : { newest: newest.name, newestGuid: newest.guid }),
        ...(base === undefined ? {} : { base: base.name }),
      },
      hint: hint ?? 'Send it in full under another name.',
    },
  );
}

function refusal(
  code: ConstructorParameters<typeof ZwireError>[0],
  message: string,
  fields: Readonly<Record<string, string>>,
): ZwireError {
  const hint = zfsHint(code, fields);
  return new ZwireError(code, message, { fields, ...(hint === undefined ? {} : { hint }) });
}
