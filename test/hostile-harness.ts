// What every decoder goes through: bytes that a hostile or broken peer could send. A decoder is given valid
// vectors; the harness truncates, extends, flips and invents, and checks that the decoder
// - takes the vectors, refuses by its declared errors only, and never by another exception,
// - reads nothing outside its input, and keeps no reference into it,
// - never takes a message that breaks the bounds it promises, or that its own encoder would not make.
import fc from 'fast-check';
import { deepStrictEqual, fail, ok } from 'node:assert/strict';
import type { ErrorCode } from '../src/bytes/error-codes.ts';
import { ZwireError } from '../src/bytes/zwire-error.ts';

/** A decoder and what it promises. Thrown assertion errors name the attack and the bytes. */
export interface HostileSubject<T> {
  readonly name: string;
  /** Encoded messages that the decoder takes. */
  readonly vectors: readonly Uint8Array[];
  /**
   * Decodes a whole message. A refusal is a ZwireError of code WIRE_MALFORMED (or of `codes`), or `refused()` for decoders that
   * return a reason. What it returns is made anew for each call, and plain data: it is compared by value.
   */
  readonly decode: (bytes: Uint8Array) => T;
  /** Codes of refusals, where WIRE_MALFORMED is not the one. */
  readonly codes?: readonly ErrorCode[];
  /** Bytes after a message that are taken although others are refused: padding. */
  readonly trailingAllowed?: (tail: Uint8Array) => boolean;
  /** Bytes after a message: `refused`, or `ignored` (the decoder reads a prefix). */
  readonly trailing: 'refused' | 'ignored';
  /** The lengths, cut from a vector, at which a truncated vector is a valid message too. Normally none. */
  readonly validPrefix?: (vector: Uint8Array, length: number) => boolean;
  /** Asserts the bounds of everything that was taken. */
  readonly check?: (value: T) => void;
  /** Encodes what was taken: decoding it again must give the same value. */
  readonly encode?: (value: T) => Uint8Array;
  /** True when the result refers to the input by documented contract; skips the aliasing attack. */
  readonly aliases?: boolean;
}

class Refused extends Error {}

/** For subjects whose decoder returns a reason or undefined instead of throwing: throw what this returns. */
export function refused(reason: string): Error {
  return new Refused(reason);
}

const TAKEN = Symbol('taken');
/** A refusal says why, so that it can be seen to be the same wherever the bytes lie. */
type Outcome<T> =
  | { readonly [TAKEN]: true; readonly value: T }
  | { readonly [TAKEN]: false; readonly why: string };

/** Runs every attack. Bounded: some 10,000 small decodes for typical vectors. */
export function attackDecoder<T>(subject: HostileSubject<T>): void {
  ok(subject.vectors.length > 0, `${subject.name}: no vectors`);
  for (const vector of subject.vectors) {
    ok(attempt(subject, vector, 'valid vector')[TAKEN], `${subject.name}: refuses its vector ${hex(vector)}`);
    attackTruncation(subject, vector);
    attackTrailing(subject, vector);
    attackBits(subject, vector);
    if (subject.aliases !== true) attackAliasing(subject, vector);
  }
  attackRandom(subject);
}

/** One input, for fuzzers that make their own: undefined when it is taken, else why it is refused. */
export function attackOnce<T>(subject: HostileSubject<T>, bytes: Uint8Array): string | undefined {
  const outcome = attempt(subject, bytes, 'one input');
  return outcome[TAKEN] ? undefined : outcome.why;
}

/** Every proper prefix is refused. */
export function attackTruncation<T>(subject: HostileSubject<T>, vector: Uint8Array): void {
  for (let length = 0; length < vector.length; length++) {
    const taken = attempt(subject, vector.subarray(0, length), `truncated to ${length}`)[TAKEN];
    const valid = subject.validPrefix?.(vector, length) ?? false;
    ok(taken === valid, `${subject.name}: truncated to ${length} is ${taken ? 'taken' : 'refused'}`);
  }
}

/** Bytes after the message are refused, or change nothing. */
export function attackTrailing<T>(subject: HostileSubject<T>, vector: Uint8Array): void {
  const honest = attempt(subject, vector, 'valid vector');
  for (const tail of [Uint8Array.of(0), Uint8Array.of(0xff), new Uint8Array(64), vector]) {
    const outcome = attempt(subject, concat(vector, tail), `${tail.length} trailing bytes`);
    if (subject.trailing === 'ignored' || subject.trailingAllowed?.(tail) === true)
      deepStrictEqual(outcome, honest, `${subject.name}: reads the tail`);
    else ok(!outcome[TAKEN], `${subject.name}: takes ${tail.length} trailing bytes`);
  }
}

