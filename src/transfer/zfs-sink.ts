// A pool as a sink: the announced name is mapped, the target looked at, then `zfs receive` runs on a real pipe.
// Committed means that it ended with success and that the announced guid was read back from the target.
import { ZwireError } from '../bytes/zwire-error.ts';
import { decodeResumeToken } from '../stream/resume-token.ts';
import type { Announcement } from '../wire/announce.ts';
import { type Dataset, listDatasets, listOrigins, listSnapshots, snapshotGuid } from '../zfs/dataset.ts';
import { checkPermission } from '../zfs/delegation.ts';
import { zfsWarningsFrom } from '../zfs/error.ts';
import { keepFromMounting } from '../zfs/keep-from-mounting.ts';
import {
  type DatasetName,
  datasetOf,
  isWithin,
  parseDatasetName,
  parseSnapshotName,
  snapOf,
  snapshotName,
} from '../zfs/name.ts';
import { abortPartial, receiveError, type ReceivePlan, startReceive } from '../zfs/receive.ts';
import { replicatedDigest } from '../zfs/replicated-digest.ts';
import { checkTarget, type IncomingStream } from '../zfs/target.ts';
import { PipedProcess } from './piped-process.ts';
import type { Standing } from './package-list.ts';
import { notAllowed } from './sender-limits.ts';
import type { StreamRules } from './stream-policy.ts';
import type { CommitResult, Sink, SinkPolicy, SinkRequest } from './sink.ts';
import { VOLUME_FEATURE } from './zfs-source.ts';
import { incomingStream, targetOf, type ZfsDestination } from './zfs-target.ts';

/** What a receiver of datasets takes. */
export interface ZfsSinkOptions {
  /** Take streams of the open suite, which anyone can make; without it only senders with a key are let in. */
  readonly insecure: boolean;
}

/** A target that a transfer of this policy writes to. */
interface Reservation {
  readonly target: DatasetName;
  readonly recursive: boolean;
}

/**
 * Takes datasets into a pool, one transfer into a target at a time. decide() throws INSECURE_REQUIRED,
 * KIND_MISMATCH, NAME_INVALID, TARGET_BUSY and what checkTarget throws, before anything has been started.
 */
