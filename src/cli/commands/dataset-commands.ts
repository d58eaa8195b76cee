// `zwire list`, `snapshot`, `destroy`, `rollback`, `hold`, `release`, `bookmark`: flags and words. Thin: what they do
// is zfs/'s, what they print is run/run-datasets.ts's.
import { buildCommand, type Command, type FlagParametersForType } from '@stricli/core';
import type { CliContext } from '../context.ts';
import {
  BOOKMARK_HELP,
  DESTROY_HELP,
  HOLD_HELP,
  LIST_HELP,
  RELEASE_HELP,
  ROLLBACK_HELP,
  SNAPSHOT_HELP,
} from '../help/dataset-help.ts';
import { parseDepth } from '../parse/whole-number.ts';
import type { FlagGroup, HelpPage } from '../render/help-page.ts';
import type { OutputFlags } from '../request/output-request.ts';
import { toggle, value } from './flag-shape.ts';
import { withHelp } from './with-help.ts';

export type DatasetOutputFlags = Pick<OutputFlags, 'json' | 'debug'>;

export interface ListFlags extends DatasetOutputFlags {
  readonly type?: string;
  readonly depth?: number;
  readonly properties?: string;
}

export interface HoldFlags extends DatasetOutputFlags {
  readonly recursive?: boolean;
}

export interface SnapshotFlags extends HoldFlags {
  readonly property?: readonly string[];
}

