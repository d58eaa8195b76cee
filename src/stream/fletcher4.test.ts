// Both fletcher4 against the definition, in both byte orders, and the module against its source.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { attackSplits } from '../../test/hostile-harness.ts';
import { type ChecksumWords, Fletcher4 } from './fletcher4.ts';
import { createJsKernel } from './fletcher4-js.ts';
import { createWasmKernel } from './fletcher4-wasm.ts';

/** The definition, word by word. */
function reference(
  bytes: Uint8Array,
  littleEndian: boolean,
  start: ChecksumWords = [0n, 0n, 0n, 0n],
): ChecksumWords {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [a, b, c, d] = start;
  const sum = (one: bigint, other: bigint): bigint => BigInt.asUintN(64, one + other);
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    a = sum(a, BigInt(view.getUint32(at, littleEndian)));
    b = sum(b, a);
    c = sum(c, b);
    d = sum(d, c);
  }
  return [a, b, c, d];
}

const kernels = [
  ['WebAssembly, little-endian', createWasmKernel, true],
  ['WebAssembly, big-endian', createWasmKernel, false],
  ['JavaScript, little-endian', createJsKernel, true],
  ['JavaScript, big-endian', createJsKernel, false],
] as const;

test.each(kernels)('%s: is fletcher4', (_name, create, littleEndian) => {
  const word = fc.bigInt(0n, 2n ** 64n - 1n);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 2000, size: 'max' }),
      fc.tuple(word, word, word, word),
      (bytes, start) => {
        const kernel = create(littleEndian);
        kernel?.set(start);
        const whole = bytes.subarray(0, bytes.length & ~3);
        kernel?.add(whole);
        expect(kernel?.words()).toEqual(reference(whole, littleEndian, start));
      },
    ),
    { numRuns: 300 },
  );
});

test.each(kernels)(
  '%s: the largest sums, and more than its memory holds at once',
  (_name, create, littleEndian) => {
    const bytes = new Uint8Array(300_000).fill(0xff);
    bytes.set([1, 2, 3], 200_000);
    const sum = new Fletcher4(littleEndian, create(littleEndian));
    sum.update(bytes);
    expect(sum.words()).toEqual(reference(bytes, littleEndian));
  },
);

test.each(kernels)('%s: goes on wherever the bytes are cut', (name, create, littleEndian) => {
  const bytes = Uint8Array.from({ length: 203 }, (_, at) => (at * 37) % 251);
  attackSplits(
    {
      name,
      create: () => {
        const sum = new Fletcher4(littleEndian, create(littleEndian));
        return { push: (piece) => sum.update(piece), finish: () => sum.words() };
      },
    },
    bytes,
  );
});

test('a block ends with its last whole word', () => {
  const sum = new Fletcher4(true);
  sum.update(Uint8Array.of(1, 0, 0, 0, 99));
  sum.endBlock();
  sum.update(Uint8Array.of(2, 0, 0, 0));
  expect(sum.words()).toEqual([3n, 4n, 5n, 6n]);
  sum.reset();
  expect(sum.words()).toEqual([0n, 0n, 0n, 0n]);
});

test('two sums that take turns do not mix', () => {
  const [one, other] = [new Fletcher4(true), new Fletcher4(false)];
  const pieces = [0, 1, 2].map((seed) => Uint8Array.from({ length: 64 }, (_, at) => at * 7 + seed));
  for (const piece of pieces) {
    one.update(piece);
    other.update(piece);
  }
  const whole = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
  expect(one.words()).toEqual(reference(whole, true));
  expect(other.words()).toEqual(reference(whole, false));
});

test('the module is what its source makes', async () => {
  const builder: { moduleSource: () => string } = await import(
    new URL('../../scripts/build-fletcher4.mjs', import.meta.url).href
  );
  expect(readFileSync(new URL('fletcher4-module.ts', import.meta.url), 'utf8')).toBe(builder.moduleSource());
});
