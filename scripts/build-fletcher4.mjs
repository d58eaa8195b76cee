#!/usr/bin/env node
// Assembles the WebAssembly module of src/stream/fletcher4-wasm.ts and writes it to src/stream/fletcher4-module.ts.
// The source is below, as expressions; the bytes are the same every time, and a test compares them.
//
//   node scripts/build-fletcher4.mjs            # writes the file
//
// fletcher4 over 32-bit words: a += w; b += a; c += b; d += c (modulo 2^64). Four lanes take every fourth word, as
// OpenZFS does in zfs_fletcher_superscalar4.c, and are joined at the end of a block.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// --- The encoding (https://webassembly.github.io/spec/core/binary/): bytes are nested arrays, flattened at the end.
const I32 = 0x7f;
const I64 = 0x7e;
const V128 = 0x7b;

/** Unsigned LEB128. */
function unsigned(value) {
  const bytes = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value === 0 ? low : low | 0x80);
  } while (value !== 0);
  return bytes;
}

/** Signed LEB128, for constants. */
function signed(value) {
  const bytes = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    const done = (value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

const sized = (content) => [unsigned(content.flat(Infinity).length), content];
const vector = (items) => [unsigned(items.length), items];
const text = (string) => vector([...new TextEncoder().encode(string)]);
const section = (id, content) => [id, sized(content)];

// --- Instructions, as expressions: operands first.
const simd = (opcode, ...rest) => [0xfd, unsigned(opcode), ...rest];
const get = (local) => [0x20, unsigned(local)];
const set = (local, value) => [value, 0x21, unsigned(local)];
const i32 = (value) => [0x41, signed(value)];
const i64 = (value) => [0x42, signed(value)];
const i32Add = (x, y) => [x, y, 0x6a];
const i32And = (x, y) => [x, y, 0x71];
const i32Below = (x, y) => [x, y, 0x49];
const i64Add = (x, y) => [x, y, 0x7c];
const i64Times = (x, y) => [x, y, 0x7e];
const i64Divide = (x, y) => [x, y, 0x80];
const i64FromI32 = (x) => [x, 0xad];
const i32ShiftRight = (x, y) => [x, y, 0x76];
const loadI64 = (at) => [i32(at), 0x29, 3, 0];
const storeI64 = (at, value) => [i32(at), value, 0x37, 3, 0];
const load16 = (at) => [at, simd(0), 0, 0];
const load4 = (at) => [at, simd(0x5c), 0, 0];
const i64x2Add = (x, y) => [x, y, simd(0xce)];
const lowWords = (x) => [x, simd(0xc9)];
const highWords = (x) => [x, simd(0xca)];
const firstWord = (x) => [x, simd(0x1b), 0];
const lane = (x, index) => [x, simd(0x1d), index];
const swapWords = (x) => [x, x, simd(0x0d), 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];
/** A loop that is entered only if the condition holds, and goes on while it does. */
const whilst = (condition, body) => [
  0x02,
  0x40,
  condition,
  0x45,
  0x0d,
  0,
  0x03,
  0x40,
  body,
  condition,
  0x0d,
  0,
  0x0b,
  0x0b,
];

/** Sum of `factor * value` pairs. */
const weighted = (terms) =>
  terms.map(([factor, value]) => (factor === 1 ? value : i64Times(i64(factor), value))).reduce(i64Add);

// --- The function: (at, bytes), bytes a multiple of 4. The state a, b, c, d is at address 0, 8, 16, 24.
const STATE = [0, 8, 16, 24];
const AT = 0;
const BYTES = 1;
const END = 2;
const [A, B, C, D, SUM_A, SUM_B, SUM_C, SUM_D, N1, N2, N3] = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
const WORDS = 14;
// A pair of lanes each: words 0 and 1 of a group of four, words 2 and 3.
const [A01, B01, C01, D01, A23, B23, C23, D23] = [15, 16, 17, 18, 19, 20, 21, 22];

/** Lanes 0 to 3 of a sum. */
const lanes = (low, high) => [lane(get(low), 0), lane(get(low), 1), lane(get(high), 0), lane(get(high), 1)];

/** fletcher_4_superscalar4_fini: the sums over all words from the sums over every fourth. */
function joinLanes() {
  const [a, b, c, d] = [lanes(A01, A23), lanes(B01, B23), lanes(C01, C23), lanes(D01, D23)];
  const with4 = (factors, values) => factors.map((factor, index) => [factor, values[index]]);
  return [
    set(SUM_A, weighted(with4([1, 1, 1, 1], a))),
    set(SUM_B, weighted([...with4([0, -1, -2, -3], a), ...with4([4, 4, 4, 4], b)])),
    set(
      SUM_C,
      weighted([...with4([0, 0, 1, 3], a), ...with4([-6, -10, -14, -18], b), ...with4([16, 16, 16, 16], c)]),
    ),
    set(
      SUM_D,
      weighted([
        ...with4([0, 0, 0, -1], a),
        ...with4([4, 10, 20, 34], b),
        ...with4([-48, -64, -80, -96], c),
        ...with4([64, 64, 64, 64], d),
      ]),
    ),
  ];
}

/** The state goes on over a block of n words: each sum grows by the block's own, and by what the words before add. */
function appendBlock() {
  const n = get(N1);
  return [
    set(N2, i64Divide(i64Times(n, i64Add(n, i64(1))), i64(2))),
    set(N3, i64Divide(i64Times(get(N2), i64Add(n, i64(2))), i64(3))),
    set(
      D,
      [get(D), get(SUM_D), i64Times(n, get(C)), i64Times(get(N2), get(B)), i64Times(get(N3), get(A))].reduce(
        i64Add,
      ),
    ),
    set(C, [get(C), get(SUM_C), i64Times(n, get(B)), i64Times(get(N2), get(A))].reduce(i64Add)),
    set(B, [get(B), get(SUM_B), i64Times(n, get(A))].reduce(i64Add)),
    set(A, i64Add(get(A), get(SUM_A))),
  ];
}

function body(inOrder) {
  const grow = (sum, by) => set(sum, i64x2Add(get(sum), by));
  const step = (sum, by) => set(sum, i64Add(get(sum), by));
  return [
    [A, B, C, D].map((local, index) => set(local, loadI64(STATE[index]))),
    set(END, i32Add(get(AT), i32And(get(BYTES), i32(-16)))),
    set(N1, i64Times(i64FromI32(i32ShiftRight(get(BYTES), i32(4))), i64(4))),
    whilst(i32Below(get(AT), get(END)), [
      set(WORDS, inOrder(load16(get(AT)))),
      grow(A01, lowWords(get(WORDS))),
      grow(A23, highWords(get(WORDS))),
      grow(B01, get(A01)),
      grow(B23, get(A23)),
      grow(C01, get(B01)),
      grow(C23, get(B23)),
      grow(D01, get(C01)),
      grow(D23, get(C23)),
      set(AT, i32Add(get(AT), i32(16))),
    ]),
    joinLanes(),
    appendBlock(),
    // The last one to three words.
    set(END, i32Add(get(AT), i32And(get(BYTES), i32(12)))),
    whilst(i32Below(get(AT), get(END)), [
      step(A, i64FromI32(firstWord(inOrder(load4(get(AT)))))),
      step(B, get(A)),
      step(C, get(B)),
      step(D, get(C)),
      set(AT, i32Add(get(AT), i32(4))),
    ]),
    [A, B, C, D].map((local, index) => storeI64(STATE[index], get(local))),
    0x0b,
  ];
}

/** END; A to N3; WORDS and the lanes: in the order of their numbers. */
const LOCALS = vector([
  [unsigned(1), I32],
  [unsigned(11), I64],
  [unsigned(9), V128],
]);

const PAGES = 3; // a page for the state, two for what is summed

export function assemble() {
  const functions = [body((words) => words), body((words) => swapWords(words))];
  return Uint8Array.from(
    [
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, vector([[0x60, vector([I32, I32]), vector([])]])),
      section(3, vector([0, 0])),
      section(5, vector([[0x01, unsigned(PAGES), unsigned(PAGES)]])),
      section(
        7,
        vector([
          [text('memory'), 2, 0],
          [text('little'), 0, 0],
          [text('big'), 0, 1],
        ]),
      ),
      section(10, vector(functions.map((code) => sized([LOCALS, code])))),
    ].flat(Infinity),
  );
}

/** The text of src/stream/fletcher4-module.ts. */
export function moduleSource() {
  const lines = Buffer.from(assemble())
    .toString('base64')
    .match(/.{1,100}/g);
  return [
    '// Made by scripts/build-fletcher4.mjs, where the source is. Do not edit.',
    '',
    '/** The WebAssembly module, in base64. */',
    `export const FLETCHER4_MODULE: string =\n${lines.map((line) => `  '${line}'`).join(' +\n')};`,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../src/stream/fletcher4-module.ts', import.meta.url), moduleSource());
}