export function zfsSinkPolicy(destination: ZfsDestination, options: ZfsSinkOptions): SinkPolicy {
  const reserved = new Set<Reservation>();
  return {
    async decide(request: SinkRequest, signal: AbortSignal): Promise<Sink> {
      const { announcement } = request;
      checkKind(announcement, options.insecure || request.sender !== undefined);
      const target = targetFor(destination, request);
      const reservation = { target, recursive: isRecursive(announcement) };
      checkFree(reservation, reserved);
      reserved.add(reservation);
      const release = (): void => void reserved.delete(reservation);
      try {
        return await openReceive(target, request, signal, release);
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

/** The receiver's own choice roots everything; the line of a sender chooses within it. Throws SENDER_NOT_ALLOWED. */
function targetFor(destination: ZfsDestination, { announcement, sender }: SinkRequest): DatasetName {
  const into = sender?.rules.into;
  if (sender === undefined || into === undefined) return targetOf(destination, announcement.name);
  const root = parseDatasetName(into);
  const exact = destination.kind === 'dataset';
  const target = targetOf(exact ? destination : { kind: 'into', dataset: root }, announcement.name);
  const outer = exact ? root : rootOf(destination);
  const inner = exact ? target : root;
  if (outer === undefined || isWithin(outer, inner)) return target;
  throw notAllowed(sender, 'into', `${inner} does not lie within ${outer}`);
}

function rootOf(destination: ZfsDestination): DatasetName | undefined {
  if (destination.kind === 'announced-name') return undefined;
  return destination.kind === 'pool' ? destination.pool : destination.dataset;
}

function checkKind(announcement: Announcement, mayEnter: boolean): void {
  if (announcement.kind === 'file') {
    throw new ZwireError(
      'KIND_MISMATCH',
      `this receiver takes datasets, and ${announcement.name} is a file`,
      {
        fields: { name: announcement.name },
        hint: 'Start the receiver with --file PATH to take a file.',
      },
    );
  }
  if (!mayEnter) {
    throw new ZwireError('INSECURE_REQUIRED', `${announcement.name} arrives without keys, and is refused`, {
      fields: { name: announcement.name },
      hint: 'Give both sides keys (zwire keygen), or start both with --insecure on a wire that you trust.',
    });
  }
}

/** The seed's format does not tell; its whole pools are recursive streams. */
function isRecursive(announcement: Announcement): boolean {
  return announcement.recursive || announcement.kind === 'pool';
}

function checkFree(wanted: Reservation, reserved: ReadonlySet<Reservation>): void {
  for (const held of reserved) {
    const meets =
      held.target === wanted.target ||
      (held.recursive && isWithin(held.target, wanted.target)) ||
      (wanted.recursive && isWithin(wanted.target, held.target));
    if (!meets) continue;
    throw new ZwireError('TARGET_BUSY', `another transfer into ${held.target} is under way`, {
      fields: { dataset: wanted.target, busy: held.target },
      hint: 'Wait until it has ended, and send again.',
    });
  }
}

async function openReceive(
  target: DatasetName,
  { announcement, sender, warn }: SinkRequest,
  signal: AbortSignal,
  release: () => void,
): Promise<Sink> {
  const stream = incomingStream(announcement);
  const existing = await checkTarget(target, stream, signal);
  const plan: ReceivePlan = {
    target,
    type: existing?.type ?? announcedType(announcement),
    incremental: stream.kind === 'delta',
    recursive: isRecursive(announcement),
  };
  const before = (existing && plan.recursive ? await listDatasets(target, signal) : undefined) ?? [];
  const rules = {
    ...(await rulesFor(plan, announcement, stream, signal)),
    rawOnly: sender?.rules.rawOnly ?? false,
  };
  // From here on without the signal: an interruption gives a commit a moment, and abort() ends one that needs longer.
  const receive = await PipedProcess.start('write', (fd) => startReceive(plan, fd));
  // Of a package that broke off whole snapshots are here, and datasets made for them.
  const tidyUp = async (): Promise<void> => {
    await discardPartial(plan, announcement, before);
    for (const warning of await keepFromMounting(plan, before)) warn(warning);
  };
  return {
    fd: receive.fd,
    target,
    mayStall: true,
    rules,
    async commit(): Promise<CommitResult> {
      try {
        const status = await receive.finish();
        if (status.exitCode !== 0) {
          await tidyUp();
          const error = await withWhatIsMissing(receiveError(plan, status), plan);
          throw await withWhatArrived(error, target, stream);
        }
        const warnings = [...zfsWarningsFrom(status.stderr), ...(await keepFromMounting(plan, before))];
        const guid = await verify(target, announcement, stream).catch((error: unknown) => {
          for (const warning of warnings) warn(warning);
          throw error;
        });
        return { target, ...(guid === undefined ? {} : { guid }), warnings };
      } finally {
        release();
      }
    },
    async abort(): Promise<Error | undefined> {
      try {
        const status = await receive.abort();
        await tidyUp();
        if (status === undefined || status.exitCode === 0 || signal.aborted) return undefined;
        return await withWhatIsMissing(receiveError(plan, status), plan);
      } finally {
        release();
      }
    },
  };
}

/** What the gate holds the stream to, before `zfs receive` sees any of it. */
async function rulesFor(
  plan: ReceivePlan,
  announcement: Announcement,
  stream: IncomingStream,
  signal: AbortSignal,
): Promise<Omit<StreamRules, 'rawOnly'>> {
  const { toSnapshot } = announcement;
  const { incremental, recursive, target, type } = plan;
  // What lies below the top may have another base each.
  const standing = incremental && recursive ? await standingAt(target, signal) : { known: [], clones: [] };
  return {
    target,
    type,
    incremental,
    recursive,
    ...standing,
    ...(toSnapshot === undefined ? {} : { to: toSnapshot }),
    ...(stream.fromGuid === undefined ? {} : { fromGuid: stream.fromGuid }),
  };
}

async function standingAt(target: DatasetName, signal: AbortSignal): Promise<Standing> {
  const snapshots = (await listSnapshots(target, { recursive: true, signal })) ?? [];
  const origins = (await listOrigins(target, signal)) ?? [];
  const guids = new Map<string, bigint>(snapshots.map(({ name, guid }) => [name, guid]));
  const pathOf = (dataset: string): string => dataset.slice(target.length);
  return {
    known: snapshots.map(({ name, guid }) => ({ path: pathOf(datasetOf(name)), snap: snapOf(name), guid })),
    clones: origins.map(({ name, origin }) => ({ path: pathOf(name), originGuid: guids.get(origin) ?? 0n })),
  };
}

function announcedType(announcement: Announcement): ReceivePlan['type'] {
  // Without a snapshot it is the seed's format, which does not tell a volume from a filesystem.
  if (announcement.toSnapshot === undefined) return isRecursive(announcement) ? 'filesystem' : 'unknown';
  return announcement.features.includes(VOLUME_FEATURE) ? 'volume' : 'filesystem';
}

/** The guid on the target, compared with the announcement where it has one. Throws ZFS_GUID_MISMATCH. */
async function verify(
  target: DatasetName,
  announcement: Announcement,
  stream: IncomingStream,
): Promise<bigint | undefined> {
  const { to } = stream;
  if (to === undefined) return (await listSnapshots(target))?.at(-1)?.guid;
  const name = snapshotName(target, to.snap);
  const guid = await snapshotGuid(name);
  if (guid !== to.guid) {
    const found = guid === undefined ? 'it is not there' : `its guid is ${guid}`;
    throw mismatch(`zfs receive ended with success, but ${name} is not the announced snapshot: ${found}`, {
      snapshot: name,
      expected: to.guid,
      ...(guid === undefined ? {} : { guid }),
    });
  }
  if (announcement.replicated !== undefined) {
    await verifyTree(target, to.snap, announcement.replicated);
  }
  return guid;
}

/**
 * The error of a failed `zfs receive`, saying so if the announced snapshot is there all the same: one that is ended
 * after its last record, or that fails in setting a property, has committed.
 */
async function withWhatArrived(
  error: ZwireError,
  target: DatasetName,
  { to }: IncomingStream,
): Promise<ZwireError> {
  if (to === undefined) return error;
  const snapshot = snapshotName(target, to.snap);
  // Where ZFS does not even answer, the first error is the one to tell.
  const guid = await snapshotGuid(snapshot).catch(() => undefined);
  if (guid !== to.guid) return error;
  return new ZwireError(error.code, `${error.message}; yet ${snapshot} has arrived whole`, {
    fields: { ...error.fields, snapshot, guid },
    hint: `Keep it or destroy it, as you wish: its guid is the announced one. Properties may not be set (zfs get all ${target}).`,
    cause: error,
  });
}

/** The error of a `zfs receive` that was not allowed, with the name of what is not delegated and the line that does it. */
async function withWhatIsMissing(error: ZwireError, plan: ReceivePlan): Promise<ZwireError> {
  if (error.code !== 'ZFS_PERMISSION') return error;
  const { target, incremental } = plan;
  const on = incremental ? target : parseDatasetName(target.replace(/\/[^/]*$/, ''));
  try {
    await checkPermission(on, 'receive');
    return error;
  } catch (found) {
    if (!(found instanceof ZwireError) || found.code !== 'ZFS_PERMISSION') return error;
    const { message, fields, hint } = found;
    return new ZwireError(error.code, `${error.message}; ${message}`, {
      fields: { ...error.fields, ...fields },
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}

async function verifyTree(
  target: DatasetName,
  snap: string,
  announced: { readonly count: number; readonly digest: string },
): Promise<void> {
  const tree = await replicatedDigest(target, snap);
  if (tree?.digest === announced.digest && tree.count === announced.count) return;
  const count = tree?.count ?? 0;
  throw mismatch(
    `zfs receive ended with success, but the tree ${target}@${snap} is not the announced one: ` +
      `it has ${count} snapshots of that name, and ${announced.count} were announced`,
    { dataset: target, snap, count, expectedCount: announced.count, expected: announced.digest },
  );
}

function mismatch(message: string, fields: Readonly<Record<string, string | number | bigint>>): ZwireError {
  return new ZwireError('ZFS_GUID_MISMATCH', message, {
    fields,
    hint: 'Do not rely on this copy. Look at what else writes to the target, and send again.',
  });
}

/**
 * Throws away the partly received state that this transfer left, and only that: without resuming it would refuse
 * every later transfer. What cannot be thrown away now is refused by name next time (ZFS_PARTIAL_STATE), so a
 * failure here must not hide the one that led to it.
 */
async function discardPartial(
  plan: ReceivePlan,
  announcement: Announcement,
  before: readonly Dataset[],
): Promise<void> {
  const older = new Set(
    before.filter((dataset) => dataset.receiveResumeToken).map((dataset) => dataset.name),
  );
  try {
    // Deepest first.
    for (const { name, receiveResumeToken: token } of ((await listDatasets(plan.target)) ?? []).reverse()) {
      if (token === undefined || older.has(name)) continue;
      if (isOurs(plan, announcement, name, token)) await abortPartial(name);
    }
  } catch (error) {
    if (!(error instanceof ZwireError)) throw error;
  }
}

/**
 * Whether partly received state is of this transfer. The target had none when it began, and was its own until it
 * ended; what lies below may be received by somebody else at the same time, and its token says what it is of.
 */
function isOurs(
  { target, recursive }: ReceivePlan,
  { name, toSnapshot }: Announcement,
  dataset: DatasetName,
  token: string,
): boolean {
  if (dataset === target) return true;
  if (!recursive) return false;
  const top = toSnapshot === undefined ? name : datasetOf(parseSnapshotName(toSnapshot.name));
  try {
    return decodeResumeToken(token).toName.startsWith(`${top}${dataset.slice(target.length)}@`);
  } catch {
    // Nobody can tell: left where it is.
    return false;
  }
}
