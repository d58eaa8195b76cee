// The seed's form: `zwire --reciever ...`, `zwire --full-sync ...`, `zwire --send-delta ...`, flags only.
// Its flags keep their names and spelling; here they become the same requests that today's form makes.
import {
  type DatasetName,
  datasetOf,
  isWithin,
  joinPath,
  pathBelowPool,
  poolOf,
  type SnapshotName,
} from '../../zfs/name.ts';
import { parseSnapshot, parseSnapshotBeside } from '../parse/snapshot.ts';
import { usageError } from '../usage-error.ts';
import type { SenderLinkFlags } from './link-request.ts';
import { type OutputRequest, outputRequest } from './output-request.ts';
import {
  type AcceptanceFlags,
  completeReceiveRequest,
  type ReceiveRequest,
  type TargetRequest,
} from './receive-request.ts';
import {
  completeSendRequest,
  type DeliveryFlags,
  type SendRequest,
  type SourceRequest,
  type StandIn,
} from './send-request.ts';

export interface SeedFlags extends Omit<SenderLinkFlags, 'to'>, DeliveryFlags, AcceptanceFlags {
  readonly reciever?: boolean;
  readonly receiver?: boolean;
  readonly fullSync?: boolean;
  readonly sendDelta?: boolean;
  readonly deltaStart?: string;
  readonly deltaEnd?: string;
  readonly pool?: DatasetName;
  readonly dataset?: DatasetName;
  /** Empty when the flag stands alone, as in the seed: take a snapshot. */
  readonly snapshot?: string;
  readonly dummyData?: string;
}

export type SeedRequest =
  | { readonly kind: 'receive'; readonly request: ReceiveRequest }
  | { readonly kind: 'send'; readonly request: SendRequest }
  | {
      readonly kind: 'take-snapshot';
      readonly dataset: DatasetName;
      readonly recursive: boolean;
      readonly output: OutputRequest;
    };

type Action = '--reciever' | '--full-sync' | '--send-delta' | '--snapshot';

/** @throws ZwireError USAGE, INSECURE_REQUIRED, NAME_INVALID */
export function seedRequest(flags: SeedFlags): SeedRequest {
  const action = chosenAction(flags);
  refuseStrayFlags(flags, action);
  if (action === '--snapshot') return snapshotToTake(flags);
  if (flags.interface === undefined) {
    throw usageError(
      `${action} needs a network interface`,
      'Add --interface, such as --interface eth0.\n' +
        'Without privilege, over a UDP socket: zwire send --to HOST and zwire receive (see zwire --help).',
    );
  }
  if (action === '--reciever') {
    return { kind: 'receive', request: completeReceiveRequest(flags, seedTarget(flags)) };
  }
  const source = action === '--full-sync' ? fullSyncSource(flags) : deltaSource(flags);
  if (flags.destinationIp === undefined) {
    throw usageError(
      `${action} needs a destination`,
      'Add --destination-ip IP and, where needed, --destination-mac MAC.',
    );
  }
  return { kind: 'send', request: completeSendRequest(flags, source) };
}

function chosenAction(flags: SeedFlags): Action {
  const chosen: Action[] = [];
  if (flags.reciever === true || flags.receiver === true) chosen.push('--reciever');
  if (flags.fullSync === true) chosen.push('--full-sync');
  if (flags.sendDelta === true) chosen.push('--send-delta');
  if (chosen.length === 0 && flags.snapshot !== undefined) chosen.push('--snapshot');
  const [action] = chosen;
  if (action === undefined) {
    throw usageError(
      'it is not said what to do',
      'Add --reciever to receive, --full-sync to send all of a pool, dataset or file, or --send-delta.\n' +
        "Today's form is `zwire send` and `zwire receive`: see zwire --help.",
    );
  }
  if (chosen.length > 1) throw usageError(`${chosen.join(' and ')} do not go together`, 'Keep one of them.');
  return action;
}

/** Flags that the chosen action would ignore: better refused than silently without effect. */
function refuseStrayFlags(flags: SeedFlags, action: Action): void {
  const stray = (given: unknown, flag: string, belongs: string): void => {
    if (given === undefined || given === false) return;
    throw usageError(`${flag} has no meaning with ${action}`, `It belongs to ${belongs}: leave it out.`);
  };
  if (action !== '--send-delta') {
    const belongs = '--send-delta';
    stray(flags.deltaStart, '--delta-start', belongs);
    stray(flags.deltaEnd, '--delta-end', belongs);
  }
  if (action !== '--full-sync' && action !== '--snapshot') stray(flags.snapshot, '--snapshot', '--full-sync');
  if (action !== '--reciever') {
    stray(flags.once, '--once', '--reciever');
    stray(flags.maxTransfers, '--max-transfers', '--reciever');
    stray(flags.poolMemory, '--pool-memory', '--reciever');
    return;
  }
  const sender = 'the sender, from which the receiver learns what it needs';
  stray(flags.destinationIp, '--destination-ip', sender);
  stray(flags.destinationMac, '--destination-mac', sender);
  stray(flags.rate, '--rate', sender);
  stray(flags.rateLimit, '--rate-limit', sender);
  stray(flags.oneWay, '--one-way', sender);
}

