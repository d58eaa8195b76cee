// Rolls a dataset back to a snapshot, and says beforehand what that loses. Nothing is lost without consent, and
// clones are never destroyed.
import { ZwireError } from '../bytes/zwire-error.ts';
import { quoteWord } from '../exec/process.ts';
import { parseNumber, runZfs } from './command.ts';
import { byCreation, type ListedBookmark, type ListedSnapshot, listEntities } from './entity.ts';
import { type DatasetName, datasetOf, poolOf, snapOf, type SnapshotName } from './name.ts';
import { syncPool } from './pool.ts';
import { getProperty } from './property.ts';

/** What a rollback takes away. */
export interface RollbackPlan {
  readonly snapshot: SnapshotName;
  readonly dataset: DatasetName;
  /** Newer than the snapshot, oldest first: they would be destroyed. */
  readonly snapshots: readonly ListedSnapshot[];
  readonly bookmarks: readonly ListedBookmark[];
  /** Made from one of those: they stand in the way, since they are never destroyed. */
  readonly clones: readonly string[];
  /**
   * Written since the snapshot and not freed again, bytes: it would be gone. What was written in the last seconds is
   * not in it; rollback() without consent waits until it is.
   */
  readonly writtenBytes: bigint;
}

/** `changes`: what was written since; `newer`: newer snapshots and bookmarks as well. */
export type RollbackLoss = 'changes' | 'newer';

/** Throws ZFS_SNAPSHOT_MISSING and what `zfs list` says. Changes nothing. */
export async function planRollback(snapshot: SnapshotName, signal?: AbortSignal): Promise<RollbackPlan> {
  const dataset = datasetOf(snapshot);
  const options = signal === undefined ? {} : { signal };
  const snapshots: ListedSnapshot[] = [];
  const bookmarks: ListedBookmark[] = [];
  const listed = listEntities({
    of: dataset,
    depth: 1,
    types: ['snapshot', 'bookmark'],
    properties: ['clones'],
    ...options,
  });
  for await (const entity of listed) {
    if (entity.type === 'snapshot') snapshots.push(entity);
    if (entity.type === 'bookmark') bookmarks.push(entity);
  }
  const target = snapshots.find(({ name }) => name === snapshot);
  if (target === undefined) throw missing(snapshot, snapshots);
  const newer = snapshots.filter((entity) => entity.createtxg > target.createtxg).sort(byCreation);
  const written = await getProperty(dataset, `written@${snapOf(snapshot)}`, { format: 'text', ...options });
  return {
    snapshot,
    dataset,
    snapshots: newer,
    bookmarks: bookmarks.filter((entity) => entity.createtxg > target.createtxg).sort(byCreation),
    clones: newer.flatMap(({ properties }) => clonesOf(properties['clones'])),
    writtenBytes: parseNumber(written.value, `what was written since ${snapshot}`),
  };
}

/** What has to be consented to; undefined when nothing would be lost. */
export function lossOf(plan: RollbackPlan): RollbackLoss | undefined {
  if (plan.snapshots.length + plan.bookmarks.length > 0) return 'newer';
  return plan.writtenBytes > 0n ? 'changes' : undefined;
}

/**
 * Rolls back, and gives what that lost. Throws CONSENT_REQUIRED when more would be lost than `lose` allows,
 * ZFS_ROLLBACK_BLOCKED for clones of newer snapshots, ZFS_SNAPSHOT_MISSING. Source: `zfs rollback [-r]`.
 */
export async function rollback(
  snapshot: SnapshotName,
  options: { readonly lose?: RollbackLoss; readonly signal?: AbortSignal } = {},
): Promise<RollbackPlan> {
  const { lose, signal } = options;
  let plan = await planRollback(snapshot, signal);
  if (lossOf(plan) === undefined && lose === undefined) {
    // What was written in the last seconds is not counted yet, and would be lost all the same.
    await syncPool(poolOf(plan.dataset), signal);
    plan = await planRollback(snapshot, signal);
  }
  const loss = lossOf(plan);
  if (plan.clones.length > 0) throw blocked(plan);
  if (loss !== undefined && lose !== 'newer' && lose !== loss) throw refused(plan, loss);
  await runZfs(['rollback', ...(loss === 'newer' ? ['-r'] : []), snapshot], {
    signal,
    dataset: plan.dataset,
  });
  return plan;
}

function clonesOf(value: string | undefined): string[] {
  return value === undefined || value === '-' || value === '' ? [] : value.split(',');
}

function missing(snapshot: SnapshotName, present: readonly ListedSnapshot[]): ZwireError {
  const dataset = datasetOf(snapshot);
  const newest = present.at(-1)?.name;
  return new ZwireError('ZFS_SNAPSHOT_MISSING', `cannot roll back: there is no snapshot ${snapshot}`, {
    fields: { dataset, snapshot, ...(newest === undefined ? {} : { newest }) },
    hint: `List what there is: zfs list -t snapshot ${quoteWord(dataset)}.`,
  });
}

function blocked({ snapshot, dataset, clones }: RollbackPlan): ZwireError {
  return new ZwireError(
    'ZFS_ROLLBACK_BLOCKED',
    `cannot roll back to ${snapshot}: there are clones of newer snapshots`,
    {
      fields: { dataset, snapshot, blocking: clones.join(', ') },
      hint: `Promote them (zfs promote ${quoteWord(clones[0] ?? '')}) or destroy them first.`,
    },
  );
}

function refused(plan: RollbackPlan, loss: RollbackLoss): ZwireError {
  const { snapshot, dataset, snapshots, bookmarks, writtenBytes } = plan;
  const names = [...snapshots, ...bookmarks].map(({ name }) => name);
  const count = names.length;
  const what =
    loss === 'newer'
      ? `${count} newer ${count === 1 ? 'snapshot or bookmark' : 'snapshots and bookmarks'}`
      : `${writtenBytes} bytes written since`;
  return new ZwireError('CONSENT_REQUIRED', `rolling ${dataset} back to ${snapshot} would lose ${what}`, {
    fields: { dataset, snapshot, loss, count, writtenBytes, blocking: names.slice(0, 20).join(', ') },
    hint: `See what changed: zfs diff ${quoteWord(snapshot)} ${quoteWord(dataset)}. If it may go: --yes, or lose: '${loss}'.`,
  });
}
