import assert from 'node:assert/strict';
import test from 'node:test';
import { asCaseResult, judge } from './verdict.mjs';

const good = (/** @type {string} */ name) => ({ name, ok: true, ms: 1 });

test('all planned cases with a good result and a machine that powered off', () => {
  assert.deepEqual(judge(['a', 'b'], [good('a'), good('b')], 'powered-off'), {
    passed: 2,
    failed: 0,
    problems: [],
  });
});

test('a case without a result has failed', () => {
  const verdict = judge(['a', 'b'], [good('a')], 'powered-off');
  assert.deepEqual([verdict.passed, verdict.failed, verdict.problems], [1, 1, ['no result for: b']]);
});

test('a failure is not undone by a second result of the same name', () => {
  assert.equal(judge(['a'], [{ name: 'a', ok: false, ms: 1 }, good('a')], 'powered-off').failed, 1);
});

test('a machine that hangs, dies, or has nothing to do is a problem even when all results are good', () => {
  for (const outcome of /** @type {const} */ (['timeout', 'crashed', 'aborted'])) {
    assert.equal(judge(['a'], [good('a')], outcome).problems.length, 1);
  }
  assert.equal(judge([], [], 'powered-off').problems.length, 1);
  assert.equal(judge(['a'], [good('a'), good('x')], 'powered-off').problems.length, 1);
});

test('only complete results count', () => {
  for (const message of [null, 'ok', {}, { name: 'a' }, { name: 1, ok: true }, { name: 'a', ok: 'true' }]) {
    assert.equal(asCaseResult(message), undefined);
  }
  assert.deepEqual(asCaseResult({ name: 'a', ok: true }), { name: 'a', ok: true, ms: 0 });
});
