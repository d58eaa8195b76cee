// The public API. Everything a program needs to send and receive; the command line is built on nothing else.
export { type ErrorCode, ERROR_CODES, exitCodeOf } from './bytes/error-codes.ts';
export { ZwireError, type ZwireErrorOptions } from './bytes/zwire-error.ts';
export { Delta, type DeltaOptions } from './library/delta.ts';
export { DeltaReader, type DeltaReaderOptions } from './library/delta-reader.ts';
export { deliver, type DeliverOptions } from './library/deliver.ts';
export { Receiver, type ReceiverOptions } from './library/receiver.ts';
export type { ChunkTransform } from './library/transformed-source.ts';
export {
  getVolume,
  listVolumes,
  type ListVolumesOptions,
  type RestoreOptions,
  Volume,
  VolumeSnapshot,
  type VolumeSnapshotOptions,
} from './library/volume.ts';
export type { LinkOptions } from './link/link.ts';
export { KeyPair } from './seal/key-pair.ts';
export { formatPublicKey, parsePublicKey, type PublicKeyLine } from './seal/public-key.ts';
export { TraceWriter } from './trace/trace-writer.ts';
export { channelName } from './transfer/event-channel.ts';
export {
  type Bottleneck,
  type EventListener,
  EVENTS,
  type FailureInfo,
  type TransferEvent,
  type WatchedEvent,
} from './transfer/event.ts';
export { fileSinkPolicy } from './transfer/file-sink.ts';
export { fileSource } from './transfer/file-source.ts';
export { receive, type ReceiveOptions, type ReceiveSummary } from './transfer/receive.ts';
export { send, type SendOptions, type TransferResult } from './transfer/send.ts';
export type { CommitResult, Sink, SinkPolicy, SinkRequest } from './transfer/sink.ts';
export type { OpenSource, Source, SourceAnnouncement, SourceOutcome } from './transfer/source.ts';
export { TraceCollector } from './transfer/trace-collector.ts';
export {
  type AuthorizedSender,
  type ReceiverKeys,
  type SenderKeys,
  type SenderRules,
  type WatchAuthorized,
  sharedSecret,
} from './transfer/transfer-keys.ts';
export { zfsSinkPolicy, type ZfsSinkOptions } from './transfer/zfs-sink.ts';
export { type SnapshotRequest, zfsSource, type ZfsSourceRequest } from './transfer/zfs-source.ts';
export type { ZfsDestination } from './transfer/zfs-target.ts';
export {
  createBookmark,
  destroyBookmark,
  getBookmark,
  listBookmarks,
} from './zfs/bookmark.ts';
export {
  cloneSnapshot,
  type CloneOptions,
  promoteClone,
  renameDataset,
  renameSnapshot,
} from './zfs/clone.ts';
export {
  type Dataset,
  type DatasetType,
  getDataset,
  getSnapshot,
  listDatasets,
  listSnapshots,
  type Snapshot,
} from './zfs/dataset.ts';
export {
  checkPermission,
  currentUser,
  type User,
  ZFS_PERMISSIONS,
  type ZfsOperation,
} from './zfs/delegation.ts';
export {
  destroyDataset,
  type DestroyOptions,
  type DestroyOutcome,
  type DestroyPlan,
  destroySnapshots,
  planDestroy,
} from './zfs/destroy.ts';
export {
  byCreation,
  type Entity,
  type EntityType,
  type ListedBookmark,
  type ListedFilesystem,
  type ListedSnapshot,
  type ListedVolume,
  listEntities,
  type ListOptions,
} from './zfs/entity.ts';
export {
  type FeatureRow,
  hasFeature,
  ZFS_FEATURES,
  type ZfsFeature,
  type ZfsRelease,
  type ZfsVersion,
  zfsVersion,
} from './zfs/feature.ts';
export {
  type Hold,
  type HoldOptions,
  type HoldOutcome,
  holdSnapshots,
  listHolds,
  releaseSnapshots,
} from './zfs/hold.ts';
export {
  type BookmarkName,
  bookmarkName,
  type DatasetName,
  datasetOf,
  type HoldTag,
  parseBookmarkName,
  parseDatasetName,
  parseHoldTag,
  parseSnapshotName,
  type SnapshotName,
  snapshotName,
} from './zfs/name.ts';
export { getPool, listPools, type Pool } from './zfs/pool.ts';
export {
  getProperties,
  getProperty,
  type GetOptions,
  inheritProperty,
  type Named,
  type Property,
  type PropertySource,
  setProperties,
} from './zfs/property.ts';
export { abortPartial, listPartial } from './zfs/receive.ts';
export { parseResumeToken, planResume, type ResumePlan, type ResumeToken } from './zfs/resume.ts';
export { lossOf, planRollback, rollback, type RollbackLoss, type RollbackPlan } from './zfs/rollback.ts';
export {
  type ContinuedSend,
  estimateSend,
  type SendOrigin,
  type SendPlan,
  validateSendPlan,
  type ValidatedSendPlan,
} from './zfs/send.ts';
export { type SendProgress, sendTo } from './zfs/send-progress.ts';
export { destroySnapshot, takeSnapshot, takeSnapshots, type TakeSnapshotOptions } from './zfs/snapshot.ts';
