/**
 * Builds and caches the root file systems: mmdebstrap installs Debian with the zfs module compiled by DKMS,
 * mke2fs makes an image of the tree. About three minutes each; nothing is left in the cache but the image
 * and the files that QEMU boots from.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { chooseMirror, readAptSources } from './apt-sources.mjs';
import { ensurePrograms, isRoot, run, runAsRoot } from './program.mjs';
import * as parts from './recipe.mjs';

/**
 * @typedef {object} RootImage
 * @property {string} disk ext4, raw
 * @property {string} kernel
 * @property {string} initrd
 */

/** apt settings of this machine that decide whether and how it reaches its mirror. */
const CARRIED_APT_SETTINGS = [
  'Acquire::Check-Valid-Until',
  'Acquire::Check-Date',
  'Acquire::Retries',
  'Acquire::http::Proxy',
  'Acquire::https::Proxy',
];

/** @returns {string} */
export function cacheDirectory() {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'zwire-lab');
}

/**
 * @param {import('./recipe.mjs').Recipe} recipe
 * @returns {RootImage | undefined} undefined when it has not been built
 */
export function findRootImage(recipe) {
  const directory = join(cacheDirectory(), imageName(recipe));
  if (!existsSync(directory)) return undefined;
  const inside = (/** @type {string} */ name) => join(directory, name);
  return { disk: inside('disk.img'), kernel: inside('vmlinuz'), initrd: inside('initrd') };
}

/** Other stages of the suite run beside a build, and the last one waits for it: a third of the processor is its share. */
const NICENESS = 5;

/**
 * Builds one image into a directory of its own and renames that when it is complete, so that a build that
 * was interrupted never looks like an image. The caller holds the lock (prepare.mjs).
 *
 * @param {import('./recipe.mjs').Recipe} recipe
 * @param {(line: string) => void} say
 */
export async function buildRootImage(recipe, say) {
  await ensurePrograms(['mmdebstrap', 'mke2fs'], say);
  const cache = cacheDirectory();
  mkdirSync(cache, { recursive: true });
  await removeStale(recipe);
  const work = mkdtempSync(join(cache, `building-${imageName(recipe)}-`));
  const tree = join(work, 'root');
  try {
    const debian = ['mmdebstrap', ...(await mmdebstrapArguments(recipe, tree))];
    await runAsRoot('nice', ['-n', String(NICENESS), ...debian]);
    await finishTree(tree, work);
    const image = join(work, 'image');
    mkdirSync(image);
    await extractBootFiles(tree, image);
    await makeDisk(tree, join(image, 'disk.img'));
    renameSync(image, join(cache, imageName(recipe)));
  } catch (error) {
    throw new Error(`no image of OpenZFS ${recipe.version}${await compilerLog(tree)}`, { cause: error });
  } finally {
    // Killed builds leave their directory; the next build of the same recipe removes it.
    await runAsRoot('rm', ['-rf', '--one-file-system', work]);
  }
}

/**
 * What DKMS left of compiling the module, which says most about why a build failed.
 *
 * @param {string} tree
 * @returns {Promise<string>} '' when it left nothing
 */
async function compilerLog(tree) {
  const script =
    'for log in "$1"/var/lib/dkms/zfs/*/build/make.log; do [ ! -e "$log" ] || tail -n 40 "$log"; done';
  const log = await runAsRoot('sh', ['-c', script, 'sh', tree]);
  return log === '' ? '' : `; the last lines of DKMS's make.log:\n${log}`;
}

/** @param {import('./recipe.mjs').Recipe} recipe */
function imageName(recipe) {
  return `${recipe.version}-${parts.recipeHash(recipe)}`;
}

/**
 * Images of an older recipe of the same version, and what killed builds left: each is some 500 MB.
 *
 * @param {import('./recipe.mjs').Recipe} recipe
 */
async function removeStale(recipe) {
  const cache = cacheDirectory();
  for (const name of readdirSync(cache)) {
    const stale = name.startsWith(`${recipe.version}-`) || name.startsWith(`building-${recipe.version}-`);
    if (stale) await runAsRoot('rm', ['-rf', '--one-file-system', join(cache, name)]);
  }
}

