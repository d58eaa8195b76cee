// What to do next, for each failure of ZFS where there is something to do. docs/errors.md tells the longer story.
import type { ErrorCode } from '../bytes/error-codes.ts';
import { quoteWord } from '../exec/process.ts';

/** The names and numbers of one failure, as they stand in ZwireError.fields. */
export type HintFields = Readonly<Record<string, string | number | bigint>>;

type Hint = string | ((fields: HintFields) => string);

const word = (value: string | number | bigint | undefined, fallback: string): string =>
  value === undefined ? fallback : quoteWord(String(value));

const HINTS: Partial<Record<ErrorCode, Hint>> = {
  ZFS_DATASET_BUSY: (fields) =>
    `See what uses it: zfs holds -r ${word(fields['snapshot'] ?? fields['dataset'], 'SNAPSHOT')}, and running zfs send or receive.`,
  ZFS_DATASET_MISSING: (fields) =>
    `List what there is: zfs list -r -t all ${word(poolPart(fields['dataset'] ?? fields['snapshot']), 'POOL')}.`,
  ZFS_DELEGATION_DISABLED: 'Run as root, or turn it on: zpool set delegation=on POOL.',
  ZFS_DESTINATION_EXISTS: (fields) =>
    `zwire never overwrites: receive under another name (--into), send an increment to it (--from), or, if it is not needed, remove it: zfs destroy -r ${word(fields['dataset'], 'DATASET')}.`,
  ZFS_DESTINATION_HAS_SNAPSHOTS: 'zwire never overwrites: receive under another name (--into).',
  ZFS_DESTINATION_IS_CLONE: 'zwire never overwrites: receive under another name (--into).',
  ZFS_DESTINATION_MISSING: 'Send it in full once, without --from; increments can follow.',
  ZFS_DESTINATION_MODIFIED: (fields) =>
    `Something wrote to the target. Look: zfs diff of its newest snapshot and ${word(fields['dataset'], 'DATASET')}. To give those changes up: zfs rollback to its newest snapshot; then send again.`,
  ZFS_EMBEDDED_INTO_ENCRYPTED: 'Receive below a dataset that is not encrypted.',
  ZFS_FEATURE_UNSUPPORTED:
    'See zpool upgrade on the receiving pool, and zfs version on both hosts. A stream with embedded data into an encrypted dataset gives the same words.',
  ZFS_FROM_NOT_EARLIER: 'Exchange the two snapshots, or choose an older one to start from.',
  ZFS_GUID_MISMATCH: 'Do not rely on this copy. Look at what else writes to the target, and send again.',
  ZFS_HAS_CHILDREN: 'Destroy those first, or leave it.',
  ZFS_HAS_CLONES: 'Destroy or promote the clones first.',
  ZFS_INCREMENTAL_BASE_MISMATCH:
    'Start the increment from the newest snapshot that both sides have (--from), or send it in full under another name.',
  ZFS_IVSET_MISMATCH: 'Roll the target back to the last snapshot that was received raw, and send again.',
  ZFS_KEY_NOT_LOADED: (fields) =>
    `Load it on the receiver: zfs load-key -r ${word(fields['dataset'], 'DATASET')}.`,
  ZFS_LARGE_BLOCK_MISMATCH: 'Send with large blocks, as the first time.',
  ZFS_MODULE_MISSING: 'Load it as root: modprobe zfs. On Debian it comes with zfs-dkms.',
  ZFS_MODULE_TOO_OLD: 'Reboot, so that the module of the installed version is loaded.',
  ZFS_OUT_OF_SPACE: (fields) =>
    `Make room: zpool list ${word(poolPart(fields['dataset']), 'POOL')}, and destroy snapshots that are not needed; then send again.`,
  ZFS_ORIGIN_MISSING:
    'Send the dataset that the clone was made from first, or send both in one recursive stream.',
  ZFS_PARENT_MISSING: (fields) =>
    `Make it on the receiver: zfs create -p -o canmount=off ${word(fields['parent'], 'PARENT')}.`,
  ZFS_PARENT_NOT_FILESYSTEM: 'Nothing can lie below a volume: choose another target (--into).',
  ZFS_PARTIAL_STATE: (fields) =>
    `Throw it away on the receiver: zfs receive -A ${word(fields['dataset'], 'DATASET')}; then send again.`,
  ZFS_PERMISSION: (fields) =>
    `Run as root, or let this user do it: zfs allow USER send,hold,snapshot (sender) or receive,create,mount,readonly,canmount,mountpoint (receiver) on ${word(fields['dataset'], 'the dataset')}.`,
  ZFS_POOL_SUSPENDED: 'See zpool status; after the devices are back: zpool clear POOL.',
  ZFS_PROPERTIES_NEED_RAW: 'A recursive send carries properties, which an encrypted dataset gives only raw.',
  ZFS_QUOTA_EXCEEDED: (fields) =>
    `Raise the quota above the target: zfs get -r quota,refquota ${word(poolPart(fields['dataset']), 'POOL')}.`,
  ZFS_RESUME_TOKEN_CORRUPT:
    'Throw the partly received state away on the receiver (zfs receive -A) and send again.',
  ZFS_SNAPSHOT_EXISTS: 'Take another snapshot and send that one.',
  ZFS_SNAPSHOT_HELD: (fields) => `See who holds it: zfs holds -r ${word(fields['snapshot'], 'SNAPSHOT')}.`,
  ZFS_SNAPSHOT_MISSING: (fields) =>
    `List what there is: zfs list -t snapshot ${word(datasetPart(fields['snapshot']), 'DATASET')}.`,
  ZFS_SOURCE_KEY_NOT_LOADED: (fields) =>
    `Load it on the sender: zfs load-key -r ${word(datasetPart(fields['snapshot']), 'DATASET')}.`,
  ZFS_STREAM_INTERRUPTED: 'Send again.',
};

/** What to do next about a failure, or undefined where no advice is better than what the message says. */
export function zfsHint(code: ErrorCode, fields: HintFields): string | undefined {
  const hint = HINTS[code];
  return typeof hint === 'function' ? hint(fields) : hint;
}

function datasetPart(name: string | number | bigint | undefined): string | undefined {
  return name === undefined ? undefined : String(name).split('@')[0];
}

function poolPart(name: string | number | bigint | undefined): string | undefined {
  return datasetPart(name)?.split('/')[0];
}
