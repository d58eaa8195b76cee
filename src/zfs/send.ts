// `zfs send`: what to send, whether it can be sent, how much it will be, and the running command.
import { ZwireError } from '../bytes/zwire-error.ts';
import { commandLine, quoteWord, type RunningProcess, runProcess, startProcess } from '../exec/process.ts';
import { getBookmark, listBookmarks } from './bookmark.ts';
import { type Dataset, getDataset, getSnapshot, listSnapshots, type Snapshot } from './dataset.ts';
import { zfsErrorFrom } from './error.ts';
import { parseEstimate } from './estimate.ts';
import { type BookmarkName, type DatasetName, datasetOf, isSnapshotName, type SnapshotName } from './name.ts';
import type { ResumeToken } from './resume.ts';
import { replicatedDigest } from './replicated-digest.ts';

/** What every kind of plan can ask for beside its range. */
interface SendForm {
  /** As it lies on the disks (-w): an encrypted dataset stays encrypted, and its key need not be loaded. */
  readonly raw?: boolean;
  /** With the dataset's properties (-p); a recursive stream always has them. */
  readonly properties?: boolean;
}

/** What to send, as asked: not checked against the pool yet. */
export type SendPlan = SendForm &
  (
    | /** One snapshot with everything it refers to. */ { readonly kind: 'full'; readonly to: SnapshotName }
    /** What changed since a snapshot or bookmark of the dataset; with `intermediates` (-I) those between as well. */
    | {
        readonly kind: 'incremental';
        readonly from: SnapshotName | BookmarkName;
        readonly to: SnapshotName;
        readonly intermediates: boolean;
      }
    /** A dataset and all below it, with all their snapshots and properties (-R); with `from` only what is newer. */
    | {
        readonly kind: 'recursive';
        readonly to: SnapshotName;
        readonly from?: SnapshotName;
        readonly intermediates: boolean;
      }
  );

/** What goes on with an interrupted receive: what it is of, the token or the dataset says. */
export type ContinuedSend =
  | /** Where a receiver that kept its part (-s) has stopped. */ {
      readonly kind: 'resume';
      readonly token: ResumeToken;
    }
  /** What a dataset of this host has received in part (--saved). */
  | { readonly kind: 'saved'; readonly dataset: DatasetName };

/** Where an increment starts: a bookmark does as well as its snapshot. */
export interface SendOrigin {
  readonly name: SnapshotName | BookmarkName;
  readonly guid: bigint;
  readonly createtxg: bigint;
}

/** A plan whose snapshots exist, are of one dataset and in order. */
export interface ValidatedSendPlan {
  readonly plan: SendPlan;
  readonly dataset: Dataset;
  readonly to: Snapshot;
  readonly from: SendOrigin | undefined;
  /** Of a recursive plan: what the target must hold afterwards. */
  readonly replicated: { readonly count: number; readonly digest: string } | undefined;
}

/** The arguments of `zfs`: large blocks and compressed records travel as they are stored. */
export function sendArguments(plan: SendPlan | ContinuedSend): string[] {
  // The token has the flags of the interrupted send in it.
  if (plan.kind === 'resume') return ['send', '-t', plan.token];
  if (plan.kind === 'saved') return ['send', '--saved', plan.dataset];
  const form = [...(plan.raw === true ? ['-w'] : []), ...(plan.properties === true ? ['-p'] : [])];
  return ['send', '-L', '-c', ...form, ...rangeArguments(plan), plan.to];
}

function rangeArguments(plan: SendPlan): string[] {
  if (plan.kind === 'full') return [];
  const tree = plan.kind === 'recursive' ? ['-R'] : [];
  return plan.from === undefined ? tree : [...tree, plan.intermediates ? '-I' : '-i', plan.from];
}

/**
 * Looks the snapshots up, so that a plan that cannot work fails before anything starts.
 * Throws ZFS_DATASET_MISSING, ZFS_SNAPSHOT_MISSING, ZFS_FROM_MISSING, ZFS_FROM_OTHER_DATASET or
 * ZFS_FROM_NOT_EARLIER.
 */
export async function validateSendPlan(plan: SendPlan, signal?: AbortSignal): Promise<ValidatedSendPlan> {
  const name = datasetOf(plan.to);
  const fromName = plan.kind === 'full' ? undefined : plan.from;
  if (fromName !== undefined && datasetOf(fromName) !== name) throw otherDataset(fromName, plan.to);
  if (plan.kind === 'incremental' && plan.intermediates && plan.from.includes('#')) {
    throw sinceBookmark(plan.from);
  }
  const dataset = await requireDataset(name, signal);
  const to = await getSnapshot(plan.to, signal);
  if (to === undefined) throw await missingSnapshot('ZFS_SNAPSHOT_MISSING', plan.to, signal);
  const from = fromName === undefined ? undefined : await findOrigin(fromName, signal);
  if (fromName !== undefined && from === undefined) {
    throw await missingSnapshot('ZFS_FROM_MISSING', fromName, signal);
  }
  if (from !== undefined && from.createtxg >= to.createtxg) throw notEarlier(from, to);
  const replicated = plan.kind === 'recursive' ? await wholeTree(plan.to, signal) : undefined;
  return { plan, dataset, to, from, replicated };
}

async function findOrigin(
  name: SnapshotName | BookmarkName,
  signal: AbortSignal | undefined,
): Promise<SendOrigin | undefined> {
  return isSnapshotName(name) ? getSnapshot(name, signal) : getBookmark(name, signal);
}

/** The dataset to send. Throws ZFS_DATASET_MISSING. */
export async function requireDataset(name: DatasetName, signal?: AbortSignal): Promise<Dataset> {
  const dataset = await getDataset(name, signal);
  if (dataset === undefined) throw missingDataset(name);
  return dataset;
}

