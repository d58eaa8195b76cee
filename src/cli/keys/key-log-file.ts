// The file of --key-log, opened before anything starts: a run that cannot write it, or would give the secrets to
// others, does not begin. What is written: transfer/key-log.ts.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { refuseExposed } from './key-file.ts';

export interface KeyLogFile extends Disposable {
  /** Undefined when none was asked for. */
  readonly file: number | undefined;
}

/** Mode 0600 where it is new. @throws ZwireError FILE_UNWRITABLE, KEY_FILE_EXPOSED */
export function openKeyLog(path: string | undefined): KeyLogFile {
  if (path === undefined) return { file: undefined, [Symbol.dispose]: () => undefined };
  const file = openToAppend(path);
  try {
    refuseExposed(path, fstatSync(file));
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return { file, [Symbol.dispose]: () => closeSync(file) };
}

function openToAppend(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ZwireError('FILE_UNWRITABLE', `cannot write ${path}: ${why}`, {
      fields: { path },
      hint: 'Name a place that this user may write to, with room on it.',
      cause: error,
    });
  }
}
