// What OpenZFS says when it fails, as patterns. The texts are those of lib/libzfs/libzfs_util.c (zfs_verror and its
// table), libzfs_sendrecv.c, libzfs_dataset.c and cmd/zfs/zfs_main.c, in versions 2.1 to 2.4; there are no
// translations, and every command runs with LC_ALL=C. stderr is `<action>: <reason>\n`, the reason may span lines.
import type { ErrorCode } from '../bytes/error-codes.ts';

/** `secondary` texts follow from another failure: a broken pipe, a signal. `warning` texts can come with success. */
export type RuleRank = 'primary' | 'warning' | 'secondary';

export interface ErrorRule {
  readonly code: ErrorCode;
  /** Named groups become fields; `blocking` is a list of names, one a line. */
  readonly pattern: RegExp;
  readonly rank: RuleRank;
}

const primary = (code: ErrorCode, pattern: RegExp): ErrorRule => ({ code, pattern, rank: 'primary' });
const warning = (code: ErrorCode, pattern: RegExp): ErrorRule => ({ code, pattern, rank: 'warning' });
const secondary = (code: ErrorCode, pattern: RegExp): ErrorRule => ({ code, pattern, rank: 'secondary' });

/** Reasons that `zfs receive` gives (zfs_receive_one, zfs_receive_impl, recv_ecksum_set_aux). */
const RECEIVE_RULES: readonly ErrorRule[] = [
  primary(
    'ZFS_PARENT_MISSING',
    /cannot open '(?<parent>[^'\n]+)': dataset does not exist\s+cannot receive new filesystem stream: unable to restore to destination/,
  ),
  primary(
    'ZFS_DESTINATION_EXISTS',
    /destination '(?<dataset>[^'\n]+)' exists\s+must specify -F to overwrite it/,
  ),
  primary(
    'ZFS_DESTINATION_HAS_SNAPSHOTS',
    /destination has snapshots \(eg\. (?<snapshot>[^)\n]+)\)\s+must destroy them to overwrite it/,
  ),
  primary(
    'ZFS_DESTINATION_IS_CLONE',
    /destination '(?<dataset>[^'\n]+)' is a clone\s+must destroy it to overwrite it/,
  ),
  primary('ZFS_DESTINATION_MISSING', /destination '(?<dataset>[^'\n]+)' does not exist/),
  primary('ZFS_ORIGIN_MISSING', /local origin for clone (?<snapshot>.+) does not exist/),
  primary('ZFS_ORIGIN_MISSING', /specified origin fs \((?<snapshot>[^)\n]+)\) does not exist/),
  primary('ZFS_DESTINATION_MISSING', /specified fs \((?<dataset>[^)\n]+)\) does not exist/),
  primary(
    'ZFS_INCREMENTAL_BASE_MISMATCH',
    /most recent snapshot of (?<dataset>.+) does not\s+match incremental source/,
  ),
  primary(
    'ZFS_DESTINATION_MODIFIED',
    /destination (?<dataset>.+) has been modified\s+since most recent snapshot/,
  ),
  primary(
    'ZFS_SNAPSHOT_EXISTS',
    /cannot restore to (?<snapshot>[^@\n]+@[^@\n]+): destination already exists/,
  ),
  primary('ZFS_DESTINATION_EXISTS', /cannot restore to (?<dataset>[^@\n]+): destination already exists/),
  primary(
    'ZFS_PARTIAL_STATE',
    /destination (?<dataset>.+) contains partially-complete state from "zfs receive -s"/,
  ),
  primary(
    'ZFS_RESUME_NEEDS_FORCE',
    /Resuming recv on existing destination '(?<dataset>[^'\n]+)'(?:\s+must specify -F to overwrite it)?/,
  ),
  primary('ZFS_RESUME_NEEDS_FORCE', /Resuming recv on existing dataset without force/),
  primary(
    'ZFS_STREAM_INTERRUPTED',
    /checksum mismatch or incomplete stream\.\s+Partially received snapshot is saved\.(?:[\s\S]*?zfs send -t (?<token>\S+))?/,
  ),
  primary('ZFS_STREAM_BAD', /incorrect header checksum/),
  primary('ZFS_STREAM_CORRUPT', /: checksum mismatch(?! or)/),
  primary('ZFS_STREAM_TRUNCATED', /: incomplete stream/),
  primary('ZFS_RAW_ONTO_PLAIN', /cannot perform raw receive on top of existing unencrypted dataset/),
  primary('ZFS_FORCE_OVER_ENCRYPTED', /zfs receive -F cannot be used to destroy an encrypted filesystem/),
  primary('ZFS_KEY_CREATE_FAILED', /failed to create encryption key/),
  primary('ZFS_KEY_MISMATCH', /encryption key does not match existing key/),
  primary('ZFS_KEY_NOT_LOADED', /inherited key must be loaded/),
  primary('ZFS_KEY_NOT_LOADED', /key must be loaded to do a non-raw corrective recv/),
  primary('ZFS_IVSET_MISSING', /IV set guid missing/),
  primary('ZFS_IVSET_MISMATCH', /IV set guid mismatch/),
  primary('ZFS_EMBEDDED_INTO_ENCRYPTED', /incompatible embedded data stream feature with encrypted receive/),
  primary('ZFS_LARGE_BLOCK_MISMATCH', /incremental send stream requires -L \(--large-block\)/),
  primary('ZFS_FEATURE_UNSUPPORTED', /pool must be upgraded to receive this stream/),
  primary(
    'ZFS_FEATURE_UNSUPPORTED',
    /stream has unsupported feature, feature flags = (?<features>[0-9a-f]+)(?: \(unknown flags = (?<unknown>[0-9a-f]+)\))?/,
  ),
  primary('ZFS_FEATURE_UNSUPPORTED', /kernel modules must be upgraded to receive this stream/),
  primary('ZFS_FEATURE_UNSUPPORTED', /stream uses crypto parameters not compatible with this pool/),
  primary('ZFS_FEATURE_UNSUPPORTED', /stream has deprecated feature: dedup/),
  primary('ZFS_FEATURE_UNSUPPORTED', /no longer supports deduplicated send streams/),
  primary('ZFS_QUOTA_EXCEEDED', /destination (?<dataset>.+) space quota exceeded/),
  primary('ZFS_SENDER_TOO_OLD', /Spill block flag missing for raw send/),
  primary('ZFS_STREAM_BAD', /invalid stream \((?<fault>[^)\n]+)\)/),
  primary('ZFS_STREAM_BAD', /: (?:nvlist too large|invalid record type)/),
  primary('ZFS_STREAM_BAD', /cannot specify snapshot name for multi-snapshot stream/),
  primary('ZFS_PARENT_NOT_FILESYSTEM', /parent '(?<parent>[^'\n]+)' is not a filesystem/),
  primary('ZFS_HEAL_SNAPSHOT_MISSING', /corrective recv must specify an existing snapshot to heal/),
  primary('ZFS_HEAL_MISMATCH', /local snapshot doesn't match the snapshot in the provided stream/),
  primary('ZFS_HEAL_FAILED', /corrective receive was not able to reconstruct the data needed for healing/),
  primary('ZFS_NO_PARTIAL_STATE', /'(?<dataset>[^'\n]+)' does not have any resumable receive state to abort/),
  warning(
    'ZFS_PROPERTY_NOT_RECEIVED',
    /cannot receive (?<property>\S+) property on (?<dataset>[^\n]+?): [^\n]+/,
  ),
  warning(
    'ZFS_PROPERTY_NOT_RECEIVED',
    /Warning: failed to (?:clear unreceived|restore original) properties on (?<dataset>[^\n]+)/,
  ),
  warning(
    'ZFS_PROPERTY_NOT_RECEIVED',
    /Warning: (?<dataset>[^\n]+?): property '(?<property>[^'\n]+)' does not apply to datasets of this type/,
  ),
];