/**
 * @param {import('./recipe.mjs').Recipe} recipe
 * @param {string} tree
 * @returns {Promise<string[]>}
 */
async function mmdebstrapArguments(recipe, tree) {
  const base = recipe.suites[0] ?? recipe.release;
  const mirror = chooseMirror(readAptSources(), base);
  if (!mirror) {
    throw new Error(
      `the lab installs Debian ${base} and found no Debian archive in /etc/apt (sources.list, sources.list.d): ` +
        'add one to the apt sources, disabled suites and all, and run this again',
    );
  }
  const options = mirror.options === '' ? '' : `[${mirror.options}] `;
  const lines = recipe.suites.map((s) => `deb ${options}${mirror.uri} ${s} ${parts.COMPONENTS.join(' ')}`);
  return [
    '--mode=root',
    '--variant=minbase',
    `--components=${parts.COMPONENTS.join(',')}`,
    `--include=${[...parts.PACKAGES, ...(recipe.extraPackages ?? [])].join(',')}`,
    `--aptopt=APT::Default-Release "${recipe.release}"`,
    ...(await carriedAptOptions()),
    '--dpkgopt=force-unsafe-io',
    ...parts.UNPACK_EXCLUDED.map((path) => `--dpkgopt=path-exclude=${path}`),
    base,
    tree,
    ...lines,
  ];
}

/** @returns {Promise<string[]>} */
async function carriedAptOptions() {
  const dump = await run('apt-config', ['dump']);
  return CARRIED_APT_SETTINGS.flatMap((key) => {
    const value = new RegExp(`^${key} "(.+)";$`, 'mi').exec(dump)?.[1];
    return value === undefined ? [] : [`--aptopt=${key} "${value}"`];
  });
}

/**
 * Puts init in, and makes sure that DKMS compiled the module: its failure does not fail the installation.
 *
 * @param {string} tree
 * @param {string} work
 */
async function finishTree(tree, work) {
  const modules = await runAsRoot('find', [join(tree, 'lib/modules'), '-name', 'zfs.ko*']);
  if (modules.trim() === '') throw new Error('DKMS did not compile the zfs module');
  const init = join(work, 'init.sh');
  writeFileSync(init, parts.INIT);
  await runAsRoot('install', ['-m', '755', init, join(tree, 'init.sh')]);
}

/**
 * @param {string} tree
 * @param {string} image
 */
async function extractBootFiles(tree, image) {
  for (const [pattern, name] of [
    ['vmlinuz-*', 'vmlinuz'],
    ['initrd.img-*', 'initrd'],
  ]) {
    const found = await runAsRoot('find', [join(tree, 'boot'), '-name', pattern ?? '']);
    const file = found.trim().split('\n').sort().at(-1);
    if (!file) throw new Error(`no ${pattern} in the new root file system`);
    await runAsRoot('install', ['-m', '644', file, join(image, name ?? '')]);
  }
}

/**
 * @param {string} tree
 * @param {string} disk
 */
async function makeDisk(tree, disk) {
  const globs = parts.REMOVED_AFTER_BUILD.join(' ');
  await runAsRoot('sh', ['-c', `cd "$1" && rm -rf --one-file-system ${globs}`, 'sh', tree]);
  const used = Number((await runAsRoot('du', ['-s', '-B1', tree])).split('\t')[0]);
  // A tenth for inodes and the journal-less file system's own tables.
  const sizeKiB = Math.ceil((used * 1.1 + parts.FREE_BYTES) / 1024);
  await runAsRoot('mke2fs', [
    '-q',
    '-t',
    'ext4',
    '-O',
    '^has_journal',
    '-m',
    '0',
    '-d',
    tree,
    disk,
    `${sizeKiB}k`,
  ]);
  if (!isRoot()) await runAsRoot('chown', [String(process.getuid?.()), disk]);
}
