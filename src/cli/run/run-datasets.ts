// Carries out the commands that list and change datasets of this host, and prints a line for each thing: words for
// people, one JSON object a line for programs.
import { ZwireError } from '../../bytes/zwire-error.ts';
import { createBookmark, destroyBookmark } from '../../zfs/bookmark.ts';
import { destroyDataset, destroySnapshots, planDestroy } from '../../zfs/destroy.ts';
import { type Entity, type EntityType, listEntities } from '../../zfs/entity.ts';
import { type HoldOutcome, holdSnapshots, releaseSnapshots } from '../../zfs/hold.ts';
import {
  datasetOf,
  bookmarkName,
  parseBookmarkName,
  parseDatasetName,
  parseHoldTag,
  parseOriginName,
  parseSnapshotName,
  type SnapshotName,
} from '../../zfs/name.ts';
import { lossOf, planRollback, rollback } from '../../zfs/rollback.ts';
import { destroySnapshot, takeSnapshot, takeSnapshots } from '../../zfs/snapshot.ts';
import type { DatasetAction, DatasetFlags } from '../commands/dataset-commands.ts';
import type { CliContext } from '../context.ts';
import { malformed } from '../parse/malformed.ts';
import { formatBytes } from '../render/figures.ts';
import { printable } from '../render/terminal-text.ts';
import { outputRequest } from '../request/output-request.ts';
import { usageError } from '../usage-error.ts';
import { reportedRun } from './reported-run.ts';

interface Work {
  readonly flags: DatasetFlags;
  readonly names: readonly string[];
  readonly signal: AbortSignal;
  /** One line: `words` for people, `facts` for programs. */
  readonly say: (words: string, facts: Readonly<Record<string, unknown>>) => void;
}

const ACTIONS: Readonly<Record<DatasetAction, (work: Work) => Promise<void>>> = {
  list,
  snapshot,
  destroy,
  rollback: rollBack,
  hold: (work) => holdOrRelease(work, 'hold'),
  release: (work) => holdOrRelease(work, 'release'),
  bookmark,
};

/** Runs one of the commands and sets the exit code. Never throws. */
export async function runDatasets(
  context: CliContext,
  action: DatasetAction,
  flags: DatasetFlags,
  names: readonly string[],
): Promise<void> {
  const output = outputRequest(flags);
  const say = (words: string, facts: Readonly<Record<string, unknown>>): void => {
    context.process.stdout.write(`${output.json ? asJson(facts) : printable(words)}\n`);
  };
  const settings = { output, role: 'send', dataOnStdout: false, failuresAreThrown: true } as const;
  await reportedRun(context, settings, ({ signal }) => ACTIONS[action]({ flags, names, signal, say }));
}

