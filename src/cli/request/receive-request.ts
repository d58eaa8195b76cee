// What `zwire receive` was asked to do, as plain data: today's form ends here, and so does the seed's.
import type { LinkOptions } from '../../transfer/endpoint.ts';
import type { ZfsDestination } from '../../transfer/zfs-target.ts';
import type { DatasetName } from '../../zfs/name.ts';
import { insecureRequired, usageError } from '../usage-error.ts';
import {
  keyLogRequest,
  type ReceiverKeyFlags,
  type ReceiverKeyRequest,
  receiverKeyRequest,
} from './key-request.ts';
import { type ReceiverLinkFlags, receiverLink } from './link-request.ts';
import { type OutputFlags, type OutputRequest, outputRequest } from './output-request.ts';
import { TIMEOUT_MS_DEFAULT, type WireVersion } from './send-request.ts';

/** A file, or where in a pool: see transfer/zfs-target.ts for what each of these means. */
export type TargetRequest = { readonly kind: 'file'; readonly path: string } | ZfsDestination;

export interface ReceiveRequest {
  readonly target: TargetRequest;
  readonly link: LinkOptions;
  readonly wire: WireVersion;
  readonly once: boolean;
  readonly timeoutMs: number;
  readonly maxTransfers: number;
  /** Memory that backs the credit given to all senders together, bytes. */
  readonly poolBytes: number;
  readonly insecure: boolean;
  /** Whom the receiver becomes once its sockets are open. */
  readonly user?: string;
  /** Absent: without keys, whatever lies in the usual places. */
  readonly keys?: ReceiverKeyRequest;
  /** The secrets of the transfers are appended to it. */
  readonly keyLogPath?: string;
  readonly output: OutputRequest;
}

export const MAX_TRANSFERS_DEFAULT = 8;
export const POOL_BYTES_DEFAULT: number = 128 * 1024 * 1024;

/** Flags about patience, bounds and safety that both forms share. */
export interface AcceptanceFlags extends OutputFlags {
  readonly wire?: WireVersion;
  readonly once?: boolean;
  readonly timeout?: number;
  readonly maxTransfers?: number;
  readonly poolMemory?: number;
  readonly insecure?: boolean;
  readonly user?: string;
}

export interface ReceiveFlags extends ReceiverLinkFlags, AcceptanceFlags, ReceiverKeyFlags {
  readonly file?: string;
  readonly into?: DatasetName;
}

/** Today's form. @throws ZwireError USAGE, INSECURE_REQUIRED */
export function receiveRequest(flags: ReceiveFlags): ReceiveRequest {
  return completeReceiveRequest(flags, receiveTarget(flags));
}

/** Adds the link and the bounds to a target, and checks what must hold for them together. */
export function completeReceiveRequest(
  flags: ReceiverLinkFlags & AcceptanceFlags & ReceiverKeyFlags,
  target: TargetRequest,
): ReceiveRequest {
  const link = receiverLink(flags);
  const insecure = flags.insecure ?? false;
  const keys = receiverKeyRequest(flags);
  if (target.kind !== 'file' && !insecure && keys === undefined)
    throw insecureRequired(`receive into ${targetName(target)}`);
  if (flags.user !== undefined && isStandardOutput(target)) {
    throw usageError(
      '--user and --file - do not go together',
      'The standard output of a process that has changed its user cannot be opened again: give a path.',
    );
  }
  return {
    target,
    link,
    wire: flags.wire ?? 'v1',
    // Standard output takes one stream; what followed it would be glued to its end.
    once: (flags.once ?? false) || isStandardOutput(target),
    timeoutMs: flags.timeout ?? TIMEOUT_MS_DEFAULT,
    maxTransfers: isStandardOutput(target) ? 1 : (flags.maxTransfers ?? MAX_TRANSFERS_DEFAULT),
    poolBytes: flags.poolMemory ?? POOL_BYTES_DEFAULT,
    insecure,
    ...(flags.user === undefined ? {} : { user: flags.user }),
    ...(keys === undefined ? {} : { keys }),
    ...keyLogRequest(flags),
    output: outputRequest(flags),
  };
}

export function isStandardOutput(target: TargetRequest): boolean {
  return target.kind === 'file' && target.path === '-';
}

export function targetName(target: ZfsDestination): string {
  if (target.kind === 'pool') return target.pool;
  if (target.kind === 'announced-name') return 'the dataset that the sender names';
  return target.dataset;
}

function receiveTarget(flags: ReceiveFlags): TargetRequest {
  if (flags.file !== undefined && flags.into !== undefined) {
    throw usageError(
      '--file and --into are both given',
      'Give one: a file, or a dataset that takes what comes.',
    );
  }
  if (flags.file !== undefined) return { kind: 'file', path: flags.file };
  if (flags.into !== undefined) return { kind: 'into', dataset: flags.into };
  throw usageError(
    'it is not said where to put what arrives',
    'A file: --file PATH\nStandard output: --file -\nBelow a dataset: --into backup/tank',
  );
}
