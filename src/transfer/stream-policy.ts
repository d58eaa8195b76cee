// What a send stream must be before any of it reaches `zfs receive`: judged by the head of each stream in it (BEGIN),
// against what was announced and what this receiver takes. Pure; stream-gate.ts finds the heads.
//
// A stream is either one BEGIN ... END, or a package: a head of its own, then one BEGIN ... END for each snapshot, in
// an order that every snapshot's base precedes it. libzfs trusts a package's names (it asserts, in debug builds only,
// that they begin with the package's own), so that check is ours to make.
import { ZwireError } from '../bytes/zwire-error.ts';
import type { StreamFeature } from '../stream/feature.ts';
import type { StreamBegin } from '../stream/stream-record.ts';
import {
  type DatasetName,
  datasetOf,
  isWithin,
  parentOf,
  parseDatasetName,
  parseSnapshotName,
  snapOf,
} from '../zfs/name.ts';
import { type KnownSnapshot, PackageList, type Standing } from './package-list.ts';
import { refused } from './stream-refusal.ts';

/** Plain data: it is handed to the writing thread. Without `to` (the seed's format does not tell) less is checked. */
export interface StreamRules extends Standing {
  /** Where it lands: the top, for a package. */
  readonly target: string;
  /** The snapshot that the stream ends in, `dataset@snapshot` as the sender calls it. */
  readonly to?: { readonly name: string; readonly guid: bigint };
  readonly incremental: boolean;
  /** Guid of the snapshot that an increment starts from; absent where nobody said. */
  readonly fromGuid?: bigint;
  /** Announced with the datasets below: only such a package may carry properties and other datasets. */
  readonly recursive: boolean;
  /** Of the dataset at the top. */
  readonly type: 'filesystem' | 'volume' | 'unknown';
  /** Only raw streams: the receiver never sees a key or plaintext. */
  readonly rawOnly: boolean;
}

type Begin = Pick<
  StreamBegin,
  'kind' | 'contents' | 'features' | 'flags' | 'toGuid' | 'fromGuid' | 'toName' | 'nvlist'
>;

/** Snapshots in one package: bounds the memory that its heads can take. */
export const PACKAGE_SNAPSHOTS_MAX = 1_000_000;

/**
 * Features that are taken; any other is refused, and an unknown one by the reader before it comes here. Not among
 * them: dedup and dedup_props, which OpenZFS itself gave up; redacted, whose stream leaves data out and so makes no
 * copy; resuming, since nothing here asks for the rest of a stream.
 */
const FEATURES_TAKEN: ReadonlySet<StreamFeature> = new Set<StreamFeature>([
  'sa_spill',
  'embed_data',
  'lz4',
  'large_blocks',
  'compressed',
  'large_dnode',
  'raw',
  'zstd',
  'switch_to_large_blocks',
  'longname',
  'large_microzap',
]);
/** Not `holds`: a sender that may hold snapshots here keeps them from being destroyed. */
const PACKAGE_FEATURES_TAKEN: ReadonlySet<StreamFeature> = new Set<StreamFeature>(['sa_spill', 'raw']);

export class StreamPolicy {
  readonly #rules: StreamRules;
  /** Of a package: the dataset that its names begin with, and the list at its head. */
  #top: DatasetName | undefined;
  #list: PackageList | undefined;
  #snapshots = 0;
  /** Newest snapshot of each dataset of the package so far, by the sender's name. */
  readonly #newest: Map<string, bigint> = new Map();
  readonly #guids: Set<bigint>;
  /** Guids of the snapshots here, by the path of their dataset below the target. */
  readonly #here: Map<string, Set<bigint>> = new Map();
  #guidAtEnd = 0n;

  constructor(rules: StreamRules) {
    this.#rules = rules;
    this.#guids = new Set(rules.known.map((snapshot) => snapshot.guid));
    for (const { path, guid } of rules.known)
      this.#here.set(path, (this.#here.get(path) ?? new Set<bigint>()).add(guid));
  }

  /** The head of everything. Throws STREAM_REFUSED, SENDER_NOT_ALLOWED, NAME_INVALID. */
  first(begin: Begin): void {
    if (begin.kind === 'package') {
      this.#package(begin);
      return;
    }
    if (this.#rules.recursive && this.#rules.to !== undefined) {
      throw refused('kind', 'it is one snapshot, and a package was announced');
    }
    this.#single(begin);
  }