/** Reasons that `zfs send` gives. */
const SEND_RULES: readonly ErrorRule[] = [
  primary('ZFS_FROM_NOT_EARLIER', /not an earlier snapshot from the same fs/),
  primary('ZFS_FROM_MISSING', /incremental source \((?<snapshot>@[^)\n]+)\) does not exist/),
  primary('ZFS_SOURCE_KEY_NOT_LOADED', /(?:source|dataset) key must be loaded/),
  warning('ZFS_SEND_INCOMPLETE', /WARNING: could not send (?<snapshot>[^\n]+): does not exist/),
  warning(
    'ZFS_SEND_INCOMPLETE',
    /could not send (?<snapshot>[^\n]+):\s+incremental source \((?<from>[^)\n]+)\) (?:is not earlier than it|does not exist)/,
  ),
  primary(
    'ZFS_PROPERTIES_NEED_RAW',
    /encrypted dataset (?<dataset>.+) may not be sent with properties without the raw flag/,
  ),
  primary('ZFS_SNAPSHOT_MISSING', /: snapshot (?<snapshot>[^@\n]+@[^\n]+) does not exist/),
  primary(
    'ZFS_RESUME_SNAPSHOT_CHANGED',
    /'(?<snapshot>[^'\n]+)' is no longer the same snapshot used in the initial send/,
  ),
  primary('ZFS_RESUME_SNAPSHOT_GONE', /'(?<snapshot>[^'\n]+)' used in the initial send no longer exists/),
  primary('ZFS_RESUME_FROM_GONE', /incremental source (?<guid>0x[0-9a-f]+) no longer exists/),
  primary('ZFS_RESUME_TOKEN_CORRUPT', /resume token is corrupt \((?<fault>[^)\n]+)\)/),
  primary('ZFS_SNAPSHOT_LIST_TOO_LARGE', /the size of the list of snapshots and properties is too large/),
];

