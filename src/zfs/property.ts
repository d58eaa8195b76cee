// Properties with where their values come from: `zfs get`, `zfs set`, `zfs inherit`.
import { ZwireError } from '../bytes/zwire-error.ts';
import { commandLine } from '../exec/process.ts';
import { runZfs, unexpectedOutput } from './command.ts';
import { type JsonProperty, parseJsonDatasets, requireJson } from './entity.ts';
import { hasFeature, zfsVersion } from './feature.ts';
import type { BookmarkName, DatasetName, SnapshotName } from './name.ts';
import { parsePropertyName, propertyAssignment } from './property-name.ts';

/** Where a value comes from. `none`: it is no setting, such as `used`, or it is not set. */
export type PropertySource =
  | { readonly kind: 'none' | 'default' | 'local' | 'temporary' | 'received' }
  | { readonly kind: 'inherited'; readonly from: string };

/** A property with its value and where that comes from. */
export interface Property {
  readonly name: string;
  /** As `-p` prints it: numbers in full, '-' for what is not set. */
  readonly value: string;
  readonly source: PropertySource;
}

/** What has properties. */
export type Named = DatasetName | SnapshotName | BookmarkName;

/** How properties are asked for. */
export interface GetOptions {
  /**
   * `json` where the version has it, the default, is exact. In `text` a user property whose value has lines that
   * look like the output of `zfs get` itself cannot be told from other properties.
   */
  readonly format?: 'text' | 'json';
  readonly signal?: AbortSignal;
}

/** Named things that one command line carries; 256 of 256 bytes stay far below the 2 MiB of ARG_MAX. */
const NAMES_PER_COMMAND = 256;

/**
 * Properties of several things, by name, then by property. `all` gives every native and user property.
 * Throws ZFS_DATASET_MISSING when one of them does not exist, NAME_INVALID, ZFS_PROPERTY_INVALID.
 * Source: `zfs get -p`, cmd/zfs/zfs_main.c.
 */
export async function getProperties(
  names: readonly Named[],
  properties: readonly string[] | 'all',
  options: GetOptions = {},
): Promise<ReadonlyMap<string, ReadonlyMap<string, Property>>> {
  const wanted = properties === 'all' ? 'all' : properties.map(parsePropertyName).join(',');
  const found = new Map<string, ReadonlyMap<string, Property>>();
  if (wanted === '') return found;
  const json =
    options.format === undefined ? hasFeature(await zfsVersion(), 'json_output') : options.format === 'json';
  if (options.format === 'json') await requireJson('get');
  const run = options.signal === undefined ? {} : { signal: options.signal };
  for (let first = 0; first < names.length; first += NAMES_PER_COMMAND) {
    const some = names.slice(first, first + NAMES_PER_COMMAND);
    const columns = json ? ['-j', '-p'] : ['-Hp', '-o', 'name,property,source,value'];
    const args = ['get', ...columns, wanted, ...some];
    const stdout = await runZfs(args, { ...run, ...(some.length === 1 ? { dataset: some[0] } : {}) });
    for (const [name, own] of json ? fromJson(stdout, args) : parseGetText(stdout, args))
      found.set(name, own);
  }
  return found;
}

/** One property of one thing. Throws what getProperties throws. */
export async function getProperty(
  name: Named,
  property: string,
  options: GetOptions = {},
): Promise<Property> {
  const found = (await getProperties([name], [property], options)).get(name)?.get(property);
  if (found !== undefined) return found;
  throw new ZwireError('ZFS_OUTPUT_UNEXPECTED', `zfs get ${property} says nothing of ${name}`, {
    fields: { dataset: name, property },
  });
}

/** Sets properties of one dataset or snapshot, all or none. Throws ZFS_PROPERTY_INVALID and what `zfs set` says. */
export async function setProperties(
  name: DatasetName | SnapshotName,
  properties: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<void> {
  const assignments = Object.entries(properties).map(([key, value]) => propertyAssignment(key, value));
  if (assignments.length > 0) await runZfs(['set', ...assignments, name], { signal, dataset: name });
}

/** Takes a property's own setting away, so that it is inherited or the default again. */
export async function inheritProperty(
  name: DatasetName | SnapshotName,
  property: string,
  options: { readonly recursive?: boolean; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const recursive = options.recursive === true ? ['-r'] : [];
  const args = ['inherit', ...recursive, parsePropertyName(property), name];
  await runZfs(args, { signal: options.signal, dataset: name });
}

/** How the source column reads: `inherited from tank/data`, `local`, `-`. */
export function parseSource(text: string): PropertySource | undefined {
  const from = /^inherited from (.+)$/.exec(text)?.[1];
  if (from !== undefined) return { kind: 'inherited', from };
  if (text === '-' || text === 'none') return { kind: 'none' };
  return text === 'default' || text === 'local' || text === 'temporary' || text === 'received'
    ? { kind: text }
    : undefined;
}

/**
 * Reads `zfs get -H -o name,property,source,value`. The value stands last, so a TAB in it does no harm; a line that
 * does not begin with three such columns goes on with the value before it.
 */
export function parseGetText(stdout: string, args: readonly string[]): Map<string, Map<string, Property>> {
  const found = new Map<string, Map<string, Property>>();
  let last: { own: Map<string, Property>; property: Property } | undefined;
  const lines = stdout.endsWith('\n') ? stdout.slice(0, -1).split('\n') : stdout.split('\n');
  for (const line of stdout === '' ? [] : lines) {
    const [name = '', property = '', sourceText = '', ...value] = line.split('\t');
    const source = parseSource(sourceText);
    if (value.length > 0 && source !== undefined && /^[a-z0-9_.+:-]/.test(property)) {
      const own = found.get(name) ?? new Map<string, Property>();
      last = { own, property: { name: property, value: value.join('\t'), source } };
      found.set(name, own);
    } else if (last !== undefined) {
      last.property = { ...last.property, value: `${last.property.value}\n${line}` };
    } else throw unexpectedOutput(args, 'a line without a name, a property and a source', line);
    last.own.set(last.property.name, last.property);
  }
  return found;
}

function fromJson(stdout: string, args: readonly string[]): [string, Map<string, Property>][] {
  return Object.entries(parseJsonDatasets(stdout, args)).map(([dataset, properties]) => [
    dataset,
    new Map(
      Object.entries(properties).flatMap(([name, property]): [string, Property][] => {
        if (property.source === undefined) return []; // it stands beside the properties and was not asked for
        return [[name, { name, value: property.value, source: jsonSource(property.source, args) }]];
      }),
    ),
  ]);
}

function jsonSource(
  { type, data }: NonNullable<JsonProperty['source']>,
  args: readonly string[],
): PropertySource {
  const source =
    type === 'INHERITED' ? ({ kind: 'inherited', from: data } as const) : parseSource(type.toLowerCase());
  if (source !== undefined) return source;
  throw unexpectedOutput(args, 'an unknown source', `${type} ${commandLine('zfs', args)}`);
}
