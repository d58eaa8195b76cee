// docs/api.md and docs/library.md are what the sources say, every public symbol has a docstring, and the examples
// compile against the built package. That they run is tested on real pools, in test/zfs.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function node(...args: string[]): { exitCode: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  return { exitCode: status, said: stdout + stderr };
}

test('the reference is current and complete: otherwise run node scripts/docs.mjs', () => {
  expect(node('scripts/docs.mjs', '--check')).toEqual({ exitCode: 0, said: '' });
});

test('the examples compile', () => {
  const said = node('node_modules/typescript/bin/tsc', '-p', 'docs/examples/tsconfig.json', '--noEmit');
  expect(said).toEqual({ exitCode: 0, said: '' });
});

test('every example stands in the document', () => {
  const page = readFileSync(join(ROOT, 'docs/library.md'), 'utf8');
  const examples = readdirSync(join(ROOT, 'docs/examples')).filter((name) => name.endsWith('.ts'));
  expect(examples.length).toBeGreaterThan(5);
  for (const name of examples) expect(page).toContain(`<!-- examples/${name} -->`);
});
