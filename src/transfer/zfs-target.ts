// Where an announced dataset lands. The name on the wire never decides alone: the receiver's own choice does.
import type { Announcement } from '../wire/announce.ts';
import {
  type DatasetName,
  joinPath,
  parseDatasetName,
  parseSnapshotName,
  pathBelowPool,
  snapOf,
} from '../zfs/name.ts';
import type { IncomingStream } from '../zfs/target.ts';

/** Where announced datasets land. */
export type ZfsDestination =
  /** Below this dataset, without the announced pool: tank/data lands in DATASET/data, and tank itself in DATASET. */
  | { readonly kind: 'into'; readonly dataset: DatasetName }
  /** This pool takes the place of the announced one. */
  | { readonly kind: 'pool'; readonly pool: DatasetName }
  /** Exactly this dataset, whatever is announced. */
  | { readonly kind: 'dataset'; readonly dataset: DatasetName }
  /** The announced name itself: for a sender that is trusted wholly. */
  | { readonly kind: 'announced-name' };

/** The dataset that the announced one becomes. Throws NAME_INVALID for an announced name that is none. */
export function targetOf(destination: ZfsDestination, announcedName: string): DatasetName {
  const announced = parseDatasetName(announcedName);
  switch (destination.kind) {
    case 'into':
      return joinPath(destination.dataset, pathBelowPool(announced));
    case 'pool':
      return joinPath(destination.pool, pathBelowPool(announced));
    case 'dataset':
      return destination.dataset;
    default:
      return announced;
  }
}

/** What the target must fit. Throws NAME_INVALID for an announced snapshot name that is none. */
export function incomingStream(announcement: Announcement): IncomingStream {
  const { fromSnapshot, toSnapshot } = announcement;
  const delta = announcement.kind === 'delta' || fromSnapshot !== undefined;
  return {
    kind: delta ? 'delta' : 'full',
    ...(fromSnapshot === undefined ? {} : { fromGuid: fromSnapshot.guid }),
    ...(toSnapshot === undefined
      ? {}
      : { to: { snap: snapOf(parseSnapshotName(toSnapshot.name)), guid: toSnapshot.guid } }),
  };
}
