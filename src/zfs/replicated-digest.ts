// The digest of a replicated tree: what a recursive stream must have made on the target, in one line. Both sides
// compute it, the sender over the source at its newest snapshot, the receiver over the target after the stream.
//
// SHA-256 over the sorted lines `relname@snap\tguid\n`, where relname is the path below the top ('' for the top).
import { createHash } from 'node:crypto';
import { findSnapshots, listDatasets } from './dataset.ts';
import { type DatasetName, datasetOf, snapOf } from './name.ts';

export interface ReplicatedDigest {
  /** How many datasets of the tree have the snapshot. */
  readonly count: number;
  /** SHA-256 in hex. */
  readonly digest: string;
  /** Datasets of the tree without the snapshot; they are not part of the digest. */
  readonly missing: readonly DatasetName[];
}

/** A dataset of the tree that has the snapshot. */
export interface ReplicatedSnapshot {
  /** Path below the top, '' for the top itself. */
  readonly path: string;
  readonly snap: string;
  readonly guid: bigint;
}

/** The digest of the tree below `top` at `@snap`; undefined when there is no such dataset. */
export async function replicatedDigest(
  top: DatasetName,
  snap: string,
  signal?: AbortSignal,
): Promise<ReplicatedDigest | undefined> {
  const datasets = await listDatasets(top, signal);
  if (datasets === undefined) return undefined;
  const names = datasets.map((dataset) => dataset.name);
  const snapshots = await findSnapshots(names, snap, signal);
  const having = new Set(snapshots.map((snapshot) => datasetOf(snapshot.name)));
  const digest = digestOf(
    snapshots.map(({ name, guid }) => ({
      path: datasetOf(name).slice(top.length + 1),
      snap: snapOf(name),
      guid,
    })),
  );
  return { count: snapshots.length, digest, missing: names.filter((name) => !having.has(name)) };
}

/** SHA-256 in hex over the sorted lines. Names are ASCII, so the order by UTF-16 is the order by bytes. */
export function digestOf(snapshots: readonly ReplicatedSnapshot[]): string {
  const lines = snapshots.map(({ path, snap, guid }) => `${path}@${snap}\t${guid}\n`);
  return createHash('sha256').update(lines.sort().join('')).digest('hex');
}
