// The list at the head of a recursive stream: `zfs receive` does what it says before it reads any of the streams, and
// without -F. By the guids in it datasets and snapshots that stand here are renamed, moved and promoted, and what is
// new is put below another dataset of the pool (recv_incremental_replication and zfs_receive_one of libzfs). A sender
// decides none of that here: the list must call everything by the name that it has, and agree with itself.
//
//   fromsnap, tosnap, fss { GUID: { name, parentfromsnap, origin?, props?, snaps { NAME: guid } } }
import { type NvList, nvValue } from '../stream/nvlist.ts';
import { type DatasetName, isWithin, parentOf, parseDatasetName, parseSnapshotName } from '../zfs/name.ts';
import { refused } from './stream-refusal.ts';

/** A snapshot at or below the target. */
export interface KnownSnapshot {
  /** Below the target: '' is the target itself, '/a/b' what lies below. */
  readonly path: string;
  /** The part after the '@'. */
  readonly snap: string;
  readonly guid: bigint;
}

/** A clone at or below the target; the guid of its origin is 0 where that lies elsewhere. */
export interface KnownClone {
  readonly path: string;
  readonly originGuid: bigint;
}

/** What stands at and below the target. */
export interface Standing {
  readonly known: readonly KnownSnapshot[];
  readonly clones: readonly KnownClone[];
}

interface Entry {
  readonly name: DatasetName;
  readonly list: NvList;
  readonly guids: ReadonlyMap<string, bigint>;
}

/** libzfs copies it into 256 bytes on its stack without looking (OpenZFS 2.1, zfs_receive_one). */
const KEY_LOCATION_BYTES_MAX = 255;
/** By these zfs-mount-generator(8) has a dataset mounted at the start of the system, canmount=noauto or not. */
const MOUNTING: readonly string[] = ['org.openzfs.systemd:required-by', 'org.openzfs.systemd:wanted-by'];

export class PackageList {
  readonly #entries: Map<string, Entry> = new Map();

  /** `base` is the snapshot of the target that an increment starts from. Throws STREAM_REFUSED and NAME_INVALID. */
  constructor(list: NvList, top: DatasetName, standing: Standing, base: KnownSnapshot | undefined) {
    const fss = nvValue(list, 'fss', 'nvlist');
    if (!list.uniqueNames || fss?.uniqueNames !== true) throw odd('it does not say what it holds');
    const from = nvValue(list, 'fromsnap', 'string');
    if (from !== base?.snap)
      throw refused('base', `its list starts from @${from ?? ''}, which was not announced`);
    for (const pair of fss.pairs) this.#add(pair.type === 'nvlist' ? pair.value : undefined, top);
    const to = nvValue(list, 'tosnap', 'string');
    for (const entry of this.#entries.values()) this.#checkParent(entry, top, from, to);
    this.#checkNames(standing.known, top);
    for (const { path, originGuid } of standing.clones) this.#checkOrigin(top + path, originGuid);
  }

  /** The head of a stream must be in the list. Throws STREAM_REFUSED. */
  checkHead(dataset: DatasetName, snap: string, guid: bigint): void {
    if (this.#entries.get(dataset)?.guids.get(snap) === guid) return;
    throw refused('guid', `its list does not have ${dataset}@${snap} with guid ${guid}`);
  }

  #add(list: NvList | undefined, top: DatasetName): void {
    const name = list && nvValue(list, 'name', 'string');
    const snaps = list && nvValue(list, 'snaps', 'nvlist');
    if (list?.uniqueNames !== true || name === undefined || snaps?.uniqueNames !== true)
      throw odd('an entry has no name or no snapshots');
    const dataset = parseDatasetName(name);
    if (!isWithin(top, dataset))
      throw refused('name', `its list names ${dataset}, which is not at or below ${top}`);
    if (this.#entries.has(dataset)) throw odd(`it has ${dataset} twice`);
    const guids = new Map<string, bigint>();
    for (const { name: snap, type, value } of snaps.pairs) {
      if (type !== 'uint64') throw odd(`a snapshot of ${dataset} has no guid`);
      parseSnapshotName(`${dataset}@${snap}`);
      guids.set(snap, value);
    }
    this.#entries.set(dataset, { name: dataset, list, guids });
    checkProperties(list, dataset);
  }

  /** By another guid than that of its parent `zfs receive` moves a dataset below whatever has the guid. */
  #checkParent(
    { name, list }: Entry,
    top: DatasetName,
    from: string | undefined,
    to: string | undefined,
  ): void {
    const said = nvValue(list, 'parentfromsnap', 'uint64') ?? 0n;
    const parent = name === top ? undefined : this.#entries.get(parentOf(name) ?? '');
    if (parent === undefined && name !== top) throw odd(`it has ${name} without what lies above it`);
    const wanted = parent?.guids.get(from ?? '') ?? parent?.guids.get(to ?? '') ?? 0n;
    if (said !== wanted)
      throw refused('name', `its list puts ${name} below another dataset than its name does`);
  }

  /** What has a guid here has the same name in the list, and what has a name has the same guid. */
  #checkNames(known: readonly KnownSnapshot[], top: DatasetName): void {
    const namesOf = new Map<bigint, string[]>();
    for (const { name, guids } of this.#entries.values())
      for (const [snap, guid] of guids) namesOf.set(guid, [...(namesOf.get(guid) ?? []), `${name}@${snap}`]);
    for (const { path, snap, guid } of known) {
      const here = `${top}${path}@${snap}`;
      const called = namesOf.get(guid)?.find((name) => name !== here);
      if (called !== undefined)
        throw refused(
          'name',
          `it would rename ${here}, as it is called here, to ${called}; rename it here by hand`,
        );
      const listed = this.#entries.get(top + path)?.guids.get(snap);
      if (listed !== undefined && listed !== guid)
        throw refused('guid', `its list has guid ${listed} for ${here}, which has guid ${guid} here`);
    }
  }

  #checkOrigin(name: string, originGuid: bigint): void {
    const entry = this.#entries.get(name);
    if (entry === undefined || (originGuid !== 0n && nvValue(entry.list, 'origin', 'uint64') === originGuid))
      return;
    throw refused('base', `it would promote ${name}, a clone here; promote it here by hand`);
  }
}

function checkProperties(list: NvList, dataset: DatasetName): void {
  const properties = nvValue(list, 'props', 'nvlist');
  if (properties === undefined) return;
  if (!properties.uniqueNames) throw odd(`${dataset} may have a property twice`);
  const place = nvValue(properties, 'keylocation', 'string') ?? '';
  if (Buffer.byteLength(place) > KEY_LOCATION_BYTES_MAX)
    throw refused('property', `its list has a keylocation for ${dataset} that is too long`);
  const mounting = properties.pairs.find((pair) => MOUNTING.includes(pair.name));
  if (mounting !== undefined)
    throw refused('property', `${dataset} has ${mounting.name}, and nothing is mounted here by the sender`);
}

function odd(what: string): Error {
  return refused('kind', `the list at its head is none: ${what}`);
}
