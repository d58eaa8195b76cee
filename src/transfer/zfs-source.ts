// A snapshot as a source: looked up and estimated before anything is on the wire, then `zfs send` into a real pipe.
import { ZwireError } from '../bytes/zwire-error.ts';
import {
  type BookmarkName,
  type DatasetName,
  datasetOf,
  isSnapshotName,
  parentOf,
  type SnapshotName,
} from '../zfs/name.ts';
import {
  estimateSend,
  requireDataset,
  sendError,
  sinceBookmark,
  type SendPlan,
  startSend,
  validateSendPlan,
  type ValidatedSendPlan,
} from '../zfs/send.ts';
import { destroySnapshot, takeSnapshot } from '../zfs/snapshot.ts';
import { PipedProcess } from './piped-process.ts';
import type { OpenSource, Source, SourceAnnouncement, SourceOutcome } from './source.ts';

/** A snapshot that is there. */
export interface SnapshotRequest {
  readonly kind: 'snapshot';
  readonly snapshot: SnapshotName;
  /** Send only what is newer than this snapshot or bookmark of the same dataset; a tree or a range needs a snapshot. */
  readonly from?: SnapshotName | BookmarkName;
  /** With all datasets below, their snapshots and properties. */
  readonly recursive: boolean;
  /** With `from`: the snapshots between the two as well. */
  readonly intermediates: boolean;
  /** As it lies on the disks (zfs send -w): an encrypted dataset stays encrypted. Default: false. */
  readonly raw?: boolean;
  /** The dataset's name as the receiver is to see it, when not its own. */
  readonly announcedName?: string;
}

/** Which snapshot is sent. */
export type ZfsSourceRequest =
  | SnapshotRequest
  /** Takes a snapshot of the dataset (and of all below it), and sends that. Once sent it stays, as the base of increments. */
  | { readonly kind: 'new-snapshot'; readonly dataset: DatasetName; readonly recursive: boolean };

/** Of a volume: the receiver must know, since properties of filesystems do not apply to it. */
export const VOLUME_FEATURE = 'volume';

/** Throws nothing yet; describe() throws the typed errors of validateSendPlan and takeSnapshot. */
export function zfsSource(request: ZfsSourceRequest): Source {
  let plan: SendPlan | undefined;
  let taken: SnapshotName | undefined;
  return {
    async describe(signal: AbortSignal): Promise<SourceAnnouncement> {
      if (request.kind === 'new-snapshot') taken = await takeOf(request, signal);
      const wanted = planOf(requestFor(request, taken));
      const validated = await validateSendPlan(wanted, signal);
      plan = wanted;
      const sizeBytes = await estimateSend(wanted, signal);
      return announcementOf(request, validated, sizeBytes);
    },
    open(signal: AbortSignal): Promise<OpenSource> {
      if (plan === undefined) throw new Error('open() before describe()');
      return openSend(plan, signal);
    },
    async close(outcome: SourceOutcome): Promise<void> {
      if (taken === undefined || outcome !== 'failed') return;
      try {
        await destroySnapshot(taken, { recursive: request.recursive });
      } catch (error) {
        // It stays, under a name that says whose it is; the failure of the transfer is what people must see.
        if (!(error instanceof ZwireError)) throw error;
      }
    },
  };
}

async function takeOf(
  request: Extract<ZfsSourceRequest, { readonly kind: 'new-snapshot' }>,
  signal: AbortSignal,
): Promise<SnapshotName> {
  await requireDataset(request.dataset, signal);
  // Without the signal, which can come when it is done: a snapshot that nobody knows of would stay for good.
  return takeSnapshot(request.dataset, { recursive: request.recursive });
}

function requestFor(request: ZfsSourceRequest, taken: SnapshotName | undefined): SnapshotRequest {
  if (request.kind === 'snapshot') return request;
  if (taken === undefined) throw new Error('the snapshot was not taken');
  return { kind: 'snapshot', snapshot: taken, recursive: request.recursive, intermediates: false };
}

/** What is sent for it. Throws ZFS_FROM_MISSING for a tree that is to start from a bookmark. */
export function planOf({ snapshot: to, from, recursive, intermediates, raw }: SnapshotRequest): SendPlan {
  const form = raw === true ? { raw } : {};
  if (recursive) {
    if (from !== undefined && !isSnapshotName(from)) throw sinceBookmark(from);
    return { kind: 'recursive', to, intermediates, ...(from === undefined ? {} : { from }), ...form };
  }
  if (from === undefined) return { kind: 'full', to, ...form };
  return { kind: 'incremental', from, to, intermediates, ...form };
}

function announcementOf(
  request: ZfsSourceRequest,
  { dataset, to, from, replicated }: ValidatedSendPlan,
  sizeBytes: bigint | undefined,
): SourceAnnouncement {
  const whole = request.recursive && parentOf(dataset.name) === undefined ? 'pool' : 'dataset';
  const announcedName = request.kind === 'snapshot' ? request.announcedName : undefined;
  return {
    kind: from === undefined ? whole : 'delta',
    name: announcedName ?? datasetOf(to.name),
    toSnapshot: { name: to.name, guid: to.guid },
    ...(from === undefined ? {} : { fromSnapshot: { name: from.name, guid: from.guid } }),
    ...(replicated === undefined ? {} : { replicated }),
    recursive: request.recursive,
    features: dataset.type === 'volume' ? [VOLUME_FEATURE] : [],
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
  };
}

async function openSend(plan: SendPlan, signal: AbortSignal): Promise<OpenSource> {
  const send = await PipedProcess.start('read', (fd) => startSend(plan, fd, signal));
  return {
    fd: send.fd,
    async finish(): Promise<void> {
      const status = await send.finish();
      if (status.exitCode !== 0) throw sendError(plan, status);
    },
    async abort(): Promise<Error | undefined> {
      const status = await send.abort();
      if (status === undefined || status.exitCode === 0 || signal.aborted) return undefined;
      return sendError(plan, status);
    },
  };
}
