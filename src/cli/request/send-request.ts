// What `zwire send` was asked to do, as plain data: today's form ends here, and so does the seed's.
import type { LinkOptions } from '../../transfer/endpoint.ts';
import type { ZfsSourceRequest } from '../../transfer/zfs-source.ts';
import { datasetOf, isSnapshotName, type SnapshotName } from '../../zfs/name.ts';
import { parseOriginBeside } from '../parse/snapshot.ts';
import { insecureRequired, usageError } from '../usage-error.ts';
import {
  keyLogRequest,
  type SenderKeyFlags,
  type SenderKeyRequest,
  senderKeyRequest,
} from './key-request.ts';
import { type SenderLinkFlags, senderLink } from './link-request.ts';
import { type OutputFlags, type OutputRequest, outputRequest } from './output-request.ts';

export type WireVersion = 'v1' | 'v0';

/** What a file stands for when the seed's --dummy-data replaces a pool: its wire format names it. */
export interface StandIn {
  readonly kind: 'pool' | 'dataset' | 'delta';
  readonly name: string;
}

/** A file, or a snapshot that exists or is to be taken: see transfer/zfs-source.ts. */
export type SourceRequest =
  | { readonly kind: 'file'; readonly path: string; readonly standsFor?: StandIn }
  | ZfsSourceRequest;

export interface SendRequest {
  readonly source: SourceRequest;
  readonly link: LinkOptions;
  readonly wire: WireVersion;
  readonly oneWay: boolean;
  readonly rateBitsPerSecond?: number;
  readonly pauseBetweenFramesMs?: number;
  readonly timeoutMs: number;
  readonly insecure: boolean;
  /** Absent: without keys, whatever lies in the usual places. */
  readonly keys?: SenderKeyRequest;
  /** The secrets of the transfer are appended to it. */
  readonly keyLogPath?: string;
  readonly output: OutputRequest;
}

/** How long a side waits for the other in the middle of a transfer, unless --timeout says otherwise. */
export const TIMEOUT_MS_DEFAULT = 30_000;

/** Flags about pace, patience and safety that both forms share. */
export interface DeliveryFlags extends OutputFlags {
  readonly rate?: number;
  readonly rateLimit?: number;
  readonly oneWay?: boolean;
  readonly wire?: WireVersion;
  readonly timeout?: number;
  readonly insecure?: boolean;
}

export interface SendFlags extends SenderLinkFlags, DeliveryFlags, SenderKeyFlags {
  readonly from?: string;
  readonly recursive?: boolean;
  readonly intermediates?: boolean;
  readonly raw?: boolean;
  readonly file?: string;
}

/** Today's form. @throws ZwireError USAGE, INSECURE_REQUIRED, NAME_INVALID */
export function sendRequest(flags: SendFlags, snapshot: SnapshotName | undefined): SendRequest {
  return completeSendRequest(flags, sendSource(flags, snapshot));
}

/** Adds the link and the delivery to a source, and checks what must hold for them together. */
export function completeSendRequest(
  flags: SenderLinkFlags & DeliveryFlags & SenderKeyFlags,
  source: SourceRequest,
): SendRequest {
  const link = senderLink(flags);
  const wire = flags.wire ?? 'v1';
  const oneWay = flags.oneWay ?? false;
  if (flags.rate !== undefined && flags.rateLimit !== undefined) {
    throw usageError(
      '--rate and --rate-limit both set the pace',
      'Keep --rate (bits per second); --rate-limit is the pause between two frames that the seed had.',
    );
  }
  const insecure = flags.insecure ?? false;
  const keys = senderKeyRequest(flags);
  if (source.kind !== 'file' && !insecure && keys === undefined)
    throw insecureRequired(`send ${sourceName(source)}`);
  return {
    source,
    link,
    wire,
    oneWay,
    ...(flags.rate === undefined ? {} : { rateBitsPerSecond: flags.rate }),
    ...(flags.rateLimit === undefined ? {} : { pauseBetweenFramesMs: flags.rateLimit }),
    timeoutMs: flags.timeout ?? TIMEOUT_MS_DEFAULT,
    insecure,
    ...(keys === undefined ? {} : { keys }),
    ...keyLogRequest(flags),
    output: outputRequest(flags),
  };
}

/** The name that people know the source by. */
export function sourceName(source: SourceRequest): string {
  if (source.kind === 'snapshot') return source.snapshot;
  if (source.kind === 'new-snapshot') return source.dataset;
  return source.path === '-' ? 'standard input' : source.path;
}

function sendSource(flags: SendFlags, snapshot: SnapshotName | undefined): SourceRequest {
  if (snapshot !== undefined && flags.file !== undefined) {
    throw usageError(`both ${snapshot} and --file ${flags.file} are to be sent`, 'Give one of them.');
  }
  if (snapshot !== undefined) return snapshotSource(flags, snapshot);
  const zfsFlag = zfsOnly(flags);
  if (zfsFlag !== undefined) {
    throw usageError(
      `${zfsFlag} is about a snapshot, and none is named`,
      'Add one, such as tank/data@monday.',
    );
  }
  if (flags.file === undefined) {
    throw usageError(
      'it is not said what to send',
      'A snapshot: zwire send tank/data@monday ...\nA file: --file PATH\nStandard input: --file -',
    );
  }
  return { kind: 'file', path: flags.file };
}

function zfsOnly(flags: SendFlags): string | undefined {
  if (flags.from !== undefined) return '--from';
  if (flags.recursive === true) return '--recursive';
  if (flags.intermediates === true) return '--intermediates';
  if (flags.raw === true) return '--raw';
  return undefined;
}

function snapshotSource(flags: SendFlags, snapshot: SnapshotName): SourceRequest {
  const intermediates = flags.intermediates ?? false;
  if (intermediates && flags.from === undefined) {
    throw usageError(
      '--intermediates sends the snapshots between two, and only one is named',
      'Add the earlier one, such as --from @monday.',
    );
  }
  const from = flags.from === undefined ? undefined : parseOriginBeside(datasetOf(snapshot), flags.from);
  if (from === snapshot) {
    throw usageError(`--from names the snapshot that is to be sent, ${snapshot}`, 'Name an earlier one.');
  }
  if (from !== undefined && !isSnapshotName(from) && (intermediates || flags.recursive === true)) {
    const flag = intermediates ? '--intermediates' : '--recursive';
    throw usageError(
      `${flag} starts from a snapshot, and ${from} is a bookmark`,
      `Leave ${flag} out, or name a snapshot, such as --from @monday.`,
    );
  }
  return {
    kind: 'snapshot',
    snapshot,
    ...(from === undefined ? {} : { from }),
    recursive: flags.recursive ?? false,
    intermediates,
    ...(flags.raw === true ? { raw: true } : {}),
  };
}
