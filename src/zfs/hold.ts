// Holds: a snapshot with one cannot be destroyed. Holding what is held and releasing what is not are no failures.
import { ZwireError } from '../bytes/zwire-error.ts';
import { runZfs, unexpectedOutput } from './command.ts';
import { listEntities } from './entity.ts';
import {
  datasetOf,
  type HoldTag,
  parseHoldTag,
  parseSnapshotName,
  snapOf,
  type SnapshotName,
} from './name.ts';

/** One hold of one snapshot. */
export interface Hold {
  readonly snapshot: SnapshotName;
  readonly tag: HoldTag;
  /** To the minute: that is what `zfs holds` prints. */
  readonly heldAt: Date;
}

/** How far holding and releasing reach. */
export interface HoldOptions {
  /** The snapshots of the same name of all datasets below too. */
  readonly recursive?: boolean;
  readonly signal?: AbortSignal;
}

/** Which snapshots were changed, and which were as asked for before. */
export interface HoldOutcome {
  readonly changed: readonly SnapshotName[];
  readonly unchanged: readonly SnapshotName[];
}

/** 256 names of 255 bytes and a tag stay far below the 2 MiB of ARG_MAX. */
const NAMES_PER_COMMAND = 256;

/**
 * Holds snapshots under a tag, one after another, and says which were not held before. Throws ZFS_DATASET_MISSING
 * when one of them does not exist, before any is held; ZFS_TAG_TOO_LONG. Source: `zfs hold`.
 */
export async function holdSnapshots(
  tag: HoldTag,
  names: readonly SnapshotName[],
  options: HoldOptions = {},
): Promise<HoldOutcome> {
  return apply('hold', tag, names, options);
}

/** Releases snapshots from a tag. Throws ZFS_DATASET_MISSING when one of them does not exist, before any is. Source: `zfs release`. */
export async function releaseSnapshots(
  tag: HoldTag,
  names: readonly SnapshotName[],
  options: HoldOptions = {},
): Promise<HoldOutcome> {
  return apply('release', tag, names, options);
}

/** Every hold on these snapshots. Throws ZFS_DATASET_MISSING. Source: `zfs holds -H`. */
export async function listHolds(names: readonly SnapshotName[], signal?: AbortSignal): Promise<Hold[]> {
  const holds: Hold[] = [];
  for (let first = 0; first < names.length; first += NAMES_PER_COMMAND) {
    const args = ['holds', '-H', ...names.slice(first, first + NAMES_PER_COMMAND)];
    const lines = (await runZfs(args, { signal })).split('\n').filter((line) => line !== '');
    holds.push(...lines.map((line) => parseHold(line, args)));
  }
  return holds;
}

async function apply(
  verb: 'hold' | 'release',
  tag: HoldTag,
  names: readonly SnapshotName[],
  options: HoldOptions,
): Promise<HoldOutcome> {
  const all = options.recursive === true ? await withThoseBelow(names, options.signal) : [...new Set(names)];
  const changed: SnapshotName[] = [];
  const unchanged: SnapshotName[] = [];
  for (let first = 0; first < all.length; first += NAMES_PER_COMMAND) {
    const batch = all.slice(first, first + NAMES_PER_COMMAND);
    const done = await applyBatch(verb, tag, batch, options.signal);
    changed.push(...done);
    unchanged.push(...batch.filter((name) => !done.includes(name)));
  }
  return { changed, unchanged };
}

/**
 * Looks first, then changes what is not as wanted: `zfs hold a b` goes on after a failure, so that afterwards nobody
 * could say what it changed. What another program did in between is no failure.
 */
async function applyBatch(
  verb: 'hold' | 'release',
  tag: HoldTag,
  batch: readonly SnapshotName[],
  signal: AbortSignal | undefined,
): Promise<readonly SnapshotName[]> {
  const holds = await listHolds(batch, signal);
  const held = new Set(holds.filter((hold) => hold.tag === tag).map((hold) => hold.snapshot));
  const rest = batch.filter((name) => held.has(name) === (verb === 'release'));
  if (rest.length === 0) return rest;
  try {
    await runZfs([verb, tag, ...rest], { signal });
  } catch (error) {
    const meanwhile = verb === 'hold' ? 'ZFS_HOLD_EXISTS' : 'ZFS_HOLD_MISSING';
    if (!(error instanceof ZwireError) || error.code !== meanwhile) throw error;
  }
  return rest;
}

async function withThoseBelow(
  names: readonly SnapshotName[],
  signal: AbortSignal | undefined,
): Promise<SnapshotName[]> {
  const found = new Set<SnapshotName>(names);
  for (const name of names) {
    const below = listEntities({
      of: datasetOf(name),
      types: ['snapshot'],
      ...(signal === undefined ? {} : { signal }),
    });
    for await (const entity of below) {
      if (entity.type === 'snapshot' && snapOf(entity.name) === snapOf(name)) found.add(entity.name);
    }
  }
  return [...found];
}

/** `tank/data@monday\ttag\tMon Nov 23  6:16 2026`, the time in UTC since every command runs with TZ=UTC. */
function parseHold(line: string, args: readonly string[]): Hold {
  const [name = '', ...rest] = line.split('\t');
  const time = rest.pop() ?? '';
  const heldAt = new Date(`${time} UTC`);
  if (Number.isNaN(heldAt.getTime())) throw unexpectedOutput(args, 'no time', line);
  return { snapshot: parseSnapshotName(name), tag: parseHoldTag(rest.join('\t')), heldAt };
}
