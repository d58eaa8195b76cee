// Every input that the fuzzer keeps, run once: valid ones are taken, the others refused in good order or taken. An
// input that broke a decoder is a regression test from the moment it lies in the corpus.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { keptInputs } from './corpus.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { seeds } from './seeds.ts';
import { TARGETS } from './targets.ts';

const DIRECTORY = fileURLToPath(new URL('.', import.meta.url));

describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (name, { run }) => {
  const inputs = keptInputs(DIRECTORY, 'corpus', name);
  const valid = inputs.filter((input) => input.name.startsWith('valid-'));

  test('has its seeds', () => {
    const names = Object.keys(seeds()[name] ?? {}).map((seed) => `valid-${seed}`);
    expect(valid.map((input) => input.name)).toEqual(expect.arrayContaining(names));
    expect(names).not.toEqual([]);
  });

  test.each(inputs.map((input) => [input.name, input.bytes] as const))('%s', (input, bytes) => {
    const why = run(bytes);
    if (input.startsWith('valid-')) expect(why).toBeUndefined();
  });

  test('nothing that once broke it is left out of the corpus', () => {
    expect(keptInputs(DIRECTORY, 'failures', name).map(({ path }) => path)).toEqual([]);
  });

  test('a hundred mutations', () => {
    const random = new Random(1);
    const [first] = valid;
    if (first === undefined) throw new Error('no seeds');
    for (let i = 0; i < 100; i++) run(mutate(first.bytes, first.bytes, random));
  });
});

test('every folder of the corpus is of a target', () => {
  const names = TARGETS.map(({ name }) => name);
  expect(readdirSync(`${DIRECTORY}/corpus`).filter((name) => !names.includes(name))).toEqual([]);
});

test('a seed gives the same inputs again, another seed others', () => {
  const [first] = keptInputs(DIRECTORY, 'corpus', 'announce');
  if (first === undefined) throw new Error('no corpus');
  const inputs = (seed: number): Uint8Array[] => {
    const random = new Random(seed);
    return Array.from({ length: 20 }, () => mutate(first.bytes, first.bytes, random));
  };
  expect(inputs(5)).toEqual(inputs(5));
  expect(inputs(5)).not.toEqual(inputs(6));
});
