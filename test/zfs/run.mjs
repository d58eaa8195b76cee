/**
 * The stage with real OpenZFS: boots both versions in QEMU, side by side, runs the guest suite there over raw frames between
 * two namespaces, and prints a line a case.
 *
 *   node test/zfs/run.mjs [--only 2.1|2.3] [--filter TEXT]... [--everywhere] [--timeout SECONDS] [--unproven] [--list]
 *
 * Cases that do not depend on the version run on one of the two, unless --everywhere, --only or --filter is given.
 * Exit code 0 only when every planned case of every version brought a good result.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allCases, eitherVersionCases, unprovenCases } from './guest/all-cases.mjs';
import { bootMachine } from './lab/machine.mjs';
import { prepare, preparePrograms } from './lab/prepare.mjs';
import { selectRecipes } from './lab/recipe.mjs';
import { findRootImage } from './lab/root-image.mjs';
import { isProjectBuilt, makeShareImage } from './lab/share-image.mjs';
import { asCaseResult, judge } from './lab/verdict.mjs';

/** From power-on to power-off: three times what the whole suite takes on an idle machine with two processors. */
const DEFAULT_TIMEOUT_SECONDS = 3600;

/** Console lines shown when a machine ends badly. */
const CONSOLE_LINES_SHOWN = 40;

const say = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`);

/** @returns {Promise<number>} exit code */
async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      filter: { type: 'string', multiple: true },
      timeout: { type: 'string', default: String(DEFAULT_TIMEOUT_SECONDS) },
      list: { type: 'boolean' },
      unproven: { type: 'boolean' },
      everywhere: { type: 'boolean' },
    },
  });
  const { filter } = values;
  const wanted = allCases.filter((item) => !filter || filter.some((text) => item.name.includes(text)));
  const isBench = (/** @type {{ name: string }} */ item) => item.name.startsWith('bench: ');
  const cases = wanted.filter(
    (item) =>
      (values.unproven === true || !unprovenCases.includes(item.name)) &&
      (filter !== undefined || !isBench(item)),
  );
  const waiting = wanted.filter((item) => !cases.includes(item) && !isBench(item));
  if (waiting.length > 0) {
    say(`${waiting.length} cases are not proven yet and wait for --unproven`);
  }
  if (values.list) {
    for (const item of cases) say(item.name);
    return 0;
  }
  if (cases.length === 0)
    throw new Error(`no case has ${filter?.join(' or ')} in its name; --list shows them`);
  if (cases.some((item) => item.needsCli !== false) && !isProjectBuilt()) {
    throw new Error('dist/ is missing: run `npm run build` first');
  }
  await preparePrograms();
  const abort = new AbortController();
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(name, () => abort.abort());
  const shared = values.everywhere !== true && values.only === undefined && filter === undefined;
  const namesFor = (/** @type {number} */ place) =>
    cases.map((item) => item.name).filter((name) => !shared || runsAt(name, place));
  const timeoutMs = Number(values.timeout) * 1000;
  // Side by side, each as soon as its image is there: a machine emulates one processor each.
  const verdicts = await Promise.all(
    selectRecipes(values.only).map(async (recipe, place) => {
      try {
        await prepare(recipe.version);
      } catch (error) {
        abort.abort();
        throw error;
      }
      return runVersion(recipe, namesFor(place), timeoutMs, abort.signal);
    }),
  );
  const sum = (/** @type {'passed' | 'failed'} */ key) =>
    verdicts.reduce((total, verdict) => total + verdict[key], 0);
  say(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 && verdicts.every((verdict) => verdict.problems.length === 0) ? 0 : 1;
}

/**
 * Whether a case runs on the first version (place 0) or the second.
 *
 * @param {string} name
 * @param {number} place
 */
function runsAt(name, place) {
  const turn = eitherVersionCases.indexOf(name);
  return turn === -1 || turn % 2 === place % 2;
}

/**
 * @param {import('./lab/recipe.mjs').Recipe} recipe
 * @param {readonly string[]} names
 * @param {number} timeoutMs
 * @param {AbortSignal} signal
 * @returns {Promise<import('./lab/verdict.mjs').Verdict>}
 */
async function runVersion(recipe, names, timeoutMs, signal) {
  const root = findRootImage(recipe);
  if (!root) throw new Error(`no image of OpenZFS ${recipe.version}`);
  const directory = mkdtempSync(join(tmpdir(), 'zwire-lab-'));
  const startedMs = Date.now();
  /** @type {import('./lab/verdict.mjs').CaseResult[]} */
  const results = [];
  try {
    const share = await makeShareImage(directory, { version: recipe.version, gso: recipe.gso, cases: names });
    say(`OpenZFS ${recipe.version} on Linux ${recipe.kernel}: ${names.length} cases`);
    const onMessage = (/** @type {unknown} */ message) => {
      const result = asCaseResult(message);
      if (result) results.push(result);
      say(result ? resultLine(recipe.version, result) : `  ${recipe.version} ${JSON.stringify(message)}`);
    };
    const { outcome, consoleTail } = await bootMachine({
      root,
      share,
      directory,
      timeoutMs,
      signal,
      onMessage,
    });
    const verdict = judge(names, results, outcome);
    if (verdict.problems.length > 0) {
      for (const problem of verdict.problems) say(`  ${recipe.version} PROBLEM ${problem}`);
      say(
        `  the console's last lines:\n${consoleTail.trim().split('\n').slice(-CONSOLE_LINES_SHOWN).join('\n')}`,
      );
    }
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    say(`OpenZFS ${recipe.version}: ${verdict.passed} of ${names.length} passed in ${seconds} s`);
    return verdict;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * @param {string} version
 * @param {import('./lab/verdict.mjs').CaseResult} result
 */
function resultLine(version, result) {
  const seconds = (result.ms / 1000).toFixed(1);
  const line = `  ${version} ${result.ok ? 'ok  ' : 'FAIL'} ${result.name} (${seconds} s)`;
  return result.ok ? line : `${line}\n${(result.message ?? '').replace(/^/gm, '      ')}`;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`test/zfs: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
