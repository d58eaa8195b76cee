// Names of datasets and snapshots as they are typed; what a name may hold is zfs/name.ts's to say.
import { existsSync, statSync } from 'node:fs';
import { ZwireError } from '../../bytes/zwire-error.ts';
import {
  type BookmarkName,
  type DatasetName,
  parseBookmarkName,
  parseDatasetName,
  parseSnapshotName,
  type SnapshotName,
} from '../../zfs/name.ts';

/** A whole snapshot name, such as tank/data@monday. @throws ZwireError NAME_INVALID */
export function parseSnapshot(text: string): SnapshotName {
  if (text.includes('@')) return parseSnapshotName(text);
  // A directory is none: in / the name of a dataset is often where it is mounted.
  if (existsSync(text) && statSync(text).isFile()) {
    throw new ZwireError(
      'NAME_INVALID',
      `"${text}" is a file, and a snapshot is named like tank/data@monday`,
      {
        fields: { name: text },
        hint: `To send the file: --file ${JSON.stringify(text)}`,
      },
    );
  }
  const dataset = parseDatasetName(text);
  throw new ZwireError('NAME_INVALID', `"${text}" is a dataset, and what travels is a snapshot of it`, {
    fields: { name: text },
    hint:
      `Name one, such as ${dataset}@monday. To list them: zfs list -t snapshot ${dataset}\n` +
      `To take one: zfs snapshot ${dataset}@monday`,
  });
}

/** A dataset or a pool, such as tank/data. @throws ZwireError NAME_INVALID */
export function parseDataset(text: string): DatasetName {
  return parseDatasetName(text);
}

/** A pool: a dataset name of one component. @throws ZwireError NAME_INVALID */
export function parsePool(text: string): DatasetName {
  const name = parseDatasetName(text);
  if (!name.includes('/')) return name;
  throw new ZwireError('NAME_INVALID', `"${text}" is a dataset, not a pool`, {
    fields: { name: text },
    hint: `For a dataset, use --dataset ${text}`,
  });
}

/**
 * What --from and --snapshot take beside a dataset: `@monday`, `monday` or `tank/data@monday`.
 * @throws ZwireError NAME_INVALID
 */
export function parseSnapshotBeside(dataset: DatasetName, text: string): SnapshotName {
  return parseSnapshotName(
    text.includes('@') && !text.startsWith('@') ? text : `${dataset}@${text.replace(/^@/, '')}`,
  );
}

/**
 * What --from takes beside a dataset: a snapshot as above, or a bookmark, `#monday` or `tank/data#monday`.
 * @throws ZwireError NAME_INVALID
 */
export function parseOriginBeside(dataset: DatasetName, text: string): SnapshotName | BookmarkName {
  if (!text.includes('#') || text.includes('@')) return parseSnapshotBeside(dataset, text);
  return parseBookmarkName(text.startsWith('#') ? dataset + text : text);
}