/** Of the commands that lose something. */
export interface DestructiveFlags extends HoldFlags {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Every flag of these commands; each command has some. */
export type DatasetFlags = ListFlags & SnapshotFlags & DestructiveFlags;

export type DatasetAction = 'list' | 'snapshot' | 'destroy' | 'rollback' | 'hold' | 'release' | 'bookmark';

const OUTPUT: FlagParametersForType<DatasetOutputFlags> = {
  json: toggle('Print a JSON line for each thing, with exact numbers as text'),
  debug: toggle('Print causes and stacks of errors'),
};

const LIST: FlagParametersForType<Omit<ListFlags, keyof DatasetOutputFlags>> = {
  type: value(
    String,
    'TYPES',
    'filesystem, volume, snapshot, bookmark, with commas; or all (default: the first two)',
  ),
  depth: value(parseDepth, 'N', 'How far below: 0 is the dataset alone, 1 with its snapshots and children'),
  properties: value(String, 'NAMES', 'More columns, with commas, such as used,creation'),
};

const SNAPSHOT: FlagParametersForType<Omit<SnapshotFlags, keyof DatasetOutputFlags>> = {
  recursive: toggle('Of all datasets below too, at the same moment'),
  property: {
    kind: 'parsed',
    parse: String,
    optional: true,
    variadic: true,
    placeholder: 'NAME=VALUE',
    brief: 'Set a property of your own on it, such as org.example:job=nightly',
  },
};

const DESTRUCTIVE: FlagParametersForType<Pick<DestructiveFlags, 'dryRun' | 'yes'>> = {
  dryRun: toggle('Say what would be lost, and do nothing'),
  yes: toggle('Consent to losing it'),
};

const DESTROY: FlagParametersForType<Omit<DestructiveFlags, keyof DatasetOutputFlags>> = {
  recursive: toggle('With everything below a dataset; of a snapshot, those of its name below'),
  ...DESTRUCTIVE,
};

const HOLD: FlagParametersForType<Pick<HoldFlags, 'recursive'>> = {
  recursive: toggle('The snapshots of the same name of all datasets below too'),
};

type Action<F> = (this: CliContext, flags: F, ...names: string[]) => Promise<void>;

/** What a command does, loaded when it runs. */
function action<F extends DatasetFlags>(name: DatasetAction): () => Promise<Action<F>> {
  return async () => {
    const { runDatasets } = await import('../run/run-datasets.ts');
    return function (flags, ...names) {
      return runDatasets(this, name, flags, names);
    };
  };
}

interface Names {
  readonly kind: 'array';
  readonly parameter: {
    readonly parse: (text: string) => string;
    readonly placeholder: string;
    readonly brief: string;
  };
  readonly minimum: number;
  readonly maximum: number;
}

function names(placeholder: string, minimum: number, maximum: number = Number.POSITIVE_INFINITY): Names {
  return { kind: 'array', parameter: { parse: String, placeholder, brief: placeholder }, minimum, maximum };
}

const aliases = { r: 'recursive' } as const;

export const listCommand: Command<CliContext> = withHelp(
  buildCommand<ListFlags, string[], CliContext>({
    loader: action('list'),
    parameters: {
      flags: { ...LIST, ...OUTPUT },
      positional: names('DATASET', 0, 1),
      aliases: { t: 'type', d: 'depth', o: 'properties' },
    },
    docs: { brief: 'List datasets, snapshots and bookmarks' },
  }),
  {
    ...LIST_HELP,
    letters: { type: 't', depth: 'd', properties: 'o' },
    groups: [
      { title: 'WHAT', flags: LIST },
      { title: 'WHAT IS SAID', flags: OUTPUT },
    ],
  },
);

export const snapshotCommand: Command<CliContext> = withHelp(
  buildCommand<SnapshotFlags, string[], CliContext>({
    loader: action('snapshot'),
    parameters: { flags: { ...SNAPSHOT, ...OUTPUT }, positional: names('DATASET[@NAME]', 1), aliases },
    docs: { brief: 'Take snapshots' },
  }),
  page(SNAPSHOT_HELP, SNAPSHOT),
);

export const destroyCommand: Command<CliContext> = withHelp(
  buildCommand<DestructiveFlags, string[], CliContext>({
    loader: action('destroy'),
    parameters: { flags: { ...DESTROY, ...OUTPUT }, positional: names('NAME', 1), aliases },
    docs: { brief: 'Destroy snapshots, bookmarks or a dataset, with consent' },
  }),
  page(DESTROY_HELP, DESTROY),
);

export const rollbackCommand: Command<CliContext> = withHelp(
  buildCommand<Omit<DestructiveFlags, 'recursive'>, string[], CliContext>({
    loader: action('rollback'),
    parameters: { flags: { ...DESTRUCTIVE, ...OUTPUT }, positional: names('DATASET@SNAPSHOT', 1, 1) },
    docs: { brief: 'Roll a dataset back to a snapshot, with consent' },
  }),
  {
    ...ROLLBACK_HELP,
    groups: [
      { title: 'CONSENT', flags: DESTRUCTIVE },
      { title: 'WHAT IS SAID', flags: OUTPUT },
    ],
  },
);

export const holdCommand: Command<CliContext> = withHelp(
  buildCommand<HoldFlags, string[], CliContext>({
    loader: action('hold'),
    parameters: { flags: { ...HOLD, ...OUTPUT }, positional: names('TAG DATASET@SNAPSHOT', 2), aliases },
    docs: { brief: 'Keep snapshots from being destroyed' },
  }),
  page(HOLD_HELP, HOLD),
);

export const releaseCommand: Command<CliContext> = withHelp(
  buildCommand<HoldFlags, string[], CliContext>({
    loader: action('release'),
    parameters: { flags: { ...HOLD, ...OUTPUT }, positional: names('TAG DATASET@SNAPSHOT', 2), aliases },
    docs: { brief: 'Take holds away again' },
  }),
  page(RELEASE_HELP, HOLD),
);

export const bookmarkCommand: Command<CliContext> = withHelp(
  buildCommand<DatasetOutputFlags, string[], CliContext>({
    loader: action('bookmark'),
    parameters: { flags: OUTPUT, positional: names('SNAPSHOT #NAME', 2, 2) },
    docs: { brief: 'Remember where an increment can start, without its snapshot' },
  }),
  { ...BOOKMARK_HELP, groups: [{ title: 'WHAT IS SAID', flags: OUTPUT }] },
);

function page(help: HelpPage, flags: FlagGroup['flags']): HelpPage {
  return {
    ...help,
    letters: { recursive: 'r' },
    groups: [
      { title: 'WHAT', flags },
      { title: 'WHAT IS SAID', flags: OUTPUT },
    ],
  };
}
