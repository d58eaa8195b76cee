// Names of datasets, snapshots, bookmarks and holds, checked once and branded, so that nothing unchecked reaches a command line.
// The rules are those of OpenZFS module/zcommon/zfs_namecheck.c (dataset_namecheck, snapshot_namecheck,
// pool_namecheck): at most 255 bytes, components of [A-Za-z0-9-_.: ], none empty and none '.' or '..';
// a pool begins with a letter, so no name can pass for an option.
import { ZwireError } from '../bytes/zwire-error.ts';

/** A filesystem or volume, such as `tank/data`. */
export type DatasetName = string & { readonly __dataset: unique symbol };
/** A snapshot with its dataset, such as `tank/data@monday`. */
export type SnapshotName = string & { readonly __snapshot: unique symbol };

/** A bookmark with its dataset, such as `tank/data#monday`. */
export type BookmarkName = string & { readonly __bookmark: unique symbol };
/** The tag of a hold. */
export type HoldTag = string & { readonly __tag: unique symbol };

/** ZFS_MAX_DATASET_NAME_LEN without its NUL. */
export const NAME_BYTES_MAX: number = 255;

const COMPONENT = /^[A-Za-z0-9_.: -]+$/;

/** Throws NAME_INVALID, saying which rule the text breaks. */
export function parseDatasetName(text: string): DatasetName {
  if (isDatasetName(text)) return text;
  throw invalid('dataset', text, datasetFault(text) ?? '');
}

/** Takes `dataset@snapshot`. Throws NAME_INVALID, saying which rule the text breaks. */
export function parseSnapshotName(text: string): SnapshotName {
  if (isSnapshotName(text)) return text;
  throw invalid('snapshot', text, partFault(text, '@', 'snapshot') ?? '');
}

/** Takes `dataset#bookmark`. Throws NAME_INVALID, saying which rule the text breaks. */
export function parseBookmarkName(text: string): BookmarkName {
  if (isBookmarkName(text)) return text;
  throw invalid('bookmark', text, partFault(text, '#', 'bookmark') ?? '');
}

/** `dataset#mark`. Throws NAME_INVALID. */
export function bookmarkName(dataset: DatasetName, mark: string): BookmarkName {
  return parseBookmarkName(`${dataset}#${mark}`);
}

/** Takes what an increment may start from: `tank/data@monday` or `tank/data#monday`. Throws NAME_INVALID. */
export function parseOriginName(text: string): SnapshotName | BookmarkName {
  return text.includes('#') ? parseBookmarkName(text) : parseSnapshotName(text);
}

/**
 * The tag of a hold: 1 to 255 bytes, no control characters, no '-' or '.' in front (zfs_do_hold_rele_impl refuses
 * the '.'; a '-' would pass for an option). Throws NAME_INVALID.
 */
export function parseHoldTag(text: string): HoldTag {
  if (isHoldTag(text)) return text;
  throw invalid('hold tag', text, tagFault(text) ?? '');
}

/** Takes what people type beside a dataset: `@monday` or the whole `tank/data@monday`. Throws NAME_INVALID. */
export function parseSnapshotOf(dataset: DatasetName, text: string): SnapshotName {
  return parseSnapshotName(text.startsWith('@') ? dataset + text : text);
}

/** `dataset@snap`. Throws NAME_INVALID. */
export function snapshotName(dataset: DatasetName, snap: string): SnapshotName {
  return parseSnapshotName(`${dataset}@${snap}`);
}