/** Every single flipped bit is refused or gives a value within bounds. */
export function attackBits<T>(subject: HostileSubject<T>, vector: Uint8Array): void {
  const bytes = vector.slice();
  for (let bit = 0; bit < vector.length * 8; bit++) {
    const at = bit >>> 3;
    bytes[at] = (vector[at] ?? 0) ^ (1 << (bit & 7));
    attempt(subject, bytes, `bit ${bit} flipped`);
    bytes[at] = vector[at] ?? 0;
  }
}

/** Overwriting the input after decoding does not change the result. */
export function attackAliasing<T>(subject: HostileSubject<T>, vector: Uint8Array): void {
  const input = vector.slice();
  const value = subject.decode(input);
  const before = structuredClone(value);
  input.fill(0xa5);
  deepStrictEqual(value, before, `${subject.name}: the result refers to its input`);
}

/** Random bytes, random edits of vectors, and random bytes after the start of a vector. */
export function attackRandom<T>(subject: HostileSubject<T>, runs: number = 300): void {
  const random = fc.uint8Array({ maxLength: 1600 });
  const vector = fc.constantFrom(...subject.vectors);
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(random, vector, edits, fc.nat(), (noise, honest, changes, cutAt) => {
      attempt(subject, noise, 'random bytes');
      attempt(subject, concat(honest.subarray(0, cutAt % (honest.length + 1)), noise), 'random continuation');
      const edited = honest.slice();
      for (const [at, value] of changes) edited[at % edited.length] = value;
      attempt(subject, edited, 'random edits');
    }),
    { numRuns: runs },
  );
}

/** A decoder of a stream: is fed in pieces, then asked for all that it made of them. */
export interface StreamSubject {
  readonly name: string;
  readonly create: () => { push(bytes: Uint8Array): void; finish(): unknown };
}

/** The result does not depend on where the stream is cut: whole, byte by byte, in two at every offset, at random. */
export function attackSplits(subject: StreamSubject, stream: Uint8Array): void {
  const run = (pieces: readonly Uint8Array[], overwrite: boolean): unknown => {
    const decoder = subject.create();
    for (const piece of pieces) {
      const copy = piece.slice();
      decoder.push(copy);
      if (overwrite) copy.fill(0xa5); // a stream decoder must have copied what it keeps
    }
    return decoder.finish();
  };
  const whole = run([stream], false);
  const same = (pieces: readonly Uint8Array[], what: string): void =>
    deepStrictEqual(run(pieces, true), whole, `${subject.name}: ${what} gives another result`);
  same(
    cutAt(
      stream,
      Array.from(stream, (_, at) => at),
    ),
    'byte by byte',
  );
  for (let at = 1; at < stream.length; at++) same(cutAt(stream, [at]), `cut at ${at}`);
  same([new Uint8Array(0), stream, new Uint8Array(0)], 'with empty pieces');
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) =>
      same(cutAt(stream, cuts), `cut at ${cuts.join(', ')}`),
    ),
    { numRuns: 100 },
  );
}

/**
 * Decodes twice: alone, and in the middle of other bytes. Both must agree, so a decoder that reads around its
 * input, or forgets a view's offset, is found by every attack.
 */
function attempt<T>(subject: HostileSubject<T>, bytes: Uint8Array, attack: string): Outcome<T> {
  const alone = decodeOnce(subject, bytes.slice(), attack);
  for (const filler of [0x00, 0xff]) {
    const around = new Uint8Array(bytes.length + 80).fill(filler);
    around.set(bytes, 33);
    const inside = decodeOnce(subject, around.subarray(33, 33 + bytes.length), attack);
    deepStrictEqual(inside, alone, `${subject.name}: ${attack}: depends on what surrounds ${hex(bytes)}`);
  }
  if (!alone[TAKEN]) return alone;
  subject.check?.(alone.value);
  if (subject.encode !== undefined) {
    const again = decodeOnce(subject, subject.encode(alone.value), `${attack}, encoded again`);
    deepStrictEqual(again, alone, `${subject.name}: ${attack}: encodes to another message: ${hex(bytes)}`);
  }
  return alone;
}

function decodeOnce<T>(subject: HostileSubject<T>, bytes: Uint8Array, attack: string): Outcome<T> {
  try {
    return { [TAKEN]: true, value: subject.decode(bytes) };
  } catch (error) {
    if (error instanceof Refused) return { [TAKEN]: false, why: error.message };
    const codes = subject.codes ?? ['WIRE_MALFORMED'];
    if (error instanceof ZwireError && codes.includes(error.code))
      return { [TAKEN]: false, why: `${error.code} ${error.message}` };
    return fail(`${subject.name}: ${attack}: throws ${String(error)} for ${hex(bytes)}`);
  }
}

function cutAt(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
  return edges.slice(1).map((end, i) => stream.subarray(edges[i], end));
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

function hex(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, 96)).toString('hex');
  return bytes.length > 96 ? `${text}... (${bytes.length} bytes)` : text;
}
