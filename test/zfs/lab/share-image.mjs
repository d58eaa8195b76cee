/**
 * Makes the guest's second disk for one run: the built project with its runtime dependencies, the guest
 * suite, what to run of it, and this very Node (so that any Node can be tested without a new root image).
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './program.mjs';

/** The checkout. */
const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * What the guest's suite.mjs reads from /share/plan.json.
 *
 * @typedef {object} Plan
 * @property {string} version OpenZFS release series that the guest should find
 * @property {boolean} gso whether this kernel sends GSO super-frames through AF_PACKET
 * @property {readonly string[]} cases names of the cases to run
 */

/** @returns {boolean} */
export function isProjectBuilt() {
  return existsSync(join(PROJECT, 'dist/cli/main.js'));
}

/**
 * @param {string} directory an empty directory to work in
 * @param {Plan} plan
 * @returns {Promise<string>} path of the image
 */
export async function makeShareImage(directory, plan) {
  const tree = join(directory, 'share');
  const project = join(tree, 'zwire');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  cpSync(process.execPath, join(tree, 'bin/node'), { dereference: true });
  cpSync(fileURLToPath(new URL('../guest', import.meta.url)), join(tree, 'guest'), { recursive: true });
  for (const part of [
    'package.json',
    'bin',
    'contrib',
    'dist',
    'docs/operations/service.md',
    ...runtimePackages(),
  ]) {
    if (!existsSync(join(PROJECT, part))) continue;
    mkdirSync(dirname(join(project, part)), { recursive: true });
    cpSync(join(PROJECT, part), join(project, part), { recursive: true, dereference: true });
  }
  // The examples of the documents run in there; inside the package, `zwire` is the package itself.
  await run(process.execPath, [
    join(PROJECT, 'node_modules/typescript/bin/tsc'),
    '-p',
    join(PROJECT, 'docs/examples'),
    '--outDir',
    join(project, 'examples'),
  ]);
  writeFileSync(join(tree, 'plan.json'), JSON.stringify(plan));
  const image = join(directory, 'share.img');
  const sizeKiB = Math.ceil((treeBytes(tree) * 1.1 + 16 * 2 ** 20) / 1024);
  await run('mke2fs', [
    '-q',
    '-t',
    'ext4',
    '-O',
    '^has_journal',
    '-m',
    '0',
    '-d',
    tree,
    image,
    `${sizeKiB}k`,
  ]);
  return image;
}

/**
 * The lock file says which packages a user gets; those for other platforms are in it and not on disk.
 *
 * @returns {string[]} paths below the project
 */
function runtimePackages() {
  /** @type {{ packages: Record<string, { dev?: boolean }> }} */
  const lock = JSON.parse(readFileSync(join(PROJECT, 'package-lock.json'), 'utf8'));
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path.startsWith('node_modules/') && entry.dev !== true)
    .map(([path]) => path);
}

/**
 * @param {string} path
 * @returns {number} bytes of the files below, rounded up to blocks
 */
function treeBytes(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return Math.ceil(found.size / 4096) * 4096;
  return readdirSync(path).reduce((sum, name) => sum + treeBytes(join(path, name)), 4096);
}
