// Makes new inputs from old ones: what a broken disk, a cut line and an attacker do to bytes.
import type { Random } from './random.ts';

/** No input is longer: what a decoder does with much is found with this much, and a run stays quick. */
export const INPUT_BYTES_MAX = 65_536;

/** Numbers at which lengths, counts and signs go wrong, in 1, 2, 4 and 8 bytes of either order. */
const EDGES: readonly bigint[] = [
  0n,
  1n,
  7n,
  0x7fn,
  0x80n,
  0xffn,
  0x100n,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x1_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffff_ffff_ffffn,
];
const WIDTHS = [1, 2, 4, 8] as const;
const RECORD_BYTES = 312;
const MUTATIONS_MAX = 6;

type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setByte,
  setNumber,
  setNumber,
  addToNumber,
  truncate,
  insert,
  remove,
  repeat,
  splice,
  copyWithin,
];

/** One to six changes of `parent`; `other` gives parts. */
export function mutate(parent: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = parent.slice();
  for (let left = 1 + random.below(MUTATIONS_MAX); left > 0; left--) {
    bytes = random.pick(MUTATIONS)(bytes, random, other);
    if (bytes.length > INPUT_BYTES_MAX) bytes = bytes.slice(0, INPUT_BYTES_MAX);
  }
  return bytes;
}

function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length);
  if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return bytes;
}

function setByte(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length);
  if (at < bytes.length) bytes[at] = random.below(256);
  return bytes;
}

/** Half of the time at a multiple of four, where numbers stand. */
function place(bytes: Uint8Array, width: number, random: Random): number {
  const at = random.below(bytes.length - width + 1);
  return random.below(2) === 0 ? at : at & ~3;
}

function writeNumber(bytes: Uint8Array, at: number, width: number, value: bigint, little: boolean): void {
  for (let i = 0; i < width; i++) {
    const shift = BigInt(8 * (little ? i : width - 1 - i));
    bytes[at + i] = Number((value >> shift) & 0xffn);
  }
}

function setNumber(bytes: Uint8Array, random: Random): Uint8Array {
  const width = random.pick(WIDTHS);
  if (bytes.length < width) return bytes;
  writeNumber(bytes, place(bytes, width, random), width, random.pick(EDGES), random.below(2) === 0);
  return bytes;
}

/** Off by one, and by little more. */
function addToNumber(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) + random.below(9) - 4;
  return bytes;
}

function truncate(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(0, random.below(bytes.length + 1));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function insert(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const noise = Uint8Array.from({ length: 1 + random.below(32) }, () => random.below(256));
  return joined(bytes.subarray(0, at), noise, bytes.subarray(at));
}

/** A few bytes, or as many as a record of a stream has. */
function span(random: Random): number {
  return random.below(3) === 0 ? RECORD_BYTES : 1 + random.below(64);
}

function remove(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  return joined(bytes.subarray(0, at), bytes.subarray(at + span(random)));
}

/** A part stands many times: nesting, and lists that grow. */
function repeat(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const part = bytes.subarray(at, at + span(random));
  const times = 1 + random.below(random.below(8) === 0 ? 400 : 4);
  return joined(bytes.subarray(0, at), ...Array.from({ length: times }, () => part), bytes.subarray(at));
}

/** The start of one and the end of another. */
function splice(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const end = bytes.subarray(0, random.below(bytes.length + 1));
  return joined(end, other.subarray(random.below(other.length + 1)));
}

function copyWithin(bytes: Uint8Array, random: Random): Uint8Array {
  const from = random.below(bytes.length);
  return bytes.copyWithin(random.below(bytes.length), from, from + span(random));
}
