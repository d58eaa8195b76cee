// Pools, as `zpool list` tells them.
import { ZwireError } from '../bytes/zwire-error.ts';
import { commandLine, runProcess } from '../exec/process.ts';
import { parseNumber, parseRows } from './command.ts';
import { zfsErrorFrom } from './error.ts';
import { type DatasetName, parseDatasetName } from './name.ts';

/** An imported pool. */
export interface Pool {
  readonly type: 'pool';
  /** Also the name of its topmost filesystem. */
  readonly name: DatasetName;
  /** Of the pool; its topmost filesystem has another. */
  readonly guid: bigint;
  readonly sizeBytes: bigint;
  readonly allocatedBytes: bigint;
  readonly freeBytes: bigint;
  /** ONLINE, DEGRADED, FAULTED, SUSPENDED and so on. */
  readonly health: string;
  readonly readonly: boolean;
}

const COLUMNS = ['name', 'guid', 'size', 'allocated', 'free', 'health', 'readonly'] as const;

/** The imported pools. Throws PROGRAM_MISSING, ZFS_MODULE_MISSING. Source: `zpool list -Hp`. */
export async function listPools(signal?: AbortSignal): Promise<Pool[]> {
  const args = ['list', '-Hp', '-o', COLUMNS.join(',')];
  return parseRows(await runZpool(args, signal), COLUMNS.length, args).map(poolOfRow);
}

/** A pool by name; undefined when it is not imported. */
export async function getPool(name: DatasetName, signal?: AbortSignal): Promise<Pool | undefined> {
  return (await listPools(signal)).find((pool) => pool.name === name);
}

/** Waits until what was written to the pool so far lies on its disks, and is counted. Source: `zpool sync`. */
export async function syncPool(name: DatasetName, signal?: AbortSignal): Promise<void> {
  await runZpool(['sync', name], signal);
}

async function runZpool(args: readonly string[], signal: AbortSignal | undefined): Promise<string> {
  const result = await runProcess('zpool', args, signal === undefined ? {} : { signal });
  if (result.exitCode === 0) return result.stdout;
  throw zfsErrorFrom(result.stderr, {
    action: commandLine('zpool', args),
    exitCode: result.exitCode,
    signal: result.signal,
  });
}

/** A pool whose devices are gone prints '-' for its sizes. */
function poolOfRow(row: readonly string[]): Pool {
  const [name = '', guid, size, allocated, free, health = '', readonly] = row;
  const bytes = (text: string | undefined, what: string): bigint =>
    text === '-' ? 0n : parseNumber(text, `the ${what} of ${name}`);
  if (readonly !== 'on' && readonly !== 'off') {
    throw new ZwireError('ZFS_OUTPUT_UNEXPECTED', `zpool list says readonly=${readonly ?? ''} of ${name}`, {
      fields: { pool: name },
    });
  }
  return {
    type: 'pool',
    name: parseDatasetName(name),
    guid: parseNumber(guid, `the guid of ${name}`),
    sizeBytes: bytes(size, 'size'),
    allocatedBytes: bytes(allocated, 'allocated space'),
    freeBytes: bytes(free, 'free space'),
    health,
    readonly: readonly === 'on',
  };
}
