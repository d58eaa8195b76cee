// Other Node versions for the tests and the bench, from npm packages, in a cache directory outside the checkout.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where things are kept that take long to make: XDG_CACHE_HOME/zwire, ~/.cache/zwire, or a temporary directory. */
export function cacheDirectory() {
  const base = process.env.XDG_CACHE_HOME || (process.env.HOME ? join(homedir(), '.cache') : tmpdir());
  return join(base, 'zwire');
}

/** The newest Node `major` from the package node-linux-ARCH, installed on first use. Throws when npm cannot. */
export function ensureNode(major) {
  const name = `node-linux-${process.arch}`;
  const directory = join(cacheDirectory(), `node-${major}`);
  const path = join(directory, 'node_modules', name, 'bin', 'node');
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'package.json'), '{"private":true}\n');
    const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', ['install', ...flags, '--prefix', directory, `${name}@${major}`], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }
  const shown = spawnSync(path, ['--version'], { encoding: 'utf8' });
  if (shown.status !== 0) throw new Error(`${path} does not run: ${shown.stderr}`);
  return { path, version: shown.stdout.trim() };
}
