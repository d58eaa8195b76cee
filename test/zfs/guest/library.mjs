/**
 * The built library, used within the suite's own process: starting zwire for each check would take seconds each.
 * Nothing is loaded before a case runs, since the host reads the list of cases too.
 */
import assert from 'node:assert/strict';
import { tryRun } from './command.mjs';

/** @returns {Promise<any>} the package, and what is below its public API */
export async function loadLibrary() {
  const dist = '/share/zwire/dist';
  const [api, error] = await Promise.all([import(`${dist}/index.js`), import(`${dist}/zfs/error.js`)]);
  return { ...api, zfsErrorFrom: error.zfsErrorFrom };
}

/**
 * Runs every check, whatever the others do, so that one run of the machine tells all that is wrong.
 *
 * @param {Readonly<Record<string, () => Promise<void>>>} checks by the name of the case that each is ported from
 */
export async function runChecks(checks) {
  /** @type {string[]} */
  const faults = [];
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
    } catch (error) {
      faults.push(`${name}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  if (faults.length > 0)
    throw new Error(`${faults.length} of ${Object.keys(checks).length} checks failed\n${faults.join('\n')}`);
}

/**
 * @param {string | readonly string[]} codes any of these
 * @param {Promise<unknown>} promise
 * @returns {Promise<any>} the error
 */
export async function failsWith(codes, promise) {
  const error = await promise.then(
    (value) => assert.fail(`succeeded with ${String(value)} instead of ${codes}`),
    (/** @type {any} */ reason) => reason,
  );
  const wanted = typeof codes === 'string' ? [codes] : codes;
  assert.ok(
    wanted.includes(error.code),
    `${error.code} instead of ${codes}: ${error.message} ${error.fields?.stderr ?? ''}`,
  );
  return error;
}

/**
 * The error that zwire makes of a shell line that ends in a failing `zfs`.
 *
 * @param {any} library
 * @param {string} line
 * @returns {Promise<any>}
 */
export async function shellError(library, line) {
  const { exitCode, signal, stderr } = await tryRun('sh', '-c', line);
  assert.notEqual(exitCode, 0, `succeeded: ${line}`);
  return library.zfsErrorFrom(stderr, { action: line, exitCode, signal });
}

/**
 * @param {any} library
 * @param {string} code
 * @param {string} line
 */
export async function shellFailsWith(library, code, line) {
  const error = await shellError(library, line);
  assert.equal(error.code, code, `${line}: ${error.message}`);
  return error;
}

/**
 * @template T
 * @param {AsyncIterable<T>} items
 * @returns {Promise<T[]>}
 */
export async function collect(items) {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
}
