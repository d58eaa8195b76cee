/**
 * Judges what came over the result line. Pure: a case that was planned and brought no result has failed, and
 * so has a machine that did not say that it finished.
 */

/**
 * @typedef {object} CaseResult one line of the guest
 * @property {string} name
 * @property {boolean} ok
 * @property {number} ms
 * @property {string} [message] why it failed
 *
 * @typedef {object} Verdict
 * @property {number} passed
 * @property {number} failed
 * @property {readonly string[]} problems beyond single cases: sentences for people
 */

/**
 * @param {unknown} message
 * @returns {CaseResult | undefined} undefined for any other message
 */
export function asCaseResult(message) {
  if (typeof message !== 'object' || message === null || !('name' in message) || !('ok' in message))
    return undefined;
  const { name, ok } = message;
  if (typeof name !== 'string' || typeof ok !== 'boolean') return undefined;
  const ms = 'ms' in message && typeof message.ms === 'number' ? message.ms : 0;
  return 'message' in message ? { name, ok, ms, message: String(message.message) } : { name, ok, ms };
}

/**
 * @param {readonly string[]} planned names of the cases that the guest was told to run
 * @param {readonly CaseResult[]} results
 * @param {import('./machine.mjs').Shutdown['outcome']} outcome
 * @returns {Verdict}
 */
export function judge(planned, results, outcome) {
  const problems = [];
  const missing = planned.filter((name) => !results.some((result) => result.name === name));
  const unplanned = results.filter((result) => !planned.includes(result.name));
  const passed = planned.filter((name) => {
    const own = results.filter((result) => result.name === name);
    return own.length > 0 && own.every((result) => result.ok);
  });
  if (planned.length === 0) problems.push('no case was planned');
  if (missing.length > 0) problems.push(`no result for: ${missing.join(', ')}`);
  if (unplanned.length > 0) problems.push(`nobody asked for: ${unplanned.map((r) => r.name).join(', ')}`);
  if (outcome === 'timeout') problems.push('the machine did not power off in time and was killed');
  if (outcome === 'crashed') problems.push('QEMU failed');
  if (outcome === 'aborted') problems.push('aborted');
  return { passed: passed.length, failed: planned.length - passed.length, problems };
}
