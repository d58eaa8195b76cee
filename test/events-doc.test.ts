// docs/operations/json-events.md describes every event of the table and every one of its fields, and no other event.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LEVELS } from '../src/cli/render/log-file.ts';
import { EVENTS } from '../src/transfer/event.ts';

const text = readFileSync(new URL('../docs/operations/json-events.md', import.meta.url), 'utf8');
const sections = new Map(
  text
    .split(/^### /m)
    .slice(1)
    .flatMap((section): [string, string][] => {
      const names = section.split('\n')[0]?.split(', ') ?? [];
      return names.map((name) => [name, section.split(/^## /m)[0] ?? '']);
    }),
);
/** The events of the command line itself, which belong to no transfer; those of commands that move no data last. */
const COMMAND_EVENTS = [
  ...Object.keys(LEVELS).filter((name) => !Object.hasOwn(EVENTS, name)),
  'capturing',
  'captured',
  'dissector',
];

it('every event is described, and nothing else', () => {
  expect([...sections.keys()].sort()).toEqual([...Object.keys(EVENTS), ...COMMAND_EVENTS].sort());
});

describe.each(Object.entries(EVENTS))('%s', (name, { told, says, fields }) => {
  it('is described with every field', () => {
    expect(says).toMatch(/\w/);
    const section = sections.get(name) ?? '';
    for (const field of Object.keys(fields)) {
      const described = section.includes(`\`${field}\``) || section.includes(`"${field}":`);
      expect(described, `${field} of ${name}`).toBe(true);
    }
  });

  it('stands among those that are told, or among those of the process', () => {
    const inProcess = text.indexOf('## In the same process');
    expect(text.indexOf(`### ${name}\n`) < inProcess).toBe(told);
  });
});