/** `tank/data` of `tank/data@monday` and of `tank/data#monday`. */
export function datasetOf(name: SnapshotName | BookmarkName): DatasetName {
  return parseDatasetName(name.slice(0, name.search(/[@#]/)));
}

/** `monday` of `tank/data@monday`. */
export function snapOf(snapshot: SnapshotName): string {
  return snapshot.slice(snapshot.indexOf('@') + 1);
}

/** `monday` of `tank/data#monday`. */
export function markOf(bookmark: BookmarkName): string {
  return bookmark.slice(bookmark.indexOf('#') + 1);
}

/** `tank` of `tank/data/a`. */
export function poolOf(dataset: DatasetName): DatasetName {
  const slash = dataset.indexOf('/');
  return slash < 0 ? dataset : parseDatasetName(dataset.slice(0, slash));
}

/** `data/a` of `tank/data/a`; empty for the pool itself. */
export function pathBelowPool(dataset: DatasetName): string {
  const slash = dataset.indexOf('/');
  return slash < 0 ? '' : dataset.slice(slash + 1);
}

/** `tank/data` of `tank/data/a`; undefined for a pool. */
export function parentOf(dataset: DatasetName): DatasetName | undefined {
  const slash = dataset.lastIndexOf('/');
  return slash < 0 ? undefined : parseDatasetName(dataset.slice(0, slash));
}

/** `base` itself for an empty path, else `base/path`. Throws NAME_INVALID (too long, or a bad path). */
export function joinPath(base: DatasetName, path: string): DatasetName {
  return path === '' ? base : parseDatasetName(`${base}/${path}`);
}

/** Whether `dataset` is `top` or lies below it. */
export function isWithin(top: DatasetName, dataset: DatasetName): boolean {
  return dataset === top || dataset.startsWith(`${top}/`);
}

function isDatasetName(text: string): text is DatasetName {
  return datasetFault(text) === undefined;
}

/** Whether it is a whole snapshot name. */
export function isSnapshotName(text: string): text is SnapshotName {
  return partFault(text, '@', 'snapshot') === undefined;
}

function isBookmarkName(text: string): text is BookmarkName {
  return partFault(text, '#', 'bookmark') === undefined;
}

function isHoldTag(text: string): text is HoldTag {
  return tagFault(text) === undefined;
}

function partFault(text: string, mark: '@' | '#', kind: 'snapshot' | 'bookmark'): string | undefined {
  const at = text.indexOf(mark);
  if (at < 0) return `it has no '${mark}' between dataset and ${kind}`;
  return datasetFault(text.slice(0, at)) ?? lastPartFault(text.slice(at + 1), mark) ?? lengthFault(text);
}

function tagFault(text: string): string | undefined {
  if (text === '') return 'it is empty';
  if (/^[-.]/.test(text)) return `it begins with '${text.slice(0, 1)}'`;
  if (/[\x00-\x1f\x7f]/.test(text)) return 'it has a control character';
  return Buffer.byteLength(text) > NAME_BYTES_MAX ? `it is longer than ${NAME_BYTES_MAX} bytes` : undefined;
}

function datasetFault(text: string): string | undefined {
  const components = text.split('/');
  if (components.some((component) => component === '')) return 'a component is empty';
  const odd = components.find((component) => !COMPONENT.test(component));
  if (odd !== undefined) return `'${oddCharacter(odd)}' is not allowed in it`;
  if (components.some((component) => component === '.' || component === '..')) {
    return "a component is '.' or '..'";
  }
  if (!/^[A-Za-z]/.test(text)) return 'a pool name begins with a letter';
  return lengthFault(text);
}

function lastPartFault(part: string, mark: '@' | '#'): string | undefined {
  if (part === '') return `nothing follows the '${mark}'`;
  return COMPONENT.test(part) ? undefined : `'${oddCharacter(part)}' is not allowed after the '${mark}'`;
}

/** All characters are ASCII once the components are checked, so length in characters is length in bytes. */
function lengthFault(text: string): string | undefined {
  return text.length > NAME_BYTES_MAX ? `it is longer than ${NAME_BYTES_MAX} bytes` : undefined;
}

function oddCharacter(component: string): string {
  const odd = /[^A-Za-z0-9_.: -]/u.exec(component)?.[0] ?? '';
  return /^[\x21-\x7e]$/.test(odd) ? odd : JSON.stringify(odd).slice(1, -1);
}

type NameKind = 'dataset' | 'snapshot' | 'bookmark' | 'hold tag';

const LOOKS: Readonly<Record<NameKind, string>> = {
  dataset: 'Names look like pool/dataset: letters, digits, spaces and - _ . : only.',
  snapshot: 'Names look like pool/dataset@snapshot: letters, digits, spaces and - _ . : only.',
  bookmark: 'Names look like pool/dataset#bookmark: letters, digits, spaces and - _ . : only.',
  'hold tag': 'A tag is a word such as backup or zwire:nightly.',
};

function invalid(kind: NameKind, text: string, fault: string): ZwireError {
  const shown = text.length > 300 ? `${text.slice(0, 300)}...` : text;
  return new ZwireError(
    'NAME_INVALID',
    `${JSON.stringify(shown)} is not a ${kind === 'hold tag' ? kind : `${kind} name`}: ${fault}`,
    {
      fields: { name: shown, kind },
      hint: LOOKS[kind],
    },
  );
}
