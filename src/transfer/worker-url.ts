// Where a worker's code lies: workers are started from the built files, each of them one file (scripts/build.mjs).
import { packageFile } from '../sys/package-file.ts';

/** The module of a worker of this room, by its name without an ending. */
export function workerUrl(name: string): URL {
  return packageFile(`dist/transfer/${name}.js`);
}