/** Bytes of the stream as `zfs send -nvP` estimates them; undefined when it does not say or says nonsense. */
export async function estimateSend(
  plan: SendPlan | ContinuedSend,
  signal?: AbortSignal,
): Promise<bigint | undefined> {
  const [command = 'send', ...rest] = sendArguments(plan);
  const options = signal === undefined ? {} : { signal };
  const result = await runProcess('zfs', [command, '-n', '-v', '-P', ...rest], options);
  return result.exitCode === 0 ? parseEstimate(result.stdout + result.stderr) : undefined;
}

/** Starts `zfs send` into a pipe. The caller keeps and closes `stdoutFd`; sendError tells why it failed. */
export function startSend(
  plan: SendPlan | ContinuedSend,
  stdoutFd: number,
  signal?: AbortSignal,
): Promise<RunningProcess> {
  return startProcess('zfs', sendArguments(plan), {
    stdout: stdoutFd,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The error of a `zfs send` that ended without success. */
export function sendError(
  plan: SendPlan | ContinuedSend,
  status: { readonly stderr: string; readonly exitCode: number | null; readonly signal: string | null },
): ZwireError {
  return zfsErrorFrom(status.stderr, {
    action: commandLine('zfs', sendArguments(plan)),
    ...datasetField(plan),
    exitCode: status.exitCode,
    signal: status.signal,
  });
}

function datasetField(plan: SendPlan | ContinuedSend): { dataset?: DatasetName } {
  if (plan.kind === 'resume') return {};
  return { dataset: plan.kind === 'saved' ? plan.dataset : datasetOf(plan.to) };
}

/** `zfs send -R` fails when a dataset below lacks the snapshot: say which, before it starts. */
async function wholeTree(to: SnapshotName, signal?: AbortSignal): Promise<{ count: number; digest: string }> {
  const top = datasetOf(to);
  const snap = to.slice(top.length + 1);
  const tree = await replicatedDigest(top, snap, signal);
  if (tree === undefined) throw missingDataset(top);
  const [first] = tree.missing;
  if (first === undefined) return { count: tree.count, digest: tree.digest };
  throw new ZwireError(
    'ZFS_SNAPSHOT_MISSING',
    `cannot send ${to} with all below it: ${tree.missing.length} datasets have no @${snap}, such as ${first}`,
    {
      fields: {
        snapshot: `${first}@${snap}`,
        missing: tree.missing.length,
        blocking: tree.missing.slice(0, 20).join(', '),
      },
      hint: `Take the snapshot of all of them at once: zfs snapshot -r ${quoteWord(`${top}@NAME`)}, or use --full-sync.`,
    },
  );
}

function missingDataset(dataset: DatasetName): ZwireError {
  return new ZwireError('ZFS_DATASET_MISSING', `cannot send ${dataset}: there is no such dataset here`, {
    fields: { dataset },
    hint: 'List what there is: zfs list -t filesystem,volume.',
  });
}

async function missingSnapshot(
  code: 'ZFS_SNAPSHOT_MISSING' | 'ZFS_FROM_MISSING',
  snapshot: SnapshotName | BookmarkName,
  signal?: AbortSignal,
): Promise<ZwireError> {
  const dataset = datasetOf(snapshot);
  const kind = isSnapshotName(snapshot) ? 'snapshot' : 'bookmark';
  const all =
    kind === 'snapshot' ? await listSnapshots(dataset, { signal }) : await listBookmarks(dataset, signal);
  const newest = all?.at(-1)?.name;
  const make =
    kind === 'snapshot'
      ? `zfs snapshot ${quoteWord(`${dataset}@NAME`)}.`
      : `zfs bookmark ${quoteWord(`${dataset}@SNAPSHOT`)} '#NAME', while there is a snapshot; or send from a snapshot.`;
  return new ZwireError(code, `cannot send: ${dataset} has no ${kind} ${snapshot.slice(dataset.length)}`, {
    fields: { dataset, snapshot, ...(newest === undefined ? {} : { newest }) },
    hint:
      newest === undefined
        ? `It has none at all: ${make}`
        : `Its newest is ${newest}. All: zfs list -t ${kind} ${quoteWord(dataset)}.`,
  });
}

/** Of a range of snapshots (-I) or a tree (-R): `zfs send` takes a bookmark for neither. */
export function sinceBookmark(from: SnapshotName | BookmarkName): ZwireError {
  return new ZwireError('ZFS_FROM_MISSING', `cannot send the snapshots since ${from}: it is a bookmark`, {
    fields: { from },
    hint: 'Send one dataset without the snapshots between, or start from a snapshot.',
  });
}

function otherDataset(from: SnapshotName | BookmarkName, to: SnapshotName): ZwireError {
  return new ZwireError(
    'ZFS_FROM_OTHER_DATASET',
    `cannot send the difference from ${from} to ${to}: they are of different datasets`,
    { fields: { from, to }, hint: `Name a snapshot of ${datasetOf(to)} to start from, such as @monday.` },
  );
}

function notEarlier(from: SendOrigin, to: Snapshot): ZwireError {
  const how = from.guid === to.guid ? 'they are the same snapshot' : `${from.name} is not the older one`;
  return new ZwireError('ZFS_FROM_NOT_EARLIER', `cannot send from ${from.name} to ${to.name}: ${how}`, {
    fields: { from: from.name, to: to.name, fromTxg: from.createtxg, toTxg: to.createtxg },
    hint: 'Exchange the two, or choose an older snapshot to start from.',
  });
}
