// `zfs receive`: its arguments, the running command, and what to throw away after one that was interrupted.
// Never -F: a stream that does not fit is refused, by target.ts before it starts or by ZFS itself.
import type { ZwireError } from '../bytes/zwire-error.ts';
import { commandLine, type RunningProcess, startProcess } from '../exec/process.ts';
import { runZfs } from './command.ts';
import { type DatasetType, listDatasets } from './dataset.ts';
import { zfsErrorFrom } from './error.ts';
import type { DatasetName } from './name.ts';

export interface ReceivePlan {
  readonly target: DatasetName;
  /** What the top of the stream is. The seed's format does not say, so it can be unknown. */
  readonly type: DatasetType | 'unknown';
  readonly incremental: boolean;
  /** A stream of `zfs send -R`, which carries properties. */
  readonly recursive: boolean;
}

/**
 * The arguments of `zfs`. What arrives is resumable (-s), not mounted (-u) and read-only, and does not take its
 * mountpoint from the sender:
 * - `-o canmount=noauto` on a full stream only: later it is for the receiver's administrator to change. A volume
 *   has no such property, and zfs_setup_cmdline_props refuses the receive over it.
 * - `-x mountpoint` where properties travel or a filesystem is made. On an incremental stream it leaves a local
 *   setting of the target alone and keeps the sender from moving what exists or what is new below it.
 * On a recursive stream -o sets the top and makes the children inherit; canmount is not inheritable, so the
 * children's is set after the receive, and so is that of a top of unknown type.
 */
export function receiveArguments(plan: ReceivePlan): string[] {
  const filesystem = plan.type === 'filesystem';
  return [
    'receive',
    '-s',
    '-u',
    '-o',
    'readonly=on',
    ...(filesystem && !plan.incremental ? ['-o', 'canmount=noauto'] : []),
    ...(plan.type !== 'volume' && (!plan.incremental || plan.recursive) ? ['-x', 'mountpoint'] : []),
    plan.target,
  ];
}

/** Starts `zfs receive` on a pipe. The caller keeps and closes `stdinFd`; receiveError tells why it failed. */
export function startReceive(
  plan: ReceivePlan,
  stdinFd: number,
  signal?: AbortSignal,
): Promise<RunningProcess> {
  return startProcess('zfs', receiveArguments(plan), {
    stdin: stdinFd,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The error of a `zfs receive` that ended without success. */
export function receiveError(
  plan: ReceivePlan,
  status: { readonly stderr: string; readonly exitCode: number | null; readonly signal: string | null },
): ZwireError {
  return zfsErrorFrom(status.stderr, {
    action: commandLine('zfs', receiveArguments(plan)),
    dataset: plan.target,
    exitCode: status.exitCode,
    signal: status.signal,
  });
}

/** Throws the partly received state of a dataset away. Throws ZFS_NO_PARTIAL_STATE when there is none. */
export async function abortPartial(dataset: DatasetName, signal?: AbortSignal): Promise<void> {
  await runZfs(['receive', '-A', dataset], { signal, dataset });
}

/** The datasets at and below `top` that hold partly received state, deepest first. */
export async function listPartial(top: DatasetName, signal?: AbortSignal): Promise<DatasetName[]> {
  const datasets = (await listDatasets(top, signal)) ?? [];
  const partial = datasets.filter((dataset) => dataset.receiveResumeToken !== undefined);
  return partial.map((dataset) => dataset.name).reverse();
}