/** Reasons that snapshot, destroy, rollback and hold give. */
const CHANGE_RULES: readonly ErrorRule[] = [
  primary(
    'ZFS_ROLLBACK_BLOCKED',
    /cannot rollback to '(?<snapshot>[^'\n]+)': (?:more recent snapshots or bookmarks|clones of previous snapshots) exist(?:\s+use '-[rR]' to force deletion of the following [^:\n]+:(?<blocking>[\s\S]*))?/,
  ),
  primary(
    'ZFS_HAS_CHILDREN',
    /cannot destroy '(?<dataset>[^'\n]+)': \w+ has children(?:\s+use '-r' to destroy the following datasets:(?<blocking>[\s\S]*))?/,
  ),
  primary(
    'ZFS_HAS_CLONES',
    /cannot destroy '(?<dataset>[^'\n]+)': \w+ has dependent clones(?:\s+use '-R' to destroy the following datasets:(?<blocking>[\s\S]*))?/,
  ),
  primary('ZFS_SNAPSHOT_CLONED', /cannot destroy snapshot (?<snapshot>[^\n]+): snapshot is cloned/),
  primary('ZFS_SNAPSHOT_HELD', /cannot destroy snapshot (?<snapshot>[^\n]+): it's being held/),
  primary('ZFS_SNAPSHOT_HELD', /it's being held\. Run 'zfs holds -r (?<snapshot>[^'\n]+)' to see holders/),
  primary('ZFS_BOOKMARK_EXISTS', /cannot create bookmark '(?<bookmark>[^'\n]+)': bookmark exists/),
  primary(
    'ZFS_BOOKMARK_ELSEWHERE',
    /cannot create bookmark '(?<bookmark>[^'\n]+)': (?:bookmark is in a different pool|source is not an ancestor of the new bookmark's dataset)/,
  ),
  primary('ZFS_UNSUPPORTED', /cannot create bookmark '(?<bookmark>[^'\n]+)': bookmark feature not enabled/),
  primary('ZFS_DATASET_MISSING', /bookmark '(?<bookmark>[^'\n]+)' does not exist/),
  primary('ZFS_DUPLICATE_SNAPSHOTS', /multiple snapshots of same fs not allowed/),
  primary('ZFS_NOT_A_CLONE', /cannot promote '(?<dataset>[^'\n]+)': not a cloned filesystem/),
  primary(
    'ZFS_PROMOTE_CONFLICT',
    /cannot promote '(?<dataset>[^'\n]+)': conflicting snapshot '(?<snap>[^'\n]+)' from parent '(?<origin>[^'\n]+)'/,
  ),
  primary('ZFS_OTHER_POOL', /: (?:datasets must be within same pool|operation crosses datasets or pools)/),
  primary(
    'ZFS_PARENT_MISSING',
    /cannot (?:create|rename to|clone) '(?<dataset>[^'\n]+)': parent does not exist/,
  ),
  primary('ZFS_NOTHING_TO_DESTROY', /could not find any snapshots to destroy/),
];

