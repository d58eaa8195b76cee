// The public API. Everything a program needs to send and receive; the command line is built on nothing else.
export { type ErrorCode, ERROR_CODES, exitCodeOf } from './bytes/error-codes.ts';
export { ZwireError, type ZwireErrorOptions } from './bytes/zwire-error.ts';
export type { LinkOptions } from './link/link.ts';
export type { Bottleneck, EventListener, FailureInfo, TransferEvent } from './transfer/event.ts';
export { fileSinkPolicy } from './transfer/file-sink.ts';
export { fileSource } from './transfer/file-source.ts';
export { receive, type ReceiveOptions, type ReceiveSummary } from './transfer/receive.ts';
export { send, type SendOptions, type TransferResult } from './transfer/send.ts';
export type { CommitResult, Sink, SinkPolicy, SinkRequest } from './transfer/sink.ts';
export type { OpenSource, Source, SourceAnnouncement } from './transfer/source.ts';
export { zfsSinkPolicy, type ZfsSinkOptions } from './transfer/zfs-sink.ts';
export { zfsSource, type ZfsSourceRequest } from './transfer/zfs-source.ts';
export type { ZfsDestination } from './transfer/zfs-target.ts';
