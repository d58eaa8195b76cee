// Destroys datasets, snapshots and bookmarks. Many snapshots go in few commands, each under the limit of the kernel
// for one argument, and each has a result of its own; a dataset goes only with consent, which knows what is lost.
import type { ErrorCode } from '../bytes/error-codes.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import { commandLine, runProcess } from '../exec/process.ts';
import { parseNumber, runZfs } from './command.ts';
import { findNamed } from './dataset.ts';
import { zfsErrorFrom } from './error.ts';
import { type DatasetName, datasetOf, type SnapshotName, snapOf } from './name.ts';

/** What became of one snapshot: `absent` was not there to begin with. */
export type DestroyOutcome = 'destroyed' | 'absent' | ZwireError;

/** Bytes of `dataset@a,b,c`, which is one argument: the kernel takes 128 KiB (MAX_ARG_STRLEN). */
const ARGUMENT_BYTES_MAX = 96 * 1024;

/** What `zfs destroy -nvp` says would go, or has gone. */
export interface DestroyPlan {
  /** The dataset or snapshot with all that goes with it, in the order of ZFS. */
  readonly names: readonly string[];
  /** Space that comes free, bytes. */
  readonly reclaimBytes: bigint;
}

/** How far destroying reaches. */
export interface DestroyOptions {
  /** With all snapshots, bookmarks and datasets below. Clones outside are never destroyed. */
  readonly recursive?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Destroys snapshots, any number, of any datasets. One that cannot go (held, cloned) keeps no other; the map has
 * an outcome for each. Throws only what concerns all: PROGRAM_MISSING, INTERRUPTED.
 * Source: `zfs destroy dataset@a,b,c`.
 */
export async function destroySnapshots(
  names: readonly SnapshotName[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<ReadonlyMap<SnapshotName, DestroyOutcome>> {
  const outcomes = new Map<SnapshotName, DestroyOutcome>(names.map((name) => [name, 'absent']));
  const present = await findNamed([...outcomes.keys()], options.signal);
  for (const [dataset, snapshots] of groupByDataset(present)) {
    for (const batch of batches(dataset, snapshots)) {
      await destroyBatch(dataset, batch, outcomes, options.signal);
    }
  }
  return outcomes;
}

/**
 * What destroying it would take away. Throws ZFS_HAS_CHILDREN and ZFS_HAS_CLONES, whose `blocking` lists what
 * stands in the way, and ZFS_DATASET_MISSING.
 */
export async function planDestroy(
  name: DatasetName | SnapshotName,
  options: DestroyOptions = {},
): Promise<DestroyPlan> {
  const args = ['destroy', '-n', '-v', '-p', ...(options.recursive === true ? ['-r'] : []), name];
  const rows = (await runZfs(args, { signal: options.signal, dataset: name }))
    .split('\n')
    .map((line) => line.split('\t'));
  const reclaim = rows.find(([kind]) => kind === 'reclaim')?.[1];
  return {
    names: rows.flatMap(([kind, what]) => (kind === 'destroy' && what !== undefined ? [what] : [])),
    reclaimBytes: reclaim === undefined ? 0n : parseNumber(reclaim, `what destroying ${name} reclaims`),
  };
}

/**
 * Destroys a filesystem or volume and gives what went. Without `consent` it throws CONSENT_REQUIRED, which says
 * what would be lost, and destroys nothing. Throws what planDestroy throws.
 */
export async function destroyDataset(
  name: DatasetName,
  options: DestroyOptions & { readonly consent?: boolean } = {},
): Promise<DestroyPlan> {
  const plan = await planDestroy(name, options);
  if (options.consent !== true) throw lossRefused(plan);
  await runZfs(['destroy', ...(options.recursive === true ? ['-r'] : []), name], {
    signal: options.signal,
    dataset: name,
  });
  return plan;
}

function lossRefused(plan: DestroyPlan): ZwireError {
  const [first = '', ...rest] = plan.names;
  const more = rest.length === 0 ? '' : ` and ${rest.length} more`;
  return new ZwireError('CONSENT_REQUIRED', `destroying ${first}${more} was not consented to`, {
    fields: {
      dataset: first,
      count: plan.names.length,
      reclaimBytes: plan.reclaimBytes,
      blocking: plan.names.slice(0, 20).join(', '),
    },
    hint: 'Look at the list, and consent if all of it may go: --yes, or consent: true.',
  });
}

/** Of a batch that fails, those that ZFS names are left out, and the rest is tried again; without names it is halved. */
async function destroyBatch(
  dataset: DatasetName,
  batch: readonly SnapshotName[],
  outcomes: Map<SnapshotName, DestroyOutcome>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (batch.length === 0) return;
  const args = ['destroy', `${dataset}@${batch.map(snapOf).join(',')}`];
  const result = await runProcess('zfs', args, signal === undefined ? {} : { signal });
  if (result.exitCode === 0) {
    for (const name of batch) outcomes.set(name, 'destroyed');
    return;
  }
  const errorFrom = (stderr: string, words: readonly string[]): ZwireError =>
    zfsErrorFrom(stderr, {
      action: commandLine('zfs', words),
      dataset,
      exitCode: result.exitCode,
      signal: result.signal,
    });
  const error = errorFrom(result.stderr, args);
  if (FATAL.has(error.code)) throw error;
  const [only] = batch;
  if (batch.length === 1 && only !== undefined) {
    outcomes.set(only, error);
    return;
  }
  const lines = result.stderr.split('\n');
  const rest: SnapshotName[] = [];
  for (const name of batch) {
    const line = lines.find((text) => text.startsWith(`cannot destroy snapshot ${name}: `));
    if (line === undefined) rest.push(name);
    else outcomes.set(name, errorFrom(line, ['destroy', name]));
  }
  const middle = rest.length < batch.length ? rest.length : Math.ceil(rest.length / 2);
  await destroyBatch(dataset, rest.slice(0, middle), outcomes, signal);
  await destroyBatch(dataset, rest.slice(middle), outcomes, signal);
}

/** These are no snapshot's fault, and the next command would fail the same way. */
const FATAL: ReadonlySet<ErrorCode> = new Set(['ZFS_MODULE_MISSING', 'ZFS_MODULE_TOO_OLD']);

function* batches(dataset: DatasetName, names: readonly SnapshotName[]): Generator<SnapshotName[]> {
  let batch: SnapshotName[] = [];
  let bytes = dataset.length;
  for (const name of names) {
    const more = snapOf(name).length + 1;
    if (bytes + more > ARGUMENT_BYTES_MAX) {
      yield batch;
      batch = [];
      bytes = dataset.length;
    }
    batch.push(name);
    bytes += more;
  }
  yield batch;
}

function groupByDataset(names: readonly SnapshotName[]): Map<DatasetName, SnapshotName[]> {
  const groups = new Map<DatasetName, SnapshotName[]>();
  for (const name of names) {
    const dataset = datasetOf(name);
    const group = groups.get(dataset);
    if (group === undefined) groups.set(dataset, [name]);
    else group.push(name);
  }
  return groups;
}
