// Where a program is, with the administrator's directories that a user's PATH lacks.
import { accessSync, constants } from 'node:fs';
import { delimiter } from 'node:path';
import { ADMIN_ENV } from '../test/netns/side.ts';

export function findProgram(name: string): string | undefined {
  for (const directory of (ADMIN_ENV['PATH'] ?? '').split(delimiter)) {
    try {
      accessSync(`${directory}/${name}`, constants.X_OK);
      return `${directory}/${name}`;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The `missing` field of a contender: why it cannot run, when its program is not installed. */
export function absent(program: string): { missing?: string } {
  return findProgram(program) === undefined ? { missing: `${program} is not installed` } : {};
}
