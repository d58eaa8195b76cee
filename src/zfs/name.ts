// Names of datasets and snapshots, checked once and branded, so that nothing unchecked reaches a command line.
// The rules are those of OpenZFS module/zcommon/zfs_namecheck.c (dataset_namecheck, snapshot_namecheck,
// pool_namecheck): at most 255 bytes, components of [A-Za-z0-9-_.: ], none empty and none '.' or '..';
// a pool begins with a letter, so no name can pass for an option.
import { ZwireError } from '../bytes/zwire-error.ts';

/** A filesystem or volume, such as `tank/data`. */
export type DatasetName = string & { readonly __dataset: unique symbol };
/** A snapshot with its dataset, such as `tank/data@monday`. */
export type SnapshotName = string & { readonly __snapshot: unique symbol };

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
  throw invalid('snapshot', text, snapshotFault(text) ?? '');
}

/** Takes what people type beside a dataset: `@monday` or the whole `tank/data@monday`. Throws NAME_INVALID. */
export function parseSnapshotOf(dataset: DatasetName, text: string): SnapshotName {
  return parseSnapshotName(text.startsWith('@') ? dataset + text : text);
}

/** `dataset@snap`. Throws NAME_INVALID. */
export function snapshotName(dataset: DatasetName, snap: string): SnapshotName {
  return parseSnapshotName(`${dataset}@${snap}`);
}

/** `tank/data` of `tank/data@monday`. */
export function datasetOf(snapshot: SnapshotName): DatasetName {
  return parseDatasetName(snapshot.slice(0, snapshot.indexOf('@')));
}

/** `monday` of `tank/data@monday`. */
export function snapOf(snapshot: SnapshotName): string {
  return snapshot.slice(snapshot.indexOf('@') + 1);
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

function isSnapshotName(text: string): text is SnapshotName {
  return snapshotFault(text) === undefined;
}

function snapshotFault(text: string): string | undefined {
  const at = text.indexOf('@');
  if (at < 0) return "it has no '@' between dataset and snapshot";
  return datasetFault(text.slice(0, at)) ?? snapFault(text.slice(at + 1)) ?? lengthFault(text);
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

function snapFault(snap: string): string | undefined {
  if (snap === '') return "nothing follows the '@'";
  return COMPONENT.test(snap) ? undefined : `'${oddCharacter(snap)}' is not allowed after the '@'`;
}

/** All characters are ASCII once the components are checked, so length in characters is length in bytes. */
function lengthFault(text: string): string | undefined {
  return text.length > NAME_BYTES_MAX ? `it is longer than ${NAME_BYTES_MAX} bytes` : undefined;
}

function oddCharacter(component: string): string {
  const odd = /[^A-Za-z0-9_.: -]/u.exec(component)?.[0] ?? '';
  return /^[\x21-\x7e]$/.test(odd) ? odd : JSON.stringify(odd).slice(1, -1);
}

function invalid(kind: 'dataset' | 'snapshot', text: string, fault: string): ZwireError {
  const shown = text.length > 300 ? `${text.slice(0, 300)}...` : text;
  return new ZwireError('NAME_INVALID', `${JSON.stringify(shown)} is not a ${kind} name: ${fault}`, {
    fields: { name: shown, kind },
    hint:
      kind === 'dataset'
        ? 'Names look like pool/dataset: letters, digits, spaces and - _ . : only.'
        : 'Names look like pool/dataset@snapshot: letters, digits, spaces and - _ . : only.',
  });
}
