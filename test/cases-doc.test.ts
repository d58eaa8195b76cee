// test/zfs/CASES.md names exactly the checks that the guest's files have, but for those that are ours alone.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const sources = ['snapshots', 'streams']
  .map((name) => read(`zfs/guest/cases/library-${name}.mjs`))
  .join('\n');
const applying = read('zfs/CASES.md').split('## What does not apply')[0] ?? '';
const ported = [...applying.matchAll(/^\| (?!case|---)(.+?) \|/gm)].map(([, name = '']) => name);

test("every ported case stands in the guest's files", () => {
  expect(ported.length).toBeGreaterThan(60);
  expect(new Set(ported).size).toBe(ported.length);
  expect(ported.filter((name) => !sources.includes(name))).toEqual([]);
});

test("every check with the name of a peer's case is listed", () => {
  const checks = [...sources.matchAll(/(?:async |^ +)'?((?:test_|[A-Z])\w+(?:, \w+)*)'?(?:\(\)|: )/gm)]
    .flatMap(([, names = '']) => names.split(', '))
    .filter((name) => /^test_|^(?:[A-Z][a-z]+){2,}/.test(name));
  expect(checks.length).toBeGreaterThan(40);
  const ours = ['test_recv_missing_parent_fs_before_it_starts'];
  expect(checks.filter((name) => !ported.includes(name) && !ours.includes(name))).toEqual([]);
});