function asJson(facts: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(facts, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

const TYPES: readonly EntityType[] = ['filesystem', 'volume', 'snapshot', 'bookmark'];

function parseTypes(text: string): EntityType[] {
  if (text === 'all') return [...TYPES];
  return text.split(',').map((word) => {
    const type = TYPES.find((each) => each === word);
    if (type === undefined) throw malformed(word, `one of ${TYPES.join(', ')}, or all`, 'snapshot,bookmark');
    return type;
  });
}

async function list({ flags, names, signal, say }: Work): Promise<void> {
  const [name] = names;
  const properties = flags.properties?.split(',') ?? [];
  let found = false;
  for await (const entity of listEntities({
    ...(name === undefined
      ? {}
      : { of: name.includes('@') ? parseSnapshotName(name) : parseDatasetName(name) }),
    ...(flags.type === undefined ? {} : { types: parseTypes(flags.type) }),
    ...(flags.depth === undefined ? {} : { depth: flags.depth }),
    properties,
    signal,
  })) {
    found = true;
    say(listLine(entity, properties), { ...entity });
  }
  if (name === undefined || found) return;
  if (name.includes('@')) {
    throw new ZwireError('ZFS_SNAPSHOT_MISSING', `there is no snapshot ${name} here`, {
      fields: { snapshot: name },
    });
  }
  // Nothing of these types, or no such dataset: the difference matters to a script.
  for await (const _ of listEntities({ of: parseDatasetName(name), depth: 0, signal })) return;
  throw new ZwireError('ZFS_DATASET_MISSING', `there is no dataset ${name} here`, {
    fields: { dataset: name },
  });
}

function listLine(entity: Entity, properties: readonly string[]): string {
  const columns = [
    entity.type.padEnd(10),
    String(entity.guid).padStart(20),
    String(entity.createtxg).padStart(10),
  ];
  return [...columns, ...properties.map((name) => entity.properties[name] ?? '-'), entity.name].join('  ');
}

async function snapshot({ flags, names, signal, say }: Work): Promise<void> {
  const properties = Object.fromEntries((flags.property ?? []).map(parseAssignment));
  const recursive = flags.recursive ?? false;
  const whole = names.filter((name) => name.includes('@')).map(parseSnapshotName);
  const told = (name: SnapshotName): void => say(name, { snapshot: name });
  if (whole.length === names.length && whole.length > 1 && !recursive) {
    await takeSnapshots(whole, { properties, signal });
    whole.forEach(told);
    return;
  }
  for (const text of names) {
    const [dataset = '', ...rest] = text.split('@');
    const name = rest.length === 0 ? {} : { name: rest.join('@') };
    told(await takeSnapshot(parseDatasetName(dataset), { ...name, recursive, properties, signal }));
  }
}

function parseAssignment(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw malformed(text, 'a property and its value', 'org.example:job=nightly');
  return [text.slice(0, at), text.slice(at + 1)];
}

async function destroy(work: Work): Promise<void> {
  const { names } = work;
  const datasets = names.filter((name) => !/[@#]/.test(name)).map(parseDatasetName);
  const [dataset] = datasets;
  if (dataset === undefined) return destroyParts(work);
  if (names.length > 1)
    throw usageError('a dataset is destroyed alone', 'Destroy the others in commands of their own.');
  const { flags, signal, say } = work;
  const recursive = flags.recursive ?? false;
  const plan = await planDestroy(dataset, { recursive, signal });
  if (flags.dryRun !== true)
    await destroyDataset(dataset, { recursive, signal, consent: flags.yes ?? false });
  const verb = flags.dryRun === true ? 'would destroy' : 'destroyed';
  for (const name of plan.names) say(`${verb} ${name}`, { name, outcome: verb });
  say(`${formatBytes(Number(plan.reclaimBytes))} ${flags.dryRun === true ? 'would come' : 'came'} free`, {
    reclaimBytes: plan.reclaimBytes,
  });
}

/** Snapshots and bookmarks, each with an outcome; the first failure is the command's. */
async function destroyParts({ flags, names, signal, say }: Work): Promise<void> {
  const bookmarks = names.filter((name) => name.includes('#')).map(parseBookmarkName);
  const snapshots = names.filter((name) => name.includes('@')).map(parseSnapshotName);
  const all = [...snapshots, ...bookmarks];
  if (flags.dryRun === true) {
    for (const name of all) say(`would destroy ${name}`, { name, outcome: 'would destroy' });
    return;
  }
  if (flags.yes !== true) {
    throw new ZwireError('CONSENT_REQUIRED', `destroying ${all.join(', ').slice(0, 300)} needs consent`, {
      fields: { count: all.length },
      hint: 'If all of it may go, add --yes.',
    });
  }
  let failure: ZwireError | undefined;
  const told = (name: string, outcome: string | ZwireError): void => {
    if (typeof outcome === 'string')
      say(`${outcome === 'absent' ? 'was not there:' : outcome} ${name}`, { name, outcome });
    else {
      failure ??= outcome;
      say(`kept ${name}: ${outcome.message} (${outcome.code})`, {
        name,
        outcome: 'kept',
        code: outcome.code,
      });
    }
  };
  if (flags.recursive === true) {
    for (const name of snapshots) {
      await destroySnapshot(name, { recursive: true, signal });
      told(name, 'destroyed');
    }
  } else for (const [name, outcome] of await destroySnapshots(snapshots, { signal })) told(name, outcome);
  for (const name of bookmarks) told(name, await destroyBookmark(name, signal));
  if (failure !== undefined) throw failure;
}

async function rollBack({ flags, names, signal, say }: Work): Promise<void> {
  const name = parseSnapshotName(names[0] ?? '');
  const plan =
    flags.dryRun === true
      ? await planRollback(name, signal)
      : await rollback(name, { signal, ...(flags.yes === true ? { lose: 'newer' } : {}) });
  const would = flags.dryRun === true ? 'would lose' : 'lost';
  const { snapshots, bookmarks, clones, writtenBytes } = plan;
  for (const lost of [...snapshots, ...bookmarks])
    say(`${would} ${lost.name}`, { name: lost.name, outcome: would });
  for (const clone of clones)
    say(`stands in the way: ${clone}`, { name: clone, outcome: 'stands in the way' });
  const loss = lossOf(plan) ?? 'nothing';
  say(
    `${flags.dryRun === true ? 'would roll' : 'rolled'} ${plan.dataset} back to ${name}; ${would} ${formatBytes(Number(writtenBytes))} written since`,
    {
      snapshot: name,
      loss,
      writtenBytes,
      done: flags.dryRun !== true,
    },
  );
}

async function holdOrRelease({ flags, names, signal, say }: Work, verb: 'hold' | 'release'): Promise<void> {
  const tag = parseHoldTag(names[0] ?? '');
  const snapshots = names.slice(1).map(parseSnapshotName);
  const apply = verb === 'hold' ? holdSnapshots : releaseSnapshots;
  const outcome: HoldOutcome = await apply(tag, snapshots, { recursive: flags.recursive ?? false, signal });
  const did = verb === 'hold' ? 'held' : 'released';
  const before = verb === 'hold' ? 'was held:' : 'was not held:';
  for (const name of outcome.changed) say(`${did} ${name}`, { name, tag, outcome: did });
  for (const name of outcome.unchanged) say(`${before} ${name}`, { name, tag, outcome: 'unchanged' });
}

async function bookmark({ names, signal, say }: Work): Promise<void> {
  const [from = '', to = ''] = names;
  const source = parseOriginName(from);
  const name =
    to.includes('#') && !to.startsWith('#')
      ? parseBookmarkName(to)
      : bookmarkName(datasetOf(source), to.replace(/^#/, ''));
  const outcome = await createBookmark(source, name, signal);
  say(outcome === 'created' ? name : `was there: ${name}`, { bookmark: name, source, outcome });
}
