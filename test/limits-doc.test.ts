// docs/limits.md says of every bound where it stands; this reads it there.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LIMITS } from '../src/wire/limits.ts';

const ROOT = new URL('../', import.meta.url);
const DOCUMENT = readFileSync(new URL('docs/limits.md', ROOT), 'utf8');

interface Row {
  readonly what: string;
  readonly bound: number;
  readonly attack: string;
  readonly file: string;
  readonly name: string;
}

const rows: readonly Row[] = DOCUMENT.split('\n').flatMap((line) => {
  const [, what = '', bound = '', attack = '', where = ''] = line.split('|').map((cell) => cell.trim());
  const [file = '', name = ''] = where.split(' ');
  return /^[\d,]+$/.test(bound) && name !== ''
    ? [{ what, bound: Number(bound.replaceAll(',', '')), attack, file, name }]
    : [];
});

/** The value of a product, power or shift of numbers, as limits are written. */
function valueOf(expression: string): number {
  const [first = '', operator, second = ''] = expression
    .replaceAll('_', '')
    .split(/(\*\*|<<)/)
    .map((part) => part.trim());
  if (operator === '**') return Number(first) ** Number(second);
  if (operator === '<<') return Number(first) * 2 ** Number(second);
  return first.split('*').reduce((product, factor) => product * Number(factor.trim()), 1);
}

test('the table is read', () => {
  expect(rows.length).toBeGreaterThan(35);
});

test.each(rows)('$what: $bound', ({ bound, attack, file, name }) => {
  const source = readFileSync(new URL(file, ROOT), 'utf8');
  const pattern = new RegExp(String.raw`\b${name}(?:: number)?(?: =|:) ([0-9a-fx_* <]+)[;,]`);
  const expression = pattern.exec(source)?.[1];
  expect(expression, `${name} in ${file}`).toBeDefined();
  expect(valueOf(expression ?? '')).toBe(bound);
  expect(attack).not.toBe('');
});

test('what bounds a message from the wire is in it', () => {
  const named = new Set(rows.filter(({ file }) => file === 'src/wire/limits.ts').map(({ name }) => name));
  // The others are sizes that follow from the layout, not bounds that a sender could try.
  const layout = /^(?:mtu|superFrame|segmentPayload|controlBody|tagBytes|replicated|fec|timeoutMsMin|window)/;
  const missing = Object.keys(LIMITS).filter((name) => {
    return !named.has(name) && (name === 'tokenBytes' || !layout.test(name));
  });
  expect(missing).toEqual([]);
});