/** The table of zfs_standard_error and libzfs_error_description, and what libzfs_init says. */
const STANDARD_RULES: readonly ErrorRule[] = [
  primary('ZFS_INTERNAL', /internal error: [^\n]*/),
  primary(
    'ZFS_MODULE_MISSING',
    /The ZFS modules? (?:are not loaded|cannot be auto-loaded)|\/dev\/zfs and \/proc\/self\/mounts are required/,
  ),
  primary('ZFS_PERMISSION', /Permission denied the ZFS utilities must be run as root/),
  primary('ZFS_MODULE_TOO_OLD', /the loaded zfs module does not support this operation/),
  primary('ZFS_DATASET_MISSING', /: (?:dataset does not exist|no such pool or dataset|no such pool)/),
  primary('ZFS_DATASET_EXISTS', /: dataset already exists/),
  primary('ZFS_DATASET_BUSY', /: (?:dataset|pool) is busy/),
  primary('ZFS_PERMISSION', /: permission denied/i),
  primary('ZFS_DELEGATION_DISABLED', /delegated administration is disabled on pool/),
  primary('ZFS_IO_ERROR', /: (?:I\/O error|Input\/output error)/),
  primary('ZFS_INSUFFICIENT_REPLICAS', /insufficient replicas/),
  primary('ZFS_OUT_OF_SPACE', /: (?:out of space|No space left on device)/),
  primary('ZFS_POOL_READ_ONLY', /: (?:pool is read-only|dataset is read only|Read-only file system)/),
  primary('ZFS_NAME_TOO_LONG', /dataset name is too long/),
  primary('ZFS_NAME_TOO_LONG', /: name is too long/),
  primary('NAME_INVALID', /: invalid (?:dataset |snapshot )?name|: invalid character /),
  primary(
    'ZFS_UNSUPPORTED',
    /unsupported version or feature|: unsupported version|: operation not supported/,
  ),
  primary('ZFS_POOL_SUSPENDED', /pool I\/O is currently suspended/),
  primary('ZFS_POOL_ELSEWHERE', /pool is imported on a different host/),
  primary('ZFS_STREAM_BAD', /invalid backup stream/),
  primary('ZFS_RESTORE_FAILED', /unable to restore to destination/),
  primary('ZFS_ENCRYPTION_FAILED', /encryption failure/),
  primary(
    'ZFS_PROPERTY_INVALID',
    /: '(?<property>[^'\n]+)' (?:must be (?:one of|a number|a string)|is readonly)|: bad numeric value/,
  ),
  primary(
    'ZFS_PROPERTY_INVALID',
    /invalid property value|: invalid property '|does not apply to datasets of this type/,
  ),
  primary('ZFS_TYPE_MISMATCH', /operation not applicable to datasets of this type/),
  primary('ZFS_HOLD_EXISTS', /tag already exists on this dataset/),
  primary('ZFS_HOLD_MISSING', /no such tag on this dataset/),
  primary('ZFS_TAG_TOO_LONG', /: tag too long/),
  primary('ZFS_PARENT_INVALID', /invalid parent dataset/),
  primary('ZFS_POOL_UNAVAILABLE', /: pool is unavailable/),
  secondary('ZFS_BACKUP_FAILED', /: backup failed/),
  secondary('ZFS_STREAM_BAD', /failed to read from stream/),
  secondary('ZFS_SIGNAL', /: signal received/),
  secondary('ZFS_BROKEN_PIPE', /Broken pipe/),
];

/** All rules, special ones before general ones: of two that match at the same place the first counts. */
export const ERROR_RULES: readonly ErrorRule[] = [
  ...RECEIVE_RULES,
  ...SEND_RULES,
  ...CHANGE_RULES,
  ...STANDARD_RULES,
];
