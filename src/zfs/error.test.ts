// The texts are those of OpenZFS 2.1 to 2.4, as its sources print them.
import { expect, test } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../bytes/error-codes.ts';
import { isMissing, zfsErrorFrom, zfsWarningsFrom } from './error.ts';
import { ERROR_RULES } from './error-rules.ts';

const context = { action: 'zfs receive backup/tank', exitCode: 1, signal: null };

interface Case {
  readonly code: ErrorCode;
  readonly stderr: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** [code, stderr, fields it must carry] */
type Row = readonly [code: ErrorCode, stderr: string, fields?: Readonly<Record<string, string>>];

const casesOf = (rows: readonly Row[]): Case[] =>
  rows.map(([code, stderr, fields]) => ({ code, stderr, ...(fields === undefined ? {} : { fields }) }));

const RECEIVE: readonly Row[] = [
  [
    'ZFS_DESTINATION_EXISTS',
    "cannot receive new filesystem stream: destination 'backup/my tank' exists\nmust specify -F to overwrite it\n",
    { dataset: 'backup/my tank' },
  ],
  [
    'ZFS_DESTINATION_HAS_SNAPSHOTS',
    'cannot receive new filesystem stream: destination has snapshots (eg. backup/tank@a)\nmust destroy them to overwrite it\n',
    { snapshot: 'backup/tank@a' },
  ],
  [
    'ZFS_DESTINATION_IS_CLONE',
    "cannot receive new filesystem stream: destination 'backup/c' is a clone\nmust destroy it to overwrite it\n",
    { dataset: 'backup/c' },
  ],
  [
    'ZFS_DESTINATION_MISSING',
    "cannot receive incremental stream: destination 'backup/tank' does not exist\n",
    { dataset: 'backup/tank' },
  ],
  [
    'ZFS_DESTINATION_MISSING',
    'cannot receive: specified fs (backup/x) does not exist\n',
    { dataset: 'backup/x' },
  ],
  [
    'ZFS_ORIGIN_MISSING',
    'cannot receive new filesystem stream: local origin for clone backup/c@a does not exist\n',
    { snapshot: 'backup/c@a' },
  ],
  [
    'ZFS_PARENT_MISSING',
    "cannot open 'backup/missing': dataset does not exist\ncannot receive new filesystem stream: unable to restore to destination\n",
    { parent: 'backup/missing' },
  ],
  [
    'ZFS_INCREMENTAL_BASE_MISMATCH',
    'cannot receive incremental stream: most recent snapshot of backup/tank does not\nmatch incremental source\n',
    { dataset: 'backup/tank' },
  ],
  [
    'ZFS_DESTINATION_MODIFIED',
    'cannot receive incremental stream: destination backup/tank has been modified\nsince most recent snapshot\n',
    { dataset: 'backup/tank' },
  ],
  [
    'ZFS_SNAPSHOT_EXISTS',
    'cannot restore to backup/tank@a b: destination already exists\n',
    { snapshot: 'backup/tank@a b' },
  ],
  [
    'ZFS_DESTINATION_EXISTS',
    'cannot restore to backup/tank: destination already exists\n',
    { dataset: 'backup/tank' },
  ],
  [
    'ZFS_PARTIAL_STATE',
    'cannot receive incremental stream: destination backup/tank contains partially-complete state from "zfs receive -s".\n',
    { dataset: 'backup/tank' },
  ],
  [
    'ZFS_RESUME_NEEDS_FORCE',
    "cannot receive resume stream: Resuming recv on existing destination 'backup/x'\nmust specify -F to overwrite it\n",
    { dataset: 'backup/x' },
  ],
  [
    'ZFS_RESUME_NEEDS_FORCE',
    'cannot receive resume stream: Resuming recv on existing dataset without force\n',
  ],
  [
    'ZFS_STREAM_INTERRUPTED',
    'cannot receive new filesystem stream: checksum mismatch or incomplete stream.\nPartially received snapshot is saved.\nA resuming stream can be generated on the sending system by running:\n    zfs send -t 1-e604ea4bf-e0-789c63a2\n',
    { token: '1-e604ea4bf-e0-789c63a2' },
  ],
  ['ZFS_STREAM_CORRUPT', 'cannot receive new filesystem stream: checksum mismatch\n'],
  ['ZFS_STREAM_TRUNCATED', 'cannot receive new filesystem stream: incomplete stream\n'],
  [
    'ZFS_RAW_ONTO_PLAIN',
    'cannot receive incremental stream: cannot perform raw receive on top of existing unencrypted dataset\n',
  ],
  [
    'ZFS_FORCE_OVER_ENCRYPTED',
    'cannot receive new filesystem stream: zfs receive -F cannot be used to destroy an encrypted filesystem or overwrite an unencrypted one with an encrypted one\n',
  ],
  ['ZFS_KEY_CREATE_FAILED', 'cannot receive new filesystem stream: failed to create encryption key\n'],
  ['ZFS_KEY_MISMATCH', 'cannot receive incremental stream: encryption key does not match existing key\n'],
  ['ZFS_KEY_NOT_LOADED', 'cannot receive new filesystem stream: inherited key must be loaded\n'],
  [
    'ZFS_KEY_NOT_LOADED',
    'cannot receive: key must be loaded to do a non-raw corrective recv on an encrypted dataset.\n',
  ],
  [
    'ZFS_IVSET_MISSING',
    'cannot receive incremental stream: IV set guid missing. See errata 4 at https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-ER.\n',
  ],
  [
    'ZFS_IVSET_MISMATCH',
    "cannot receive incremental stream: IV set guid mismatch. See the 'zfs receive' man page section\n discussing the limitations of raw encrypted send streams.\n",
  ],
  [
    'ZFS_EMBEDDED_INTO_ENCRYPTED',
    'cannot receive new filesystem stream: incompatible embedded data stream feature with encrypted receive.\n',
  ],
  [
    'ZFS_LARGE_BLOCK_MISMATCH',
    'cannot receive incremental stream: incremental send stream requires -L (--large-block), to match previous receive.\n',
  ],
  [
    'ZFS_FEATURE_UNSUPPORTED',
    'cannot receive new filesystem stream: pool must be upgraded to receive this stream.\n',
  ],
  [
    'ZFS_FEATURE_UNSUPPORTED',
    'cannot receive: stream has unsupported feature, feature flags = 4000000 (unknown flags = 4000000)\n',
    { features: '4000000', unknown: '4000000' },
  ],
  [
    'ZFS_FEATURE_UNSUPPORTED',
    'cannot receive: stream has unsupported feature, feature flags = 24\n',
    { features: '24' },
  ],
  [
    'ZFS_FEATURE_UNSUPPORTED',
    'cannot receive new filesystem stream: kernel modules must be upgraded to receive this stream.\n',
  ],
  [
    'ZFS_FEATURE_UNSUPPORTED',
    'cannot receive: stream uses crypto parameters not compatible with this pool\n',
  ],
  ['ZFS_FEATURE_UNSUPPORTED', 'cannot receive: stream has deprecated feature: dedup, try zstream redup\n'],
  [
    'ZFS_QUOTA_EXCEEDED',
    'cannot receive new filesystem stream: destination backup/tank space quota exceeded.\n',
    { dataset: 'backup/tank' },
  ],
  [
    'ZFS_SENDER_TOO_OLD',
    'cannot receive incremental stream: Spill block flag missing for raw send.\nThe zfs software on the sending system must be updated.\n',
  ],
  ['ZFS_STREAM_BAD', 'cannot receive: invalid stream (bad magic number)\n', { fault: 'bad magic number' }],
  ['ZFS_STREAM_BAD', 'cannot receive: invalid stream (bad snapshot name)\n'],
  ['ZFS_STREAM_BAD', 'cannot receive: invalid stream (malformed nvlist)\n'],
  ['ZFS_STREAM_BAD', 'cannot receive: nvlist too large\n'],
  ['ZFS_STREAM_BAD', 'cannot receive: incorrect header checksum\n'],
  ['ZFS_STREAM_BAD', 'cannot receive: invalid record type: 0x9\n'],
  ['ZFS_STREAM_BAD', 'cannot receive: failed to read from stream\n'],
  ['ZFS_STREAM_BAD', 'cannot receive: cannot specify snapshot name for multi-snapshot stream\n'],
  [
    'ZFS_PARENT_NOT_FILESYSTEM',
    "cannot receive new filesystem stream: parent 'backup/vol' is not a filesystem\n",
    { parent: 'backup/vol' },
  ],
  [
    'ZFS_HEAL_SNAPSHOT_MISSING',
    'cannot receive: corrective recv must specify an existing snapshot to heal\n',
  ],
  ['ZFS_HEAL_MISMATCH', "cannot receive: local snapshot doesn't match the snapshot in the provided stream\n"],
  [
    'ZFS_HEAL_FAILED',
    'cannot receive: corrective receive was not able to reconstruct the data needed for healing.\n',
  ],
  [
    'ZFS_NO_PARTIAL_STATE',
    "'backup/tank' does not have any resumable receive state to abort\n",
    { dataset: 'backup/tank' },
  ],
  [
    'ZFS_PROPERTY_NOT_RECEIVED',
    'cannot receive quota property on backup/tank: size is less than current used or reserved space\n',
    { property: 'quota', dataset: 'backup/tank' },
  ],
  [
    'ZFS_PROPERTY_NOT_RECEIVED',
    'Warning: failed to clear unreceived properties on backup/tank\n',
    { dataset: 'backup/tank' },
  ],
];

const SEND: readonly Row[] = [
  [
    'ZFS_FROM_NOT_EARLIER',
    "warning: cannot send 'tank@b': not an earlier snapshot from the same fs\n",
    { snapshot: 'tank@b' },
  ],
  ['ZFS_FROM_MISSING', "cannot send 'tank': incremental source (@a) does not exist\n", { snapshot: '@a' }],
  [
    'ZFS_PROPERTY_INVALID',
    "cannot set property for 'tank/a b': 'compression' must be one of 'on | off | lzjb'\n",
    { property: 'compression', dataset: 'tank/a b' },
  ],
  ['ZFS_PROPERTY_INVALID', "cannot set property for 'tank': 'used' is readonly\n", { property: 'used' }],
  // What 2.1 and 2.3 print; the text of the sources, below, comes from another path.
  ['ZFS_SOURCE_KEY_NOT_LOADED', "warning: cannot send 'tank/secret@a': dataset key must be loaded\n"],
  [
    'ZFS_SOURCE_KEY_NOT_LOADED',
    "warning: cannot send 'tank/e@b': source key must be loaded\n",
    { snapshot: 'tank/e@b' },
  ],
  ['ZFS_SEND_INCOMPLETE', 'WARNING: could not send tank/c@b: does not exist\n', { snapshot: 'tank/c@b' }],
  [
    'ZFS_SEND_INCOMPLETE',
    'WARNING: could not send tank/c@b:\nincremental source (tank/c@a) is not earlier than it\n',
    { snapshot: 'tank/c@b', from: 'tank/c@a' },
  ],
  [
    'ZFS_PROPERTIES_NEED_RAW',
    "cannot send 'tank/e@a': encrypted dataset tank/e may not be sent with properties without the raw flag\n",
    { dataset: 'tank/e' },
  ],
  [
    'ZFS_SNAPSHOT_MISSING',
    "cannot send 'tank': snapshot tank/c@b does not exist\n",
    { snapshot: 'tank/c@b' },
  ],
  [
    'ZFS_RESUME_SNAPSHOT_CHANGED',
    "cannot resume send: 'tank@a' is no longer the same snapshot used in the initial send\n",
    { snapshot: 'tank@a' },
  ],
  [
    'ZFS_RESUME_SNAPSHOT_GONE',
    "cannot resume send: 'tank@a' used in the initial send no longer exists\n",
    { snapshot: 'tank@a' },
  ],
  [
    'ZFS_RESUME_FROM_GONE',
    'cannot resume send: incremental source 0x9a3f4d21 no longer exists\n',
    { guid: '0x9a3f4d21' },
  ],
  [
    'ZFS_RESUME_TOKEN_CORRUPT',
    'cannot resume send: resume token is corrupt (incorrect checksum)\n',
    { fault: 'incorrect checksum' },
  ],
  [
    'ZFS_SNAPSHOT_LIST_TOO_LARGE',
    "warning: cannot send 'tank@a': the size of the list of snapshots and properties is too large to be received successfully.\n",
  ],
];

const CHANGES: readonly Row[] = [
  [
    'ZFS_ROLLBACK_BLOCKED',
    "cannot rollback to 'tank@a': more recent snapshots or bookmarks exist\nuse '-r' to force deletion of the following snapshots and bookmarks:\ntank@b\ntank#c\n",
    { snapshot: 'tank@a', blocking: 'tank@b, tank#c' },
  ],
  [
    'ZFS_ROLLBACK_BLOCKED',
    "cannot rollback to 'tank@a': clones of previous snapshots exist\nuse '-R' to force deletion of the following clones and dependents:\ntank/%recv\n",
    { blocking: 'tank/%recv' },
  ],
  [
    'ZFS_HAS_CHILDREN',
    "cannot destroy 'tank/d': filesystem has children\nuse '-r' to destroy the following datasets:\ntank/d/e\ntank/d@a\n",
    { dataset: 'tank/d', blocking: 'tank/d/e, tank/d@a' },
  ],
  [
    'ZFS_HAS_CLONES',
    "cannot destroy 'tank/d@a': snapshot has dependent clones\nuse '-R' to destroy the following datasets:\ntank/clone\n",
    { dataset: 'tank/d@a', blocking: 'tank/clone' },
  ],
  ['ZFS_SNAPSHOT_CLONED', 'cannot destroy snapshot tank@a: snapshot is cloned\n', { snapshot: 'tank@a' }],
  [
    'ZFS_SNAPSHOT_HELD',
    "cannot destroy snapshot tank@a: it's being held. Run 'zfs holds -r tank@a' to see holders.\n",
    { snapshot: 'tank@a' },
  ],
  [
    'ZFS_BOOKMARK_EXISTS',
    "cannot create bookmark 'tank/a b#m': bookmark exists\n",
    { bookmark: 'tank/a b#m' },
  ],
  [
    'ZFS_BOOKMARK_ELSEWHERE',
    "cannot create bookmark 'other#m': bookmark is in a different pool\n",
    { bookmark: 'other#m' },
  ],
  [
    'ZFS_BOOKMARK_ELSEWHERE',
    "cannot create bookmark 'tank/b#m': source is not an ancestor of the new bookmark's dataset\n",
  ],
  ['ZFS_UNSUPPORTED', "cannot create bookmark 'tank#m': bookmark feature not enabled\n"],
  ['ZFS_DATASET_MISSING', "bookmark 'tank#m' does not exist.\n", { bookmark: 'tank#m' }],
  [
    'ZFS_DUPLICATE_SNAPSHOTS',
    'cannot create snapshots : multiple snapshots of same fs not allowed\nno snapshots were created\n',
  ],
  ['ZFS_NOT_A_CLONE', "cannot promote 'tank/a': not a cloned filesystem\n", { dataset: 'tank/a' }],
  [
    'ZFS_PROMOTE_CONFLICT',
    "cannot promote 'tank/c': conflicting snapshot 'mon' from parent 'tank/a'\n",
    { dataset: 'tank/c', snap: 'mon', origin: 'tank/a' },
  ],
  ['ZFS_OTHER_POOL', "cannot rename to 'other/a': datasets must be within same pool\n"],
  ['ZFS_PARENT_MISSING', "cannot create 'tank/x/y': parent does not exist\n", { dataset: 'tank/x/y' }],
  ['ZFS_NOTHING_TO_DESTROY', 'could not find any snapshots to destroy; check snapshot names.\n'],
];

const STANDARD: readonly Row[] = [
  ['ZFS_DATASET_MISSING', "cannot open 'tank/x': dataset does not exist\n", { dataset: 'tank/x' }],
  [
    'ZFS_DATASET_EXISTS',
    "cannot create snapshot 'tank@a': dataset already exists\nno snapshots were created\n",
    { snapshot: 'tank@a' },
  ],
  ['ZFS_DATASET_BUSY', 'cannot destroy snapshot tank@a: dataset is busy\n'],
  ['ZFS_PERMISSION', "cannot create snapshot 'tank@a': permission denied\n", { snapshot: 'tank@a' }],
  ['ZFS_PERMISSION', 'Permission denied the ZFS utilities must be run as root.\n'],
  [
    'ZFS_DELEGATION_DISABLED',
    "cannot hold snapshot 'tank@a': delegated administration is disabled on pool\n",
  ],
  ['ZFS_IO_ERROR', "cannot open 'tank': I/O error\n"],
  ['ZFS_SIGNAL', "warning: cannot send 'tank@a': signal received\n"],
  ['ZFS_BROKEN_PIPE', "warning: cannot send 'tank@a': Broken pipe\n"],
  ['ZFS_INSUFFICIENT_REPLICAS', 'cannot receive: insufficient replicas\n'],
  ['ZFS_OUT_OF_SPACE', 'cannot receive new filesystem stream: out of space\n'],
  ['ZFS_POOL_READ_ONLY', "cannot create 'backup/x': pool is read-only\n"],
  ['ZFS_NAME_TOO_LONG', "cannot open 'tank/xx': dataset name is too long\n"],
  ['ZFS_UNSUPPORTED', "cannot open 'tank': unsupported version or feature\n"],
  ['ZFS_POOL_SUSPENDED', "cannot open 'tank': pool I/O is currently suspended\n"],
  ['ZFS_POOL_ELSEWHERE', "cannot open 'tank': pool is imported on a different host\n"],
  [
    'ZFS_MODULE_TOO_OLD',
    'cannot receive: the loaded zfs module does not support this operation. A reboot may be required to enable this operation.\n',
  ],
  [
    'ZFS_MODULE_MISSING',
    "The ZFS modules cannot be auto-loaded.\nTry running 'modprobe zfs' as root to manually load them.\n",
  ],
  [
    'ZFS_MODULE_MISSING',
    "The ZFS modules are not loaded.\nTry running '/sbin/modprobe zfs' as root to load them.\n",
  ],
  ['ZFS_STREAM_BAD', 'cannot receive new filesystem stream: invalid backup stream\n'],
  ['ZFS_BACKUP_FAILED', "warning: cannot send 'tank@a': backup failed\n"],
  ['ZFS_RESTORE_FAILED', 'cannot receive new filesystem stream: unable to restore to destination\n'],
  ['ZFS_ENCRYPTION_FAILED', 'cannot receive: encryption failure\n'],
  ['ZFS_PROPERTY_INVALID', 'cannot receive: invalid property value\n'],
  [
    'ZFS_PROPERTY_INVALID',
    "cannot receive new filesystem stream: property 'canmount' does not apply to datasets of this type\n",
  ],
  ['ZFS_TYPE_MISMATCH', "cannot open 'tank/v': operation not applicable to datasets of this type\n"],
  ['ZFS_HOLD_EXISTS', "cannot hold snapshot 'tank@a': tag already exists on this dataset\n"],
  ['ZFS_HOLD_MISSING', "cannot release hold from snapshot 'tank@a': no such tag on this dataset\n"],
  ['ZFS_TAG_TOO_LONG', "cannot hold snapshot 'tank@a': tag too long\n"],
  ['ZFS_PARENT_INVALID', "cannot create 'tank/v/x': invalid parent dataset\n"],
  ['ZFS_POOL_UNAVAILABLE', "cannot open 'tank': pool is unavailable\n"],
  ['NAME_INVALID', "cannot open 'tank/a%': invalid character '%' in name\n"],
  ['ZFS_INTERNAL', 'internal error: cannot receive: Invalid exchange\n'],
];

test.each(casesOf([...RECEIVE, ...SEND, ...CHANGES, ...STANDARD]))(
  '$code: $stderr',
  ({ code, stderr, fields = {} }) => {
    const error = zfsErrorFrom(stderr, context);
    expect(error.code).toBe(code);
    expect(error.fields).toMatchObject(fields);
    expect(error.message).toMatch(/^zfs receive backup\/tank failed: ./);
    expect(error.message).not.toContain('\n');
    expect(error.message).not.toContain('-F to overwrite');
  },
);

test('every ZFS code that a rule can give has a text here, so that a broken pattern shows', () => {
  const given = new Set([...RECEIVE, ...SEND, ...CHANGES, ...STANDARD].map(([code]) => code));
  expect(ERROR_RULES.map((rule) => rule.code).filter((code) => !given.has(code))).toEqual([]);
  expect(ERROR_RULES.every((rule) => rule.code in ERROR_CODES)).toBe(true);
});

test.each<[ErrorCode, string]>([
  [
    'ZFS_OUT_OF_SPACE',
    "cannot receive new filesystem stream: out of space\nwarning: cannot send 'tank@a': Broken pipe\n",
  ],
  [
    'ZFS_OUT_OF_SPACE',
    "warning: cannot send 'tank@a': signal received\nBroken pipe\ncannot receive new filesystem stream: out of space\n",
  ],
  [
    'ZFS_DESTINATION_MODIFIED',
    'cannot receive: failed to read from stream\ncannot receive incremental stream: destination b has been modified\nsince most recent snapshot\n',
  ],
  [
    'ZFS_PERMISSION',
    'Warning: failed to clear unreceived properties on b\ncannot receive: permission denied\n',
  ],
  ['ZFS_UNKNOWN', 'cannot receive: the stars are wrong\nBroken pipe\n'],
  [
    'ZFS_SIGNAL',
    "Warning: failed to clear unreceived properties on b\nwarning: cannot send 'tank@a': signal received\n",
  ],
])('the cause wins over what follows from it: %s', (code, stderr) => {
  expect(zfsErrorFrom(stderr, context).code).toBe(code);
});

test('of two causes the first is the cause', () => {
  const stderr = "cannot receive: permission denied\ncannot open 'backup/x': dataset does not exist\n";
  expect(zfsErrorFrom(stderr, context).code).toBe('ZFS_PERMISSION');
});

test('unknown words are kept whole', () => {
  const stderr = `cannot receive: ${'an unheard-of thing '.repeat(50)}\nin two lines\n`;
  const error = zfsErrorFrom(stderr, context);
  expect(error.code).toBe('ZFS_UNKNOWN');
  expect(error.fields['stderr']).toBe(stderr);
  expect(error.message.length).toBeLessThan(500);
});

test('silence is told by exit code or signal', () => {
  const exited = zfsErrorFrom('', { action: 'zfs list', exitCode: 2, signal: null });
  expect([exited.code, exited.message]).toEqual([
    'ZFS_UNKNOWN',
    'zfs list failed: it ended with exit code 2 and said nothing',
  ]);
  const killed = zfsErrorFrom('\n', { action: 'zfs send', exitCode: null, signal: 'SIGKILL' });
  expect([killed.code, killed.fields['signal']]).toEqual(['ZFS_SIGNAL', 'SIGKILL']);
});

test('hints are commands that can be pasted, names with spaces quoted', () => {
  const parent = zfsErrorFrom(RECEIVE.find(([code]) => code === 'ZFS_PARENT_MISSING')?.[1] ?? '', context);
  expect(parent.hint).toContain('zfs create -p -o canmount=off backup/missing');
  const partial = zfsErrorFrom(
    'cannot receive: destination backup/my tank contains partially-complete state from "zfs receive -s".\n',
    context,
  );
  expect(partial.hint).toContain("zfs receive -A 'backup/my tank'");
  const exists = zfsErrorFrom(RECEIVE[0]?.[1] ?? '', context);
  expect(exists.hint).toContain("zfs destroy -r 'backup/my tank'");
});

test('the dataset of the command is kept where the text names none', () => {
  const error = zfsErrorFrom('cannot receive: out of space\n', { ...context, dataset: 'backup/tank' });
  expect(error.fields).toMatchObject({ dataset: 'backup/tank', exitCode: 1 });
  expect(error.hint).toContain('zpool list backup');
});

test('a property or a character in quotes is not taken for a dataset', () => {
  const stderr =
    "cannot receive new filesystem stream: property 'canmount' does not apply to datasets of this type\n";
  expect(zfsErrorFrom(stderr, { ...context, dataset: 'backup/v' }).fields['dataset']).toBe('backup/v');
});

test('a long list of blocking names is bounded', () => {
  const names = Array.from({ length: 2000 }, (_, n) => `tank/d/child-${n}`).join('\n');
  const error = zfsErrorFrom(
    `cannot destroy 'tank/d': filesystem has children\nuse '-r' to destroy the following datasets:\n${names}\n`,
    context,
  );
  expect(String(error.fields['blocking']).length).toBeLessThanOrEqual(2000);
  expect(error.message.length).toBeLessThan(300);
});

test('nothing there is told apart from every other failure', () => {
  expect(isMissing(zfsErrorFrom("cannot open 'x': dataset does not exist\n", context))).toBe(true);
  expect(isMissing(zfsErrorFrom("cannot open 'x': I/O error\n", context))).toBe(false);
  expect(isMissing(new Error('dataset does not exist'))).toBe(false);
});

test('complaints of a command that succeeded are lines, at most twenty', () => {
  expect(zfsWarningsFrom('')).toEqual([]);
  expect(zfsWarningsFrom('Warning: a\n\nWarning: b\n')).toEqual(['Warning: a', 'Warning: b']);
  expect(zfsWarningsFrom('w\n'.repeat(100))).toHaveLength(20);
});