function seedTarget(flags: SeedFlags): TargetRequest {
  if (flags.dummyData !== undefined) return { kind: 'file', path: flags.dummyData };
  datasetInPool(flags);
  if (flags.dataset !== undefined) return { kind: 'dataset', dataset: flags.dataset };
  if (flags.pool !== undefined) return { kind: 'pool', pool: flags.pool };
  return { kind: 'announced-name' };
}

function fullSyncSource(flags: SeedFlags): SourceRequest {
  const top = datasetInPool(flags);
  if (flags.dummyData !== undefined) {
    const kind = flags.dataset === undefined ? 'pool' : 'dataset';
    return standIn(flags.dummyData, top === undefined ? undefined : { kind, name: top });
  }
  if (top === undefined) {
    throw usageError(
      '--full-sync needs to know what to send',
      'Add --pool POOL for a whole pool, --dataset DATASET for one dataset, or --dummy-data FILE for a file.',
    );
  }
  const recursive = flags.dataset === undefined;
  if (flags.snapshot === undefined || flags.snapshot === '')
    return { kind: 'new-snapshot', dataset: top, recursive };
  const snapshot = parseSnapshotBeside(top, flags.snapshot);
  if (datasetOf(snapshot) !== top) {
    throw usageError(
      `--snapshot ${snapshot} is not of ${top}`,
      `Name a snapshot of it, such as --snapshot @monday, or add --dataset ${datasetOf(snapshot)}.`,
    );
  }
  return { kind: 'snapshot', snapshot, recursive, intermediates: false };
}

function deltaSource(flags: SeedFlags): SourceRequest {
  if (flags.deltaStart === undefined || flags.deltaEnd === undefined) {
    const missing = flags.deltaStart === undefined ? '--delta-start' : '--delta-end';
    throw usageError(
      `--send-delta needs two snapshots, and ${missing} is missing`,
      `Add ${missing} DATASET@SNAPSHOT: a delta goes from --delta-start to --delta-end.`,
    );
  }
  const end = deltaSnapshot(flags, flags.deltaEnd);
  const start = deltaSnapshot(flags, flags.deltaStart);
  const dataset = datasetOf(end);
  if (flags.dummyData !== undefined) {
    return standIn(flags.dummyData, { kind: 'delta', name: flags.pool ?? dataset });
  }
  if (flags.dataset !== undefined && flags.dataset !== dataset) {
    throw usageError(
      `--delta-end ${end} is not of --dataset ${flags.dataset}`,
      'Leave --dataset out: --delta-end names the dataset.',
    );
  }
  if (start === end) {
    throw usageError(
      `--delta-start and --delta-end are both ${end}`,
      'Name an earlier snapshot as --delta-start.',
    );
  }
  const announcedName =
    flags.pool === undefined || flags.pool === poolOf(dataset)
      ? undefined
      : joinPath(flags.pool, pathBelowPool(dataset));
  return {
    kind: 'snapshot',
    snapshot: end,
    from: start,
    recursive: false,
    intermediates: false,
    ...(announcedName === undefined ? {} : { announcedName }),
  };
}

function deltaSnapshot(flags: SeedFlags, text: string): SnapshotName {
  if (flags.dataset !== undefined && text.startsWith('@')) return parseSnapshotBeside(flags.dataset, text);
  return parseSnapshot(text);
}

function snapshotToTake(flags: SeedFlags): SeedRequest {
  const top = datasetInPool(flags);
  if (top === undefined || flags.snapshot !== '') {
    throw usageError(
      flags.snapshot === '' ? '--snapshot needs to know of what' : '--snapshot NAME alone says nothing to do',
      'To take one: --snapshot --pool POOL, or --snapshot --dataset DATASET.\n' +
        'To send an existing one: --full-sync --pool POOL --snapshot NAME.',
    );
  }
  const recursive = flags.dataset === undefined;
  return { kind: 'take-snapshot', dataset: top, recursive, output: outputRequest(flags) };
}

/** --dataset if given, else --pool; when both are, the dataset must lie in the pool. */
function datasetInPool(flags: SeedFlags): DatasetName | undefined {
  const { pool, dataset } = flags;
  if (pool !== undefined && dataset !== undefined && !isWithin(pool, dataset)) {
    throw usageError(
      `--dataset ${dataset} is not in --pool ${pool}`,
      `Write the whole name, such as --dataset ${pool}/${dataset}, or leave --pool out.`,
    );
  }
  return dataset ?? pool;
}

function standIn(path: string, standsFor: StandIn | undefined): SourceRequest {
  return { kind: 'file', path, ...(standsFor === undefined ? {} : { standsFor }) };
}
