// Every error code of zwire, its exit code and its meaning, sorted by room.
// docs/errors.md gives cause and remedy for each; a test keeps the two complete.

/** Exit codes of the command line. 129, 130 and 143 (interrupted) are added by the shell convention 128 + signal. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  noAnswer: 3,
  refused: 4,
  environment: 5,
  interrupted: 130,
} as const;

/** Every code with its exit code and its meaning. */
export const ERROR_CODES = {
  // bytes
  MAC_MALFORMED: { exit: 'usage', meaning: 'a MAC address is not six bytes in hex' },
  IPV4_MALFORMED: { exit: 'usage', meaning: 'an IPv4 address is not four decimal bytes' },
  // wire
  MTU_TOO_SMALL: { exit: 'usage', meaning: 'the frame size leaves no room for a segment' },
  NAME_TOO_LONG: { exit: 'usage', meaning: 'the announcement does not fit one segment' },
  WIRE_MALFORMED: { exit: 'failed', meaning: 'a message from the wire does not follow the protocol' },
  // stream
  NVLIST_MALFORMED: { exit: 'failed', meaning: 'a name-value list of ZFS does not follow its format' },
  STREAM_CHECKSUM: { exit: 'failed', meaning: 'a checksum inside a send stream does not fit' },
  STREAM_FOREIGN: { exit: 'failed', meaning: 'what was read is not a ZFS send stream' },
  STREAM_LIMIT: { exit: 'failed', meaning: 'a send stream states a length over its bound' },
  STREAM_MALFORMED: { exit: 'failed', meaning: 'a record of a send stream does not follow the format' },
  STREAM_TRUNCATED: { exit: 'failed', meaning: 'a send stream ended early' },
  STREAM_UNSUPPORTED: { exit: 'failed', meaning: 'a send stream has features that zwire does not know' },
  TOKEN_MALFORMED: { exit: 'failed', meaning: 'a resume token cannot be decoded' },
  // sys
  INTERFACE_MISSING: { exit: 'environment', meaning: 'there is no network interface of that name' },
  INTERFACE_DOWN: { exit: 'environment', meaning: 'the network interface is not up' },
  PRIVILEGE_MISSING: { exit: 'environment', meaning: 'the process lacks a capability' },
  SYSTEM_CALL_FAILED: { exit: 'failed', meaning: 'a system call failed' },
  // exec
  PROGRAM_MISSING: { exit: 'environment', meaning: 'a program that is needed is not installed' },
  USER_UNKNOWN: { exit: 'environment', meaning: 'there is no such user on this system' },
  PROGRAM_OUTPUT_TOO_LARGE: { exit: 'failed', meaning: 'a program printed more than its bound' },
  // seal
  SEAL_UNAVAILABLE: { exit: 'environment', meaning: 'this Node has no AES-256-GCM' },
  KEY_MALFORMED: { exit: 'usage', meaning: 'a key, or a line of a file with keys, cannot be read' },
  // link
  FRAME_TOO_LARGE: { exit: 'usage', meaning: 'the frame size is over the MTU of the interface' },
  PORT_TAKEN: { exit: 'environment', meaning: 'another program holds the UDP port' },
  ADDRESS_UNKNOWN: {
    exit: 'environment',
    meaning: 'an address was not given and could not be found from the system',
  },
  // trace
  TRACE_INVALID: { exit: 'usage', meaning: 'a file is no trace of zwire' },
  TRACE_UNWRITABLE: { exit: 'environment', meaning: 'the trace file cannot be written' },
  TRACES_UNRELATED: { exit: 'usage', meaning: 'two traces are not of the two sides of a transfer' },
  // zfs
  CONSENT_REQUIRED: { exit: 'usage', meaning: 'something would be lost, and nobody has consented' },
  NAME_INVALID: { exit: 'usage', meaning: 'a dataset or snapshot name breaks the rules of ZFS' },
  ZFS_BACKUP_FAILED: { exit: 'failed', meaning: 'zfs send could not read or write what it sends' },
  ZFS_BOOKMARK_ELSEWHERE: { exit: 'failed', meaning: 'a bookmark lies in the dataset of its snapshot' },
  ZFS_BOOKMARK_EXISTS: { exit: 'failed', meaning: 'a bookmark of that name is of another snapshot' },
  ZFS_BROKEN_PIPE: { exit: 'failed', meaning: 'the program at the other end of the pipe ended first' },
  ZFS_DATASET_BUSY: { exit: 'failed', meaning: 'something uses the dataset' },
  ZFS_DATASET_EXISTS: { exit: 'failed', meaning: 'a dataset or snapshot of that name exists' },
  ZFS_DATASET_MISSING: { exit: 'failed', meaning: 'there is no dataset or snapshot of that name' },
  ZFS_DELEGATION_DISABLED: {
    exit: 'environment',
    meaning: 'the pool does not let others than root work on it',
  },
  ZFS_DESTINATION_EXISTS: {
    exit: 'refused',
    meaning: 'a full stream does not overwrite an existing dataset',
  },
  ZFS_DESTINATION_HAS_SNAPSHOTS: {
    exit: 'refused',
    meaning: 'a full stream does not replace a dataset that has snapshots',
  },
  ZFS_DESTINATION_IS_CLONE: { exit: 'refused', meaning: 'a full stream does not replace a clone' },
  ZFS_DESTINATION_MISSING: { exit: 'refused', meaning: 'an incremental stream has nothing to land on' },
  ZFS_DESTINATION_MODIFIED: {
    exit: 'refused',
    meaning: 'the target was written to since its newest snapshot',
  },
  ZFS_DUPLICATE_SNAPSHOTS: {
    exit: 'failed',
    meaning: 'one transaction takes one snapshot of a dataset',
  },
  ZFS_EMBEDDED_INTO_ENCRYPTED: {
    exit: 'refused',
    meaning: 'a stream with embedded data does not fit an encrypted target',
  },
  ZFS_ENCRYPTION_FAILED: { exit: 'failed', meaning: 'ZFS could not encrypt or decrypt' },
  ZFS_FEATURE_UNSUPPORTED: {
    exit: 'refused',
    meaning: 'the receiving pool or module does not know a feature of the stream',
  },
  ZFS_FORCE_OVER_ENCRYPTED: {
    exit: 'refused',
    meaning: 'an encrypted dataset is never overwritten by force',
  },
  ZFS_FROM_MISSING: { exit: 'failed', meaning: 'the snapshot that an increment starts from does not exist' },
  ZFS_FROM_NOT_EARLIER: {
    exit: 'failed',
    meaning: 'the snapshot that an increment starts from is not older than its end',
  },
  ZFS_FROM_OTHER_DATASET: {
    exit: 'usage',
    meaning: 'the two ends of an increment are of different datasets',
  },
  ZFS_GUID_MISMATCH: { exit: 'failed', meaning: 'what is on the target is not the announced snapshot' },
  ZFS_HAS_CHILDREN: { exit: 'failed', meaning: 'other datasets lie below the one to destroy' },
  ZFS_HAS_CLONES: { exit: 'failed', meaning: 'clones depend on what is to be destroyed' },
  ZFS_HEAL_FAILED: { exit: 'failed', meaning: 'a corrective receive could not rebuild the data' },
  ZFS_HEAL_MISMATCH: { exit: 'failed', meaning: 'the stream of a corrective receive is of another snapshot' },
  ZFS_HEAL_SNAPSHOT_MISSING: { exit: 'failed', meaning: 'a corrective receive needs an existing snapshot' },
  ZFS_HOLD_EXISTS: { exit: 'failed', meaning: 'a hold of that tag exists on the snapshot' },
  ZFS_HOLD_MISSING: { exit: 'failed', meaning: 'there is no hold of that tag on the snapshot' },
  ZFS_INCREMENTAL_BASE_MISMATCH: {
    exit: 'refused',
    meaning: 'the newest snapshot of the target is not where the increment starts',
  },
  ZFS_INSUFFICIENT_REPLICAS: { exit: 'failed', meaning: 'the pool lacks intact copies of data' },
  ZFS_INTERNAL: { exit: 'failed', meaning: 'zfs stopped at an error of its own' },
  ZFS_IO_ERROR: { exit: 'failed', meaning: 'the pool or the stream had an input or output error' },
  ZFS_IVSET_MISMATCH: {
    exit: 'refused',
    meaning: 'a raw increment does not follow the last raw snapshot of the target',
  },
  ZFS_IVSET_MISSING: { exit: 'refused', meaning: 'a raw increment lacks the guid of its IV set' },
  ZFS_KEY_CREATE_FAILED: { exit: 'failed', meaning: 'the encryption key of the stream could not be set up' },
  ZFS_KEY_MISMATCH: { exit: 'refused', meaning: 'the target is encrypted under another key' },
  ZFS_KEY_NOT_LOADED: { exit: 'refused', meaning: 'the encryption key of the target is not loaded' },
  ZFS_LARGE_BLOCK_MISMATCH: {
    exit: 'refused',
    meaning: 'the target was received with large blocks and the increment has none',
  },
  ZFS_MODULE_MISSING: { exit: 'environment', meaning: 'the ZFS kernel module is not loaded' },
  ZFS_MODULE_TOO_OLD: { exit: 'environment', meaning: 'the loaded ZFS module is older than the zfs program' },
  ZFS_NAME_TOO_LONG: { exit: 'usage', meaning: 'the name is longer than ZFS allows' },
  ZFS_NOTHING_TO_DESTROY: { exit: 'failed', meaning: 'no snapshot fits the name to destroy' },
  ZFS_NOT_A_CLONE: { exit: 'failed', meaning: 'only a clone can be promoted' },
  ZFS_NO_PARTIAL_STATE: { exit: 'failed', meaning: 'there is no partly received state to throw away' },
  ZFS_ORIGIN_MISSING: {
    exit: 'refused',
    meaning: 'the target does not have the snapshot that a clone starts from',
  },
  ZFS_OTHER_POOL: { exit: 'failed', meaning: 'a dataset cannot move to another pool' },
  ZFS_OUTPUT_UNEXPECTED: { exit: 'failed', meaning: 'zfs printed what this version of zwire cannot read' },
  ZFS_OUT_OF_SPACE: { exit: 'failed', meaning: 'the pool is full' },
  ZFS_PARENT_INVALID: { exit: 'refused', meaning: 'the parent of the target cannot hold it' },
  ZFS_PARENT_MISSING: { exit: 'refused', meaning: 'the dataset above the target does not exist' },
  ZFS_PARENT_NOT_FILESYSTEM: { exit: 'refused', meaning: 'the dataset above the target is not a filesystem' },
  ZFS_PARTIAL_STATE: {
    exit: 'refused',
    meaning: 'the target holds the partly received state of an earlier transfer',
  },
  ZFS_PERMISSION: { exit: 'environment', meaning: 'this user may not do that to the dataset' },
  ZFS_POOL_ELSEWHERE: { exit: 'failed', meaning: 'the pool is imported on another host' },
  ZFS_POOL_READ_ONLY: { exit: 'failed', meaning: 'the pool is imported read-only' },
  ZFS_POOL_SUSPENDED: { exit: 'failed', meaning: 'the pool has stopped its input and output' },
  ZFS_POOL_UNAVAILABLE: { exit: 'failed', meaning: 'the pool is unavailable' },
  ZFS_PROMOTE_CONFLICT: {
    exit: 'failed',
    meaning: 'a clone and its origin have snapshots of one name',
  },
  ZFS_PROPERTIES_NEED_RAW: {
    exit: 'failed',
    meaning: 'an encrypted dataset is not sent with its properties unless raw',
  },
  ZFS_PROPERTY_INVALID: { exit: 'failed', meaning: 'ZFS refuses a property or its value' },
  ZFS_PROPERTY_NOT_RECEIVED: {
    exit: 'failed',
    meaning: 'a property of the stream was not set on the target',
  },
  ZFS_QUOTA_EXCEEDED: { exit: 'failed', meaning: 'the quota of the target is used up' },
  ZFS_RAW_ONTO_PLAIN: { exit: 'refused', meaning: 'a raw increment does not fit an unencrypted target' },
  ZFS_RESTORE_FAILED: { exit: 'failed', meaning: 'zfs receive could not restore to the target' },
  ZFS_RESUME_FROM_GONE: {
    exit: 'failed',
    meaning: 'the snapshot that a resumed increment starts from no longer exists',
  },
  ZFS_RESUME_NEEDS_FORCE: {
    exit: 'refused',
    meaning: 'a resumed stream meets a dataset that it did not begin',
  },
  ZFS_RESUME_SNAPSHOT_CHANGED: {
    exit: 'failed',
    meaning: 'the snapshot of a resumed send is another one now',
  },
  ZFS_RESUME_SNAPSHOT_GONE: { exit: 'failed', meaning: 'the snapshot of a resumed send no longer exists' },
  ZFS_RESUME_TOKEN_CORRUPT: { exit: 'failed', meaning: 'the resume token is damaged' },
  ZFS_ROLLBACK_BLOCKED: {
    exit: 'failed',
    meaning: 'newer snapshots, bookmarks or clones stand in the way of a rollback',
  },
  ZFS_SENDER_TOO_OLD: { exit: 'failed', meaning: 'the zfs of the sender is too old for this raw stream' },
  ZFS_SEND_INCOMPLETE: { exit: 'failed', meaning: 'zfs send left out part of what was asked for' },
  ZFS_SIGNAL: { exit: 'failed', meaning: 'a signal ended zfs' },
  ZFS_SNAPSHOT_CLONED: { exit: 'failed', meaning: 'a clone depends on the snapshot' },
  ZFS_SNAPSHOT_EXISTS: { exit: 'refused', meaning: 'a snapshot of that name is on the target' },
  ZFS_SNAPSHOT_HELD: { exit: 'failed', meaning: 'a hold keeps the snapshot' },
  ZFS_SNAPSHOT_LIST_TOO_LARGE: {
    exit: 'failed',
    meaning: 'the list of snapshots and properties is too large to send',
  },
  ZFS_SNAPSHOT_MISSING: { exit: 'failed', meaning: 'there is no such snapshot' },
  ZFS_SOURCE_KEY_NOT_LOADED: { exit: 'failed', meaning: 'the encryption key of the source is not loaded' },
  ZFS_STREAM_BAD: { exit: 'failed', meaning: 'the stream is not a ZFS send stream or is damaged' },
  ZFS_STREAM_CORRUPT: { exit: 'failed', meaning: 'a checksum inside the stream does not fit' },
  ZFS_STREAM_INTERRUPTED: {
    exit: 'failed',
    meaning: 'the stream ended early, and the part received was kept',
  },
  ZFS_STREAM_TRUNCATED: { exit: 'failed', meaning: 'the stream ended early' },
  ZFS_TAG_TOO_LONG: { exit: 'usage', meaning: 'the tag of a hold is longer than ZFS allows' },
  ZFS_TYPE_MISMATCH: { exit: 'failed', meaning: 'the operation does not apply to datasets of this type' },
  ZFS_UNKNOWN: { exit: 'failed', meaning: 'zfs failed with words that zwire does not know' },
  ZFS_UNSUPPORTED: { exit: 'failed', meaning: 'this version of ZFS cannot do that' },
  // transfer
  NO_RECEIVER: { exit: 'noAnswer', meaning: 'no receiver answered the announcement' },
  PEER_LOST: { exit: 'noAnswer', meaning: 'the other side stopped answering in the middle of a transfer' },
  PEER_ABORTED: { exit: 'failed', meaning: 'the other side ended the transfer' },
  REFUSED: { exit: 'refused', meaning: 'the receiver refused the transfer' },
  DATA_LOST: { exit: 'failed', meaning: 'records are missing and nothing can bring them back (one-way)' },
  DIGEST_MISMATCH: { exit: 'failed', meaning: 'what arrived is not what was announced at the end' },
  SOURCE_FAILED: { exit: 'failed', meaning: 'reading the source failed' },
  SENDER_LIMIT: { exit: 'refused', meaning: 'the sender sends more than the receiver lets it' },
  SENDER_NOT_ALLOWED: {
    exit: 'refused',
    meaning: "the sender's line on the receiver does not allow this",
  },
  STREAM_REFUSED: {
    exit: 'refused',
    meaning: 'a stream is not what was announced, or not what the receiver takes',
  },
  SINK_FAILED: { exit: 'failed', meaning: 'writing what arrived failed' },
  KIND_MISMATCH: { exit: 'refused', meaning: 'a file was sent to a receiver of datasets' },
  TARGET_BUSY: { exit: 'refused', meaning: 'another transfer into the target is under way' },
  REPLAYED: {
    exit: 'refused',
    meaning: 'a one-way transfer was taken before, or is too old to be told apart',
  },
  STATE_UNWRITABLE: { exit: 'environment', meaning: 'what must outlive a restart cannot be written' },
  INTERRUPTED: { exit: 'interrupted', meaning: 'the user ended the transfer' },
  // cli
  USAGE: { exit: 'usage', meaning: 'flags are missing, or do not go together' },
  FLAG_MALFORMED: { exit: 'usage', meaning: 'the value of a flag cannot be read' },
  KEY_FILE_EXISTS: { exit: 'usage', meaning: 'a new key would replace one that exists' },
  KEY_FILE_EXPOSED: {
    exit: 'environment',
    meaning: 'others can read a file with a secret, or write to one that says whom to trust',
  },
  KEY_FILE_UNREADABLE: { exit: 'environment', meaning: 'a file with keys is missing or cannot be read' },
  INSECURE_REQUIRED: { exit: 'usage', meaning: 'a pool travels without keys only under --insecure' },
  TERMINAL_REFUSED: { exit: 'usage', meaning: 'a stream of data would go to, or come from, a terminal' },
  HOST_UNKNOWN: { exit: 'environment', meaning: 'the name of a host has no IPv4 address' },
  LOG_UNWRITABLE: { exit: 'environment', meaning: 'the log file of --log-dir cannot be written' },
  FILE_UNWRITABLE: { exit: 'environment', meaning: 'a file that was asked for cannot be written' },
  TESTBED_FAILED: { exit: 'environment', meaning: 'the test network cannot be made, entered or removed' },
} as const;

/** The code of a ZwireError. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The exit code that the command line ends with after an error of this code. */
export function exitCodeOf(code: ErrorCode): number {
  return EXIT[ERROR_CODES[code].exit];
}
