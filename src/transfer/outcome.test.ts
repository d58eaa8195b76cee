import { expect, test } from 'vitest';
import { emptyStatus } from '../wire/status.ts';
import { outcomeOf } from './outcome.ts';
import type { TransferOutcome } from './worker-message.ts';

function outcome(resultText: string): TransferOutcome {
  return outcomeOf({ ...emptyStatus(), state: 'committed', cumulative: 3, resultText }, 3, undefined);
}

test('what a receiver says of where it lies is taken', () => {
  const text = JSON.stringify({ target: 'backup/data', guid: '18446744073709551615' });
  expect(outcome(text)).toEqual({
    outcome: 'committed',
    target: 'backup/data',
    guid: '18446744073709551615',
  });
});

test.each<[string, string]>([
  ['escapes that drive a terminal', String.raw`{"target":"\u001b]0;owned\u0007"}`],
  ['a guid that is no number', '{"guid":"all of them"}'],
  ['a guid beyond 64 bits', '{"guid":"18446744073709551616"}'],
  ['a guid of another type', '{"guid":7,"target":["x"]}'],
  ['words', 'done, thank you'],
  ['a list', '["backup"]'],
  ['an inherited field', '{"__proto__":{"target":"x"}}'],
])('but not %s: it is committed all the same', (_, text) => {
  expect(outcome(text)).toEqual({ outcome: 'committed' });
});
