// What changed between two snapshots of a volume, as a stream: to iterate, or to deliver to another host.
import { ZwireError } from '../bytes/zwire-error.ts';
import { PipedProcess } from '../transfer/piped-process.ts';
import type { Source } from '../transfer/source.ts';
import { planOf, type SnapshotRequest, zfsSource } from '../transfer/zfs-source.ts';
import { type BookmarkName, parseOriginName, parseSnapshotName, type SnapshotName } from '../zfs/name.ts';
import { sendError, startSend, validateSendPlan } from '../zfs/send.ts';
import { readPipe, reopenPipe } from './pipe-stream.ts';
import type { VolumeSnapshot } from './volume.ts';

/** What a delta holds beside the two snapshots. */
export interface DeltaOptions {
  /** With all volumes below, their snapshots and properties (-R). */
  readonly recursive?: boolean;
  /** With the snapshots between the two (-I). */
  readonly intermediates?: boolean;
  /** As it lies on the disks (-w): what is encrypted stays so, and needs no key on either side. */
  readonly raw?: boolean;
}

/**
 * The difference between two snapshots of one volume, the older first; or with `undefined` in the place of the older
 * a whole snapshot. Nothing runs before it is iterated or delivered. Disposing ends the `zfs send` of every
 * iteration that is still under way.
 */
export class Delta implements AsyncDisposable {
  readonly from: SnapshotName | BookmarkName | undefined;
  readonly to: SnapshotName;
  readonly recursive: boolean;
  readonly intermediates: boolean;
  readonly raw: boolean;
  readonly #running: Set<AbortController> = new Set();

  /** Snapshots, or their names; `from` may be the name of a bookmark of the volume. Throws NAME_INVALID. */
  constructor(
    from: VolumeSnapshot | string | undefined,
    to: VolumeSnapshot | string,
    options: DeltaOptions = {},
  ) {
    this.from = from === undefined ? undefined : parseOriginName(nameOf(from));
    this.to = parseSnapshotName(nameOf(to));
    this.recursive = options.recursive ?? false;
    this.intermediates = options.intermediates ?? false;
    this.raw = options.raw ?? false;
  }

  /** For send() of this package, which deliver() wraps. */
  source(): Source {
    return zfsSource(this.#request());
  }

  /**
   * The send stream in pieces of up to 64 KiB, which are the caller's to keep. Leaving the loop ends `zfs send`.
   * Throws ZFS_SNAPSHOT_MISSING, ZFS_FROM_MISSING, ZFS_FROM_OTHER_DATASET, ZFS_FROM_NOT_EARLIER before it starts,
   * and what `zfs send` says.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const abort = new AbortController();
    this.#running.add(abort);
    const plan = planOf(this.#request());
    let process: PipedProcess | undefined;
    try {
      await validateSendPlan(plan, abort.signal);
      process = await PipedProcess.start('read', (fd) => startSend(plan, fd, abort.signal));
      yield* readPipe(reopenPipe(process.fd, 'read'));
      const status = await process.finish();
      process = undefined;
      if (abort.signal.aborted)
        throw new ZwireError('INTERRUPTED', `${this.to} was not sent to its end: disposed of`);
      if (status.exitCode !== 0) throw sendError(plan, status);
    } finally {
      this.#running.delete(abort);
      await process?.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const abort of this.#running) abort.abort();
  }

  #request(): SnapshotRequest {
    const { from, to: snapshot, recursive, intermediates, raw } = this;
    const range = from === undefined ? {} : { from };
    return { kind: 'snapshot', snapshot, recursive, intermediates, raw, ...range };
  }
}

function nameOf(snapshot: VolumeSnapshot | string): string {
  return typeof snapshot === 'string' ? snapshot : snapshot.name;
}
