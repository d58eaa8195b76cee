// What a pool holds: filesystems, volumes, snapshots and bookmarks, told apart by `type`, known by guid, in the
// order of their createtxg. Listed as `zfs list` prints them, while it prints them: any number in bounded memory.
import { ZwireError } from '../bytes/zwire-error.ts';
import { commandLine } from '../exec/process.ts';
import { readLines } from '../exec/lines.ts';
import { parseNumber, runZfs, unexpectedOutput } from './command.ts';
import { isMissing, zfsErrorFrom } from './error.ts';
import { hasFeature, zfsVersion } from './feature.ts';
import {
  type BookmarkName,
  type DatasetName,
  parseBookmarkName,
  parseDatasetName,
  parseSnapshotName,
  type SnapshotName,
} from './name.ts';
import { parsePropertyName } from './property-name.ts';

interface Listed {
  /** The same on every host that a snapshot or bookmark was sent to; names are not. */
  readonly guid: bigint;
  /** The transaction group it was made in: the order of things in a pool, which names and clocks do not tell. */
  readonly createtxg: bigint;
  /** What was asked for in `properties`, as `zfs list -p` prints it; '-' for what does not apply. */
  readonly properties: Readonly<Record<string, string>>;
}

/** A filesystem of a listing. */
export interface ListedFilesystem extends Listed {
  readonly type: 'filesystem';
  readonly name: DatasetName;
}
/** A block volume of a listing. */
export interface ListedVolume extends Listed {
  readonly type: 'volume';
  readonly name: DatasetName;
}
/** A snapshot of a listing. */
export interface ListedSnapshot extends Listed {
  readonly type: 'snapshot';
  readonly name: SnapshotName;
  readonly dataset: DatasetName;
}
/** A bookmark of a listing. */
export interface ListedBookmark extends Listed {
  readonly type: 'bookmark';
  readonly name: BookmarkName;
  readonly dataset: DatasetName;
}
/** What a pool holds, told apart by `type`. */
export type Entity = ListedFilesystem | ListedVolume | ListedSnapshot | ListedBookmark;
/** The types of what a pool holds. */
export type EntityType = Entity['type'];

/** What is listed, and how much of it. */
export interface ListOptions {
  /** The dataset to look at, or one snapshot of it; all pools when absent. */
  readonly of?: DatasetName | SnapshotName;
  /** Default: filesystems and volumes. */
  readonly types?: readonly EntityType[];
  /** How far below: 0 the dataset alone, 1 with its snapshots, bookmarks and children; everything when absent. */
  readonly depth?: number;
  /** More columns than the cheap ones (name, guid, createtxg): any costs ZFS time, some, such as `used`, a lot. */
  readonly properties?: readonly string[];
  /** `json` (OpenZFS 2.3) is read whole, at most 64 MiB; `text`, the default, line by line. Both give the same. */
  readonly format?: 'text' | 'json';
  readonly signal?: AbortSignal;
}

/** What `zfs list` knows of each thing without asking for all its properties (zfs_list_only_by_fast, zfs_iter.c). */
const CHEAP_COLUMNS = ['name', 'guid', 'createtxg'] as const;

/**
 * Everything of these types, as ZFS lists it: parents before children, snapshots of a dataset oldest first.
 * Nothing when the dataset does not exist. Leaving the loop ends the listing.
 * Throws ZFS_UNSUPPORTED for `json` where there is none, ZFS_OUTPUT_UNEXPECTED, and the typed error of `zfs list`.
 * Source: `zfs list -Hp`, cmd/zfs/zfs_main.c.
 */
export async function* listEntities(options: ListOptions = {}): AsyncGenerator<Entity, void, undefined> {
  const properties = (options.properties ?? []).map(parsePropertyName);
  if (options.format === 'json') {
    yield* await listAsJson(options, properties);
    return;
  }
  const types = typesOf(options);
  const args = listArguments(['-Hp'], options, types, properties);
  const columns = columnsOf(types, properties).length;
  const lines = readLines('zfs', args, {
    signal: options.signal,
    onExit: ({ exitCode, signal, stderr }) => {
      if (exitCode === 0) return;
      const error = zfsErrorFrom(stderr, { action: commandLine('zfs', args), exitCode, signal });
      if (!isMissing(error)) throw error;
    },
  });
  const datasetIn = lastDataset();
  for await (const batch of lines) {
    for (const line of batch) {
      const fields = fieldsOf(line, columns, args);
      const type = tellsItself(types) ? typeOfName(fields[0] ?? '') : (fields.shift() ?? '');
      const [name = '', guid, createtxg, ...values] = fields;
      yield entityOf(
        datasetIn,
        type,
        name,
        guid,
        createtxg,
        Object.fromEntries(properties.map((key, n) => [key, values[n] ?? ''])),
      );
    }
  }
}

/** By createtxg, then by guid: a total order of what one pool holds. */
export function byCreation(
  a: { readonly createtxg: bigint; readonly guid: bigint },
  b: { readonly createtxg: bigint; readonly guid: bigint },
): number {
  if (a.createtxg !== b.createtxg) return a.createtxg < b.createtxg ? -1 : 1;
  return a.guid < b.guid ? -1 : Number(a.guid > b.guid);
}

function typesOf(options: ListOptions): readonly EntityType[] {
  const types = options.types ?? ['filesystem', 'volume'];
  if (types.length === 0) throw new TypeError('listEntities: types is empty');
  return types;
}

/** The name of a snapshot or bookmark says what it is; only for datasets is the costly column `type` needed. */
function tellsItself(types: readonly EntityType[]): boolean {
  return types.every((type) => type === 'snapshot' || type === 'bookmark');
}

