// Datasets and their snapshots, as `zfs list -Hp` tells them. What does not exist is undefined, not an error.
import { ZwireError } from '../bytes/zwire-error.ts';
import { listPresentRows, listRows, parseNumber, runZfs } from './command.ts';
import {
  type DatasetName,
  type SnapshotName,
  datasetOf,
  parseDatasetName,
  parseSnapshotName,
} from './name.ts';

/** What a dataset is. */
export type DatasetType = 'filesystem' | 'volume';

/** A filesystem or volume, as it is looked up before a send or receive. */
export interface Dataset {
  readonly name: DatasetName;
  readonly type: DatasetType;
  readonly guid: bigint;
  readonly createtxg: bigint;
  /** Set when an interrupted `zfs receive -s` left partly received state here (or in its hidden clone). */
  readonly receiveResumeToken: string | undefined;
}

/** A snapshot, as it is looked up before a send or receive. */
export interface Snapshot {
  readonly name: SnapshotName;
  readonly guid: bigint;
  /** The transaction group it was taken in: the order of snapshots, which names and clocks do not tell. */
  readonly createtxg: bigint;
}

/** Most names that one command line carries: 512 x 256 bytes stay far below the 2 MiB of ARG_MAX. */
const NAMES_PER_COMMAND = 512;

const DATASET_COLUMNS = 'name,type,guid,createtxg,receive_resume_token';
const SNAPSHOT_COLUMNS = 'name,guid,createtxg';

/** The dataset, or undefined when there is none of that name. Throws the typed error of any other failure. */
export async function getDataset(name: DatasetName, signal?: AbortSignal): Promise<Dataset | undefined> {
  const args = ['list', '-Hp', '-d', '0', '-t', 'filesystem,volume', '-o', DATASET_COLUMNS, name];
  const rows = await listRows(args, 5, { signal, dataset: name });
  return rows?.map(datasetOfRow)[0];
}

/** The dataset and all below it, parents before children; undefined when there is none of that name. */
export async function listDatasets(top: DatasetName, signal?: AbortSignal): Promise<Dataset[] | undefined> {
  const args = ['list', '-Hp', '-r', '-t', 'filesystem,volume', '-o', DATASET_COLUMNS, top];
  const rows = await listRows(args, 5, { signal, dataset: top });
  return rows?.map(datasetOfRow);
}

/** The clones at and below `top` and what each is a clone of; undefined when there is no dataset of that name. */
export async function listOrigins(
  top: DatasetName,
  signal?: AbortSignal,
): Promise<{ readonly name: DatasetName; readonly origin: SnapshotName }[] | undefined> {
  const args = ['list', '-Hp', '-r', '-t', 'filesystem,volume', '-o', 'name,origin', top];
  const rows = await listRows(args, 2, { signal, dataset: top });
  const clones = rows?.filter(([, origin]) => origin !== '-' && origin !== '');
  return clones?.map(([name = '', origin = '']) => ({
    name: parseDatasetName(name),
    origin: parseSnapshotName(origin),
  }));
}

/** The dataset's snapshots, oldest first; undefined when there is no such dataset. */
export async function listSnapshots(
  dataset: DatasetName,
  options: { readonly recursive?: boolean; readonly signal?: AbortSignal | undefined } = {},
): Promise<Snapshot[] | undefined> {
  const depth = options.recursive === true ? ['-r'] : ['-d', '1'];
  const args = ['list', '-Hp', ...depth, '-t', 'snapshot', '-o', SNAPSHOT_COLUMNS, dataset];
  const rows = await listRows(args, 3, { signal: options.signal, dataset });
  return rows?.map(snapshotOfRow).sort(byCreation);
}

/** The snapshot, or undefined when it or its dataset does not exist. */
export async function getSnapshot(name: SnapshotName, signal?: AbortSignal): Promise<Snapshot | undefined> {
  const args = ['list', '-Hp', '-t', 'snapshot', '-o', SNAPSHOT_COLUMNS, name];
  const rows = await listRows(args, 3, { signal, dataset: datasetOf(name) });
  return rows?.map(snapshotOfRow)[0];
}

/** The snapshot's guid, which is the same on every host it was sent to; undefined when it does not exist. */
export async function snapshotGuid(name: SnapshotName, signal?: AbortSignal): Promise<bigint | undefined> {
  return (await getSnapshot(name, signal))?.guid;
}

/** The snapshot `snap` of each of the datasets that has it, in the same order; asks for a few hundred at a time. */
export async function findSnapshots(
  datasets: readonly DatasetName[],
  snap: string,
  signal?: AbortSignal,
): Promise<Snapshot[]> {
  const found: Snapshot[] = [];
  for (let first = 0; first < datasets.length; first += NAMES_PER_COMMAND) {
    const names = datasets.slice(first, first + NAMES_PER_COMMAND).map((name) => `${name}@${snap}`);
    const args = ['list', '-Hp', '-t', 'snapshot', '-o', SNAPSHOT_COLUMNS, ...names];
    found.push(...(await listPresentRows(args, 3, { signal })).map(snapshotOfRow));
  }
  return found;
}

/** Those of the named snapshots that exist, in the same order; asks for a few hundred at a time. */
export async function findNamed(
  names: readonly SnapshotName[],
  signal?: AbortSignal,
): Promise<SnapshotName[]> {
  const found = new Set<string>();
  for (let first = 0; first < names.length; first += NAMES_PER_COMMAND) {
    const args = [
      'list',
      '-Hp',
      '-t',
      'snapshot',
      '-o',
      'name',
      ...names.slice(first, first + NAMES_PER_COMMAND),
    ];
    for (const [name = ''] of await listPresentRows(args, 1, { signal })) found.add(name);
  }
  return names.filter((name) => found.has(name));
}

function datasetOfRow(row: readonly string[]): Dataset {
  const [name = '', type = '', guid, createtxg, token = '-'] = row;
  if (type !== 'filesystem' && type !== 'volume') {
    throw new ZwireError('ZFS_OUTPUT_UNEXPECTED', `zfs list gave ${name} the type ${JSON.stringify(type)}`, {
      fields: { dataset: name, type },
    });
  }
  return {
    name: parseDatasetName(name),
    type,
    guid: parseNumber(guid, `the guid of ${name}`),
    createtxg: parseNumber(createtxg, `the createtxg of ${name}`),
    receiveResumeToken: token === '-' || token === '' ? undefined : token,
  };
}

function snapshotOfRow(row: readonly string[]): Snapshot {
  const [name = '', guid, createtxg] = row;
  return {
    name: parseSnapshotName(name),
    guid: parseNumber(guid, `the guid of ${name}`),
    createtxg: parseNumber(createtxg, `the createtxg of ${name}`),
  };
}

/** By createtxg; snapshots of one txg keep the order of the listing. */
function byCreation(a: Snapshot, b: Snapshot): number {
  return a.createtxg < b.createtxg ? -1 : Number(a.createtxg > b.createtxg);
}

/** Sets a property of several datasets. Throws the typed error of the first command that fails. */
export async function setProperty(
  datasets: readonly DatasetName[],
  assignment: `${string}=${string}`,
  signal?: AbortSignal,
): Promise<void> {
  for (let first = 0; first < datasets.length; first += NAMES_PER_COMMAND) {
    await runZfs(['set', assignment, ...datasets.slice(first, first + NAMES_PER_COMMAND)], { signal });
  }
}
