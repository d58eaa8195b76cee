// The inputs that are kept: fuzz/corpus/TARGET/NAME, and fuzz/failures/TARGET/NAME for those that broke something.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KeptInput {
  readonly path: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** In the order of their names, so that a seed gives the same run everywhere. */
export function keptInputs(directory: string, kind: 'corpus' | 'failures', target: string): KeptInput[] {
  const folder = join(directory, kind, target);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).sort();
  return names.map((name) => {
    const path = join(folder, name);
    return { path, name, bytes: new Uint8Array(readFileSync(path)) };
  });
}

/** Named by what is in it unless a name is given; returns the path. */
export function keepInput(
  directory: string,
  kind: 'corpus' | 'failures',
  target: string,
  bytes: Uint8Array,
  name: string = createHash('sha256').update(bytes).digest('hex').slice(0, 16),
): string {
  const folder = join(directory, kind, target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
