// `zfs receive`: its arguments, the running command, and what to throw away after one that was interrupted.
// Never -F: a stream that does not fit is refused, by target.ts before it starts or by ZFS itself.
import { ZwireError } from '../bytes/zwire-error.ts';
import { commandLine, type RunningProcess, startProcess } from '../exec/process.ts';
import { runZfs } from './command.ts';
import { type DatasetType, listDatasets } from './dataset.ts';
import { zfsErrorFrom } from './error.ts';
import type { DatasetName } from './name.ts';
import { parsePropertyName, propertyAssignment } from './property-name.ts';

export interface ReceivePlan {
  readonly target: DatasetName;
  /** What the top of the stream is. The seed's format does not say, so it can be unknown. */
  readonly type: DatasetType | 'unknown';
  readonly incremental: boolean;
  /** A stream of `zfs send -R`, which carries properties. */
  readonly recursive: boolean;
  /** Keep what arrives before an interruption (-s), so that it can go on. Default: true. */
  readonly resumable?: boolean;
  /** Properties to set on the top (-o), over zwire's own; below it they are inherited. */
  readonly set?: Readonly<Record<string, string>>;
  /** Properties of the stream to leave out (-x); a local setting of the target stays. */
  readonly exclude?: readonly string[];
}

/** What `zfs receive -o` never takes (zfs_setup_cmdline_props), and would say so only at the end of a stream. */
const NEVER_SET: ReadonlySet<string> = new Set([
  'normalization',
  'casesensitivity',
  'version',
  'volsize',
  'utf8only',
]);

/** What arrives must not act on this host: neither be written to, nor hand out privileges, nor have its partitions read. */
const SET_ON_NEW: Readonly<Record<string, string>> = { volmode: 'dev' };
export const SET_ON_NEW_FILESYSTEMS: Readonly<Record<string, string>> = {
  canmount: 'noauto',
  setuid: 'off',
  devices: 'off',
};
/** Of a stream with properties: what would share it, or take space from others that its data do not fill. */
const NOT_FROM_SENDER: readonly string[] = ['reservation', 'refreservation'];
const NO_SHARES_FROM_SENDER: readonly string[] = ['sharenfs', 'sharesmb'];
/** Of such a stream into a target that exists: what was set there once is for its administrator to change. */
const KEPT_HERE: readonly string[] = ['volmode', 'setuid', 'devices'];

/**
 * The arguments of `zfs`. What arrives is resumable (-s), not mounted (-u) and read-only, and does not take its
 * mountpoint from the sender:
 * - `-o` of SET_ON_NEW... on a full stream only: later it is for the receiver's administrator to change. A volume
 *   has none of a filesystem's properties, and zfs_setup_cmdline_props refuses the receive over one.
 * - `-x mountpoint` where properties travel or a filesystem is made. On an incremental stream it leaves a local
 *   setting of the target alone and keeps the sender from moving what exists or what is new below it.
 * On a recursive stream -o sets the top and makes the children inherit; canmount is not inheritable, so the
 * children's is set after the receive, and so is that of a top of unknown type. `exec` is left as it comes: who may
 * read a program may run a copy of it.
 * Throws NAME_INVALID and ZFS_PROPERTY_INVALID for a property that cannot be set this way.
 */
export function receiveArguments(plan: ReceivePlan): string[] {
  const set: Readonly<Record<string, string>> = {
    readonly: 'on',
    ...(plan.incremental ? {} : SET_ON_NEW),
    ...(plan.type === 'filesystem' && !plan.incremental ? SET_ON_NEW_FILESYSTEMS : {}),
    ...plan.set,
  };
  const exclude = new Set([...keptFromStream(plan), ...(plan.exclude ?? []).map(parsePropertyName)]);
  for (const name of Object.keys(set)) {
    if (NEVER_SET.has(name) || (name === 'keylocation' && set['keylocation'] === 'prompt'))
      throw unsettable(name);
    // ZFS refuses both for one property; what is set is not taken from the stream anyway.
    exclude.delete(name);
  }
  return [
    'receive',
    ...(plan.resumable === false ? [] : ['-s']),
    '-u',
    ...Object.entries(set).flatMap(([name, value]) => ['-o', propertyAssignment(name, value)]),
    ...[...exclude].flatMap((name) => ['-x', name]),
    plan.target,
  ];
}

/** What a stream brings and is not taken over here; a volume has no mountpoint and no shares. */
function keptFromStream(plan: ReceivePlan): readonly string[] {
  const { type, recursive, incremental } = plan;
  if (type === 'volume') return recursive ? [...NOT_FROM_SENDER, ...(incremental ? ['volmode'] : [])] : [];
  if (!recursive) return incremental ? [] : ['mountpoint'];
  return ['mountpoint', ...NO_SHARES_FROM_SENDER, ...NOT_FROM_SENDER, ...(incremental ? KEPT_HERE : [])];
}

function unsettable(property: string): ZwireError {
  return new ZwireError('ZFS_PROPERTY_INVALID', `a receive cannot set ${property}`, {
    fields: { property },
    hint: 'It comes with the stream. keylocation can be a file: keylocation=file:///path.',
  });
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