  /** The head of one stream of a package. Throws STREAM_REFUSED, SENDER_NOT_ALLOWED, NAME_INVALID. */
  next(begin: Begin): void {
    this.#checkHead(begin);
    const name = parseSnapshotName(begin.toName);
    const dataset = datasetOf(name);
    const top = this.#top ?? dataset;
    if (!isWithin(top, dataset)) {
      throw refused('name', `it names ${dataset}, which is not at or below ${top}`);
    }
    if (!this.#rules.recursive && dataset !== top) {
      throw refused('name', `it holds ${dataset}, and only ${top} was announced`);
    }
    // The name that it gets here must be one as well, and no longer than ZFS takes.
    parseSnapshotName(this.#rules.target + name.slice(top.length));
    if (dataset === top) this.#checkType(begin);
    this.#list?.checkHead(dataset, snapOf(name), begin.toGuid);
    this.#checkBase(begin, dataset, top);
    if (++this.#snapshots > PACKAGE_SNAPSHOTS_MAX) throw refused('size', 'it holds too many snapshots');
    this.#newest.set(dataset, begin.toGuid);
    this.#guids.add(begin.toGuid);
    if (dataset === top) this.#guidAtEnd = begin.toGuid;
  }

  /** After the last stream: whether the package ended in the snapshot that was announced. Throws STREAM_REFUSED. */
  atEnd(): void {
    const { to } = this.#rules;
    if (to === undefined || this.#guidAtEnd === to.guid) return;
    throw refused('guid', `its newest snapshot has guid ${this.#guidAtEnd}, and ${to.guid} was announced`);
  }

  #package(begin: Begin): void {
    const { to, recursive } = this.#rules;
    checkFeatures(begin, PACKAGE_FEATURES_TAKEN);
    // The list at its head carries properties and the names of other datasets.
    if (!recursive && begin.nvlist !== undefined) {
      throw refused('kind', 'it carries properties, and was not announced as recursive');
    }
    const name = parseSnapshotName(begin.toName);
    if (to !== undefined && name !== to.name) throw otherName(name, to.name);
    this.#top = datasetOf(name);
    parseDatasetName(this.#rules.target);
    if (begin.nvlist !== undefined)
      this.#list = new PackageList(begin.nvlist.list, this.#top, this.#rules, this.#base());
  }

  /** The snapshot here that an increment starts from. */
  #base(): KnownSnapshot | undefined {
    const { fromGuid, incremental, known } = this.#rules;
    return incremental ? known.find(({ path, guid }) => path === '' && guid === fromGuid) : undefined;
  }

  #single(begin: Begin): void {
    const { to, incremental, fromGuid } = this.#rules;
    this.#checkHead(begin);
    this.#checkType(begin);
    const name = parseSnapshotName(begin.toName);
    if (to !== undefined) {
      if (name !== to.name) throw otherName(name, to.name);
      if (begin.toGuid !== to.guid) {
        throw refused('guid', `its snapshot has guid ${begin.toGuid}, and ${to.guid} was announced`);
      }
    }
    if (!incremental && begin.fromGuid !== undefined) {
      throw refused('base', `it is an increment from guid ${begin.fromGuid}, and a whole one was announced`);
    }
    if (incremental && begin.fromGuid === undefined) {
      throw refused('base', 'it is a whole one, and an increment was announced');
    }
    if (fromGuid !== undefined && begin.fromGuid !== fromGuid) {
      throw refused('base', `it starts from guid ${begin.fromGuid}, and ${fromGuid} was announced`);
    }
  }

  #checkHead(begin: Begin): void {
    checkFeatures(begin, FEATURES_TAKEN);
    if (this.#rules.rawOnly && !begin.features.includes('raw')) {
      throw new ZwireError(
        'SENDER_NOT_ALLOWED',
        'the stream is not raw, and this sender may only send raw streams',
        {
          fields: { rule: 'raw-only' },
          hint: 'Send the encrypted dataset as it is, with --raw; or take raw-only out of its line on the receiver.',
        },
      );
    }
    if (begin.toGuid === 0n) throw refused('guid', 'its snapshot has no guid');
    if (begin.contents !== 'filesystem' && begin.contents !== 'volume') {
      throw refused('type', 'it is neither of a filesystem nor of a volume');
    }
  }

  #checkType(begin: Begin): void {
    if (this.#rules.type === 'unknown' || this.#rules.type === begin.contents) return;
    throw refused('type', `it is of a ${begin.contents}, and a ${this.#rules.type} was announced`);
  }

  /** What a stream of a package builds on: its own predecessor, the announced base, or a clone's origin. */
  #checkBase(begin: Begin, dataset: DatasetName, top: DatasetName): void {
    const { fromGuid, incremental, to } = this.#rules;
    const before = this.#newest.get(dataset);
    const from = begin.fromGuid;
    if (before !== undefined) {
      if (from === before) return;
      throw refused('base', `${begin.toName} does not follow the snapshot before it`);
    }
    const isClone = begin.flags.includes('clone');
    // In a recursive increment datasets that are new come whole.
    if (from === undefined || isClone) this.#checkParent(dataset, top);
    if (from === undefined) {
      if (!incremental || dataset !== top) return;
      throw refused('base', `${begin.toName} is a whole one, and an increment was announced`);
    }
    if (!incremental && !isClone && to !== undefined) {
      throw refused('base', `${begin.toName} is an increment, and a whole package was announced`);
    }
    if (incremental && dataset === top && fromGuid !== undefined) {
      if (from === fromGuid) return;
      throw refused('base', `${begin.toName} starts from guid ${from}, and ${fromGuid} was announced`);
    }
    if (isClone ? this.#guids.has(from) : this.#isHere(dataset, top, from)) return;
    throw refused(
      'base',
      `${begin.toName} starts from guid ${from}, which is neither here nor in the package`,
    );
  }

  /**
   * What has no parent here `zfs receive` puts below another dataset of the pool, by a guid that the sender says
   * (zfs_receive_one of libzfs: "if the parent fs does not exist, look for it").
   */
  #checkParent(dataset: DatasetName, top: DatasetName): void {
    const parent = parentOf(dataset);
    if (dataset === top || parent === undefined || this.#newest.has(parent)) return;
    if (this.#isHere(parent, top)) return;
    throw refused('base', `${dataset} comes without ${parent}, which is neither here nor in the package`);
  }

  /** Likewise an increment of what is not there goes to whatever has the guid that it starts from. */
  #isHere(dataset: DatasetName, top: DatasetName, guid?: bigint): boolean {
    const guids = this.#here.get(dataset.slice(top.length));
    return guids !== undefined && (guid === undefined || guids.has(guid));
  }
}

function checkFeatures(begin: Begin, taken: ReadonlySet<StreamFeature>): void {
  const odd = begin.features.find((feature) => !taken.has(feature));
  if (odd !== undefined) throw refused('feature', `it has the feature ${odd}, which is not taken`);
}

function otherName(name: string, announced: string): ZwireError {
  return refused('name', `it is of ${name}, and ${announced} was announced`);
}
