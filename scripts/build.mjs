// Builds dist/: the library by tsc, a file each; the program and its workers by esbuild, bundled, so that the three
// isolates of a transfer load a handful of files and not some hundred. Runs as npm's "prepare", so a clean checkout is
// usable after `npm ci`, and does nothing when TypeScript is absent (a production install ships dist/ already).
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = `${root}/node_modules/typescript/bin/tsc`;
const missing = [tsc, `${root}/node_modules/esbuild`].filter((path) => !existsSync(path));
if (missing.length > 0) {
  if (existsSync(`${root}/dist/cli/main.js`)) process.exit(0);
  console.error('typescript or esbuild is not installed: run `npm ci` first');
  process.exit(1);
}
const { buildSync } = await import('esbuild');

rmSync(`${root}/dist`, { recursive: true, force: true });
execFileSync(process.execPath, [tsc, '-p', `${root}/tsconfig.json`], { stdio: 'inherit', cwd: root });

/** What the bundles have in common. Packages stay outside: koffi finds its binary beside itself. */
const bundled = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
};

// Nobody imports the command line: its bundle takes the place of its files. A command is a chunk, loaded when it runs.
rmSync(`${root}/dist/cli`, { recursive: true });
buildSync({
  ...bundled,
  entryPoints: ['src/cli/main.ts'],
  outdir: 'dist/cli',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
});

// A worker is one file.
const workers = readdirSync(`${root}/src/transfer`).filter((name) => name.endsWith('-worker.ts'));
buildSync({
  ...bundled,
  entryPoints: workers.map((name) => `src/transfer/${name}`),
  outdir: 'dist/transfer',
  allowOverwrite: true,
});