function typeOfName(name: string): EntityType {
  return name.includes('@') ? 'snapshot' : 'bookmark';
}

function columnsOf(types: readonly EntityType[], properties: readonly string[]): readonly string[] {
  return [...(tellsItself(types) ? [] : ['type']), ...CHEAP_COLUMNS, ...properties];
}

function listArguments(
  format: readonly string[],
  options: ListOptions,
  types: readonly EntityType[],
  properties: readonly string[],
): string[] {
  const depth = options.depth === undefined ? ['-r'] : ['-d', String(options.depth)];
  return [
    'list',
    ...format,
    ...(options.of === undefined ? [] : depth),
    '-t',
    types.join(','),
    '-o',
    columnsOf(types, properties).join(','),
    ...(options.of === undefined ? [] : [options.of]),
  ];
}

/** A user property may hold a TAB, which text cannot tell from the end of a column. */
function fieldsOf(line: string, columns: number, args: readonly string[]): string[] {
  const fields = line.split('\t');
  if (fields.length === columns) return fields;
  throw unexpectedOutput(args, `a line of ${fields.length} fields instead of ${columns}`, line);
}

/** A listing goes dataset by dataset: the name of each is checked once, not again for every snapshot. */
function lastDataset(): (name: string) => DatasetName {
  let last: DatasetName | undefined;
  return (name) => {
    const text = name.slice(0, name.search(/[@#]/));
    if (text !== last) last = parseDatasetName(text);
    return last;
  };
}

function entityOf(
  datasetIn: (name: string) => DatasetName,
  type: string,
  name: string,
  guid: string | undefined,
  createtxg: string | undefined,
  properties: Readonly<Record<string, string>>,
): Entity {
  const listed = {
    guid: parseNumber(guid, `the guid of ${name}`),
    createtxg: parseNumber(createtxg, `the createtxg of ${name}`),
    properties,
  };
  switch (type) {
    case 'filesystem':
    case 'volume':
      return { type, name: parseDatasetName(name), ...listed };
    case 'snapshot': {
      const snapshot = parseSnapshotName(name);
      return { type, name: snapshot, dataset: datasetIn(name), ...listed };
    }
    case 'bookmark': {
      const bookmark = parseBookmarkName(name);
      return { type, name: bookmark, dataset: datasetIn(name), ...listed };
    }
    default:
      throw unexpectedOutput(['list'], `the type ${JSON.stringify(type)}`, name);
  }
}

async function listAsJson(options: ListOptions, properties: readonly string[]): Promise<Entity[]> {
  await requireJson('list');
  const args = listArguments(['-j', '-p'], options, typesOf(options), properties);
  const stdout = await runZfs(args, options.signal === undefined ? {} : { signal: options.signal }).catch(
    (error: unknown) => {
      if (isMissing(error)) return '{"datasets":{}}';
      throw error;
    },
  );
  const datasetIn = lastDataset();
  return Object.entries(parseJsonDatasets(stdout, args)).map(([name, columns]) => {
    const value = (key: string): string => columns[key]?.value ?? '-';
    return entityOf(
      datasetIn,
      value('type'),
      name,
      value('guid'),
      value('createtxg'),
      Object.fromEntries(properties.map((key) => [key, value(key)])),
    );
  });
}

/** @throws ZwireError ZFS_UNSUPPORTED where `zfs` has no `-j` */
export async function requireJson(command: 'list' | 'get'): Promise<void> {
  const version = await zfsVersion();
  if (hasFeature(version, 'json_output')) return;
  throw new ZwireError(
    'ZFS_UNSUPPORTED',
    `zfs ${command} -j came with OpenZFS 2.3, and this is ${version.program.text}`,
    {
      fields: { version: version.program.text },
      hint: "Use the format 'text', which every version has.",
    },
  );
}

/** A property in the output of `-j`. */
export interface JsonProperty {
  readonly value: string;
  readonly source: { readonly type: string; readonly data: string } | undefined;
}

/**
 * The `datasets` of `zfs list -j` and `zfs get -j` (lib/libzfs/libzfs_util.c, zfs_print_json): by name, then by
 * property. createtxg and type also stand beside `properties`, and are taken from there when they were not asked for.
 */
export function parseJsonDatasets(
  stdout: string,
  args: readonly string[],
): Readonly<Record<string, Readonly<Record<string, JsonProperty>>>> {
  let root: unknown;
  try {
    root = JSON.parse(stdout);
  } catch {
    throw unexpectedOutput(args, 'no JSON', stdout);
  }
  const datasets = objectOf(objectOf(root)['datasets']);
  return Object.fromEntries(
    Object.entries(datasets).map(([name, dataset]) => {
      const entry = objectOf(dataset);
      const beside: [string, JsonProperty][] = ['type', 'createtxg'].flatMap(
        (key): [string, JsonProperty][] =>
          typeof entry[key] === 'string'
            ? [[key, { value: entry[key].toLowerCase(), source: undefined }]]
            : [],
      );
      const listed = Object.entries(objectOf(entry['properties'])).map(
        ([key, property]): [string, JsonProperty] => {
          const { value, source } = objectOf(property);
          const { type, data } = objectOf(source);
          return [
            key,
            {
              value: String(value),
              source: typeof type === 'string' ? { type, data: String(data) } : undefined,
            },
          ];
        },
      );
      return [name, Object.fromEntries([...beside, ...listed])];
    }),
  );
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- any object is a record of unknown values
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
