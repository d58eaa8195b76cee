// docs/errors.md and src/bytes/error-codes.ts name the same codes with the same exit codes, each code once.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERROR_CODES, EXIT } from '../src/bytes/error-codes.ts';

interface Row {
  readonly code: string;
  readonly exit: string;
  readonly cause: string;
  readonly remedy: string;
}

const text = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');

/** The rows of the tables of codes: four cells, the first in capitals. */
const rows: readonly Row[] = text.split('\n').flatMap((line) => {
  if (!/^\| [A-Z]/.test(line)) return [];
  const [empty, code = '', exit = '', cause = '', remedy = '', ...rest] = line
    .split('|')
    .map((cell) => cell.trim());
  return [{ code, exit, cause, remedy: empty === '' && rest.join() === '' ? remedy : '' }];
});

test('every code of the source is documented once, and nothing else is', () => {
  expect(rows.map((row) => row.code).sort()).toEqual(Object.keys(ERROR_CODES).sort());
});

test.each(Object.entries(ERROR_CODES))('%s has its exit code, a cause and a remedy', (code, { exit }) => {
  const row = rows.find((candidate) => candidate.code === code);
  expect(row?.exit).toBe(String(EXIT[exit]));
  expect(row?.cause).toMatch(/\w.*\.$/);
  expect(row?.remedy).toMatch(/\w/);
});

test('every code stands in the section of its room', () => {
  const rooms = readFileSync(new URL('../src/bytes/error-codes.ts', import.meta.url), 'utf8');
  const roomOf = (source: string, room: RegExp, entry: RegExp): Record<string, string> => {
    let current = '';
    const found: Record<string, string> = {};
    for (const line of source.split('\n')) {
      current = room.exec(line)?.[1] ?? current;
      const code = entry.exec(line)?.[1];
      if (code !== undefined) found[code] = current;
    }
    return found;
  };
  expect(roomOf(text, /^## (\w+)$/, /^\| ([A-Z][A-Z0-9_]+) \|/)).toEqual(
    roomOf(rooms, /^ {2}\/\/ (\w+)$/, /^ {2}([A-Z][A-Z0-9_]+): \{/),
  );
});

test('the exit codes themselves are documented', () => {
  for (const exit of Object.values(EXIT)) {
    expect(text).toMatch(new RegExp(`^\\| (?:\\d+, )*${exit}(?:, \\d+)* \\|`, 'm'));
  }
});
