// Whether V8 still lays fields out as src/bytes/wide-zero.ts says, and whether what runs for every record heeds it. An object
// whose layout changes while it is used has its fast code thrown away. Asked in a process of its own: layouts are shared by all
// code of a process, and one that has run every other test says of a status now this, now that.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { WIDE_ZERO } from '../src/bytes/wide-zero.ts';

const PROBE = fileURLToPath(new URL('wide-fields.mjs', import.meta.url));
const kept: unknown = JSON.parse(
  execFileSync(process.execPath, ['--allow-natives-syntax', PROBE], { encoding: 'utf8' }),
);

test('a field that starts with 0 changes the layout of its object when it passes 2^31', () => {
  expect(kept).toMatchObject({ narrowBelow: true, narrowPast: false });
});

test('one that starts with WIDE_ZERO does not, nor for a fraction', () => {
  expect(kept).toMatchObject({ widePast: true, wideFraction: true });
});

test.each(['segmentHeader', 'status', 'recordTable', 'sendWindow'])(
  'what runs for every record keeps its layout: %s',
  (name) => {
    expect(kept).toHaveProperty(name, true);
  },
);

test('WIDE_ZERO counts and reads as 0', () => {
  expect(WIDE_ZERO + 0 + WIDE_ZERO + 7).toBe(7);
  expect(Object.is(WIDE_ZERO + 0, 0)).toBe(true);
  expect(`${WIDE_ZERO} ${JSON.stringify({ WIDE_ZERO })} ${BigInt(WIDE_ZERO)}`).toBe('0 {"WIDE_ZERO":0} 0');
});
