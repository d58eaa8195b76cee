/**
 * Runs the planned cases one after another inside the guest and writes one JSON line for each to the second
 * serial port. Each case has its own pools and leaves none; a case that cannot be cleaned up after ends the
 * suite, since whatever followed would tell nothing.
 */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { allCases } from './all-cases.mjs';
import { run } from './command.mjs';
import { Lab } from './lab.mjs';
import { StandingReceiver } from './transfer.mjs';

const DEFAULT_CASE_TIMEOUT_MS = 300_000;

const CLEAN_UP_TIMEOUT_MS = 60_000;

/** What starting Node takes under emulation when the host has nothing else to do. */
const NODE_START_MS = 700;

/** @type {import('../lab/share-image.mjs').Plan} */
const given = JSON.parse(readFileSync('/share/plan.json', 'utf8'));
const plan = { ...given, slowness: await measureSlowness() };
const results = openSync('/dev/ttyS1', 'w');
const standing = new StandingReceiver();
const report = (/** @type {object} */ message) => void writeSync(results, `${JSON.stringify(message)}\n`);

/**
 * @param {import('./all-cases.mjs').Case} item
 * @returns {Promise<boolean>} false when the case could not be cleaned up after
 */
async function runCase(item) {
  const startedMs = performance.now();
  const lab = new Lab(plan, standing);
  /** @type {string[]} */
  const faults = [];
  const timeoutMs = (item.timeoutMs ?? DEFAULT_CASE_TIMEOUT_MS) * plan.slowness;
  try {
    await withTimeout(item.run(lab), timeoutMs, `still running after ${Math.round(timeoutMs / 1000)} s`);
    await lab.assertNothingLeft();
  } catch (error) {
    faults.push(describe(error), ...lab.transcript());
    await standing.stop();
  }
  let clean = true;
  try {
    await withTimeout(lab.dispose(), CLEAN_UP_TIMEOUT_MS * plan.slowness, 'cleaning up takes too long');
  } catch (error) {
    faults.push(`cleaning up: ${describe(error)}`);
    clean = false;
  }
  const ms = Math.round(performance.now() - startedMs);
  const ok = faults.length === 0;
  report(ok ? { name: item.name, ok, ms } : { name: item.name, ok, ms, message: faults.join('\n') });
  return clean;
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {number} ms
 * @param {string} message
 * @returns {Promise<T>}
 */
async function withTimeout(promise, ms, message) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), ms);
  });
  try {
    return /** @type {T} */ (await Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * How much longer things take than on an idle host: it stretches the limits, so that a busy one fails nothing.
 *
 * @returns {Promise<number>} 1 to 6
 */
async function measureSlowness() {
  const startedMs = performance.now();
  for (let round = 0; round < 2; round += 1) await run(process.execPath, '-e', '0');
  return Math.min(6, Math.max(1, (performance.now() - startedMs) / 2 / NODE_START_MS));
}

/** @param {unknown} error */
function describe(error) {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

report({ slowness: Number(plan.slowness.toFixed(2)) });
for (const name of plan.cases) {
  const item = allCases.find((candidate) => candidate.name === name);
  if (!item) continue; // the host finds that its result is missing
  process.stderr.write(`case: ${name}\n`);
  if (!(await runCase(item))) break;
}
process.exit(0);
