/**
 * Builds what is missing of the lab: `node test/zfs/lab/prepare.mjs [--only 2.1|2.3]`. Done in a second when
 * nothing is missing; otherwise about three minutes an image, at low priority, so that other test stages can
 * run beside it. Two at once are safe: the second waits for the first and finds its images.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensurePrograms, findProgram } from './program.mjs';
import { selectRecipes } from './recipe.mjs';
import { buildRootImage, cacheDirectory, findRootImage } from './root-image.mjs';

/** Longest wait for another builder: two images on a busy machine. */
const LOCK_WAIT_SECONDS = 1800;

const say = (/** @type {string} */ line) => void process.stdout.write(`lab: ${line}\n`);

/** Makes sure that the programs are there that make and run the machines. */
export async function preparePrograms() {
  await ensurePrograms(['qemu-system-x86_64', 'mke2fs', 'flock'], say);
}

/**
 * Makes sure that programs and images are there.
 *
 * @param {string | undefined} only version, or undefined for all
 * @returns {Promise<void>}
 */
export async function prepare(only) {
  const recipes = selectRecipes(only);
  await preparePrograms();
  if (recipes.every((recipe) => findRootImage(recipe) !== undefined)) return;
  // The kernel lets the lock go when the process that holds it ends, however it ends: no stale locks.
  mkdirSync(cacheDirectory(), { recursive: true });
  const self = fileURLToPath(import.meta.url);
  const chosen = only === undefined ? [] : ['--only', only];
  const lock = ['-w', String(LOCK_WAIT_SECONDS), join(cacheDirectory(), 'lock')];
  const args = [...lock, process.execPath, self, '--locked', ...chosen];
  const child = spawn(findProgram('flock') ?? 'flock', args, { stdio: 'inherit' });
  const exitCode = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (exitCode !== 0) throw new Error('the images of the lab could not be built');
}

/** @param {string | undefined} only */
async function buildMissing(only) {
  for (const recipe of selectRecipes(only)) {
    if (findRootImage(recipe) !== undefined) continue;
    say(`building OpenZFS ${recipe.version} on Linux ${recipe.kernel}, about three minutes`);
    const startedMs = Date.now();
    await buildRootImage(recipe, say);
    say(`built OpenZFS ${recipe.version} in ${Math.round((Date.now() - startedMs) / 1000)} s`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { only: { type: 'string' }, locked: { type: 'boolean' } } });
  try {
    if (values.locked) await buildMissing(values.only);
    else {
      await prepare(values.only);
      say('ready');
    }
  } catch (error) {
    process.stderr.write(`lab: ${error instanceof Error ? error.message : error}\n`);
    if (error instanceof Error && error.cause instanceof Error)
      process.stderr.write(`${error.cause.message}\n`);
    process.exitCode = 1;
  }
}
