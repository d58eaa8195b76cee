// The house rules that a reviewer would have to remember: which room may import which, who may touch the kernel
// and start programs, what a pure room may not use, and how long a file may be.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const LINES_MAX = 500;

/** A room imports itself and rooms of a lower rank. */
const RANKS: Readonly<Record<string, number>> = {
  bytes: 0,
  stream: 1,
  wire: 1,
  fec: 1,
  sys: 2,
  seal: 3,
  exec: 3,
  zfs: 4,
  link: 4,
  trace: 4,
  transfer: 5,
  library: 6,
  replicate: 6,
  serve: 7,
  cli: 8,
};
/** Rank permits these, design does not: a link carries sealed bytes and never sees a key. */
const FORBIDDEN_EDGES: readonly string[] = ['link->seal', 'library->replicate', 'replicate->library'];
/** Packages and modules that only one room may import. */
const OWNERS: Readonly<Record<string, string>> = { koffi: 'sys', 'node:child_process': 'exec' };
/** Pure rooms: no I/O, no clock, no randomness. Of Node they may have what computes. */
const PURE_ROOMS: readonly string[] = ['bytes', 'stream', 'wire', 'fec'];
const PURE_MODULES: readonly string[] = ['node:zlib'];
const IMPURE =
  /\b(?:Date\.now|new Date|performance\.now|Math\.random|getRandomValues|randomBytes|setTimeout|setInterval|setImmediate|process\.|fetch\()/;

interface SourceFile {
  /** Relative to src/, with slashes. */
  readonly path: string;
  /** '' for files directly in src/. */
  readonly room: string;
  readonly text: string;
}

function readSources(): SourceFile[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((name) => {
      const path = name.split(sep).join('/');
      const room = path.includes('/') ? (path.split('/')[0] ?? '') : '';
      return { path, room, text: readFileSync(join(SRC, name), 'utf8') };
    });
}

/** Comments blanked out, so that prose about an import is none. Strings stay: specifiers are in them. */
function withoutComments(text: string): string {
  const pattern = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replace(pattern, (match) => (match.startsWith('/') ? match.replace(/[^\n]/g, ' ') : match));
}

/** Specifiers of every static, re-exported, dynamic and worker import. */
function importsOf(text: string): string[] {
  const code = withoutComments(text);
  const patterns = [
    /\bfrom\s*(['"])([^'"\n]+)\1/g,
    /\bimport\s*(['"])([^'"\n]+)\1/g,
    /\bimport\s*\(\s*(['"`])([^'"`\n]+)\1/g,
    /\brequire\s*\(\s*(['"`])([^'"`\n]+)\1/g,
    /\bnew\s+URL\s*\(\s*(['"`])(\.[^'"`\n]+)\1\s*,\s*import\.meta\.url/g,
  ];
  return patterns.flatMap((pattern) => Array.from(code.matchAll(pattern), (match) => match[2] ?? ''));
}

/** The room that a relative specifier leads to, '' for src/ itself; undefined for a package or a file outside src/. */
function roomOf(file: SourceFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const target = relative(SRC, join(SRC, dirname(file.path), specifier)).split(sep);
  if (target[0] === '..') return undefined;
  return target.length > 1 ? target[0] : '';
}

/** What is wrong with the imports of a file, each as a sentence. */
function complaints(file: SourceFile): string[] {
  const isTest = file.path.endsWith('.test.ts');
  return importsOf(file.text).flatMap((specifier): string[] => {
    const complaint = (why: string): string[] => [`${file.path} imports ${specifier}: ${why}`];
    const owner = OWNERS[specifier.replace(/^(?!node:)child_process/, 'node:child_process')];
    if (owner !== undefined && owner !== file.room && !isTest) return complaint(`only ${owner}/ may`);
    const room = roomOf(file, specifier);
    if (room !== undefined) return directionComplaint(file, room).flatMap(complaint);
    if (specifier.startsWith('.')) return isTest ? [] : complaint('it lies outside src/');
    const pure = PURE_ROOMS.includes(file.room) && !isTest;
    return pure && !PURE_MODULES.includes(specifier) ? complaint(`${file.room}/ is pure`) : [];
  });
}

function directionComplaint(file: SourceFile, room: string): string[] {
  // index.ts is the public API and may import all; version.ts and the like beside it are nobody's to import.
  if (file.room === '' || room === file.room) return [];
  const [from, to] = [RANKS[file.room], RANKS[room]];
  if (from === undefined) return [`"${file.room}" is no room`];
  if (to === undefined) return [room === '' ? 'rooms do not import src/ itself' : `"${room}" is no room`];
  if (FORBIDDEN_EDGES.includes(`${file.room}->${room}`)) return [`${file.room}/ does not import ${room}/`];
  return from > to ? [] : [`${file.room}/ (rank ${from}) may not import ${room}/ (rank ${to})`];
}

const SOURCES = readSources();

describe('imports', () => {
  test('there are sources, and every folder is a room', () => {
    expect(SOURCES.length).toBeGreaterThan(20);
    const strangers = SOURCES.filter((file) => file.room !== '' && RANKS[file.room] === undefined);
    expect(strangers.map((file) => file.path)).toEqual([]);
  });

  test('point one way; koffi stays in sys/, node:child_process in exec/', () => {
    expect(SOURCES.flatMap(complaints)).toEqual([]);
  });

  test('pure rooms use no clock, no randomness, no process', () => {
    const impure = SOURCES.filter((file) => PURE_ROOMS.includes(file.room) && !file.path.endsWith('.test.ts'))
      .map((file) => [file.path, IMPURE.exec(withoutComments(file.text))?.[0]])
      .filter(([, use]) => use !== undefined);
    expect(impure).toEqual([]);
  });

  test(`no file is longer than ${LINES_MAX} lines`, () => {
    const long = SOURCES.map((file) => [file.path, file.text.split('\n').length - 1] as const);
    expect(long.filter(([, lines]) => lines > LINES_MAX)).toEqual([]);
  });
});

describe('the reader of imports', () => {
  const complain = (path: string, text: string): string[] =>
    complaints({ path, room: path.split('/')[0] ?? '', text });

  test.each<[string, string]>([
    ['wire/a.ts', `import { x } from '../sys/b.ts';`],
    ['wire/a.ts', `import type { X } from '../transfer/b.ts';`],
    ['wire/a.ts', `export * from "../fec/b.ts";`],
    ['link/a.ts', `import {\n  x,\n} from '../seal/b.ts';`],
    ['sys/a.ts', `import '../cli/b.ts';`],
    ['transfer/a.ts', `await import('../cli/b.ts');`],
    ['link/a.ts', `new Worker(new URL('../transfer/worker.js', import.meta.url));`],
    ['transfer/a.ts', `import { x } from '../index.ts';`],
    ['transfer/a.ts', `import { x } from '../utils/b.ts';`],
    ['transfer/a.ts', `import { x } from '../../test/b.ts';`],
    ['transfer/a.ts', `import koffi from 'koffi';`],
    ['zfs/a.ts', `import { spawn } from 'node:child_process';`],
    ['zfs/a.ts', `import { spawn } from 'child_process';`],
    ['wire/a.ts', `import { readFileSync } from 'node:fs';`],
    ['bytes/a.ts', `import { randomBytes } from 'node:crypto';`],
    ['bytes/a.ts', `import { connect } from 'node:net';`],
  ])('complains in %s about %s', (path, text) => {
    expect(complain(path, text)).toHaveLength(1);
  });

  test.each<[string, string]>([
    ['transfer/a.ts', `import { x } from '../wire/b.ts';\nimport { y } from './c.ts';`],
    ['sys/a.ts', `import koffi from 'koffi';`],
    ['exec/a.ts', `import { spawn } from 'node:child_process';\nimport { pipe } from '../sys/pipe.ts';`],
    ['wire/a.ts', `// import { x } from '../sys/b.ts';\n/* from '../cli/b.ts' */`],
    ['wire/a.ts', `const text = 'https://example.org'; import { x } from '../bytes/b.ts';`],
    ['wire/a.test.ts', `import { readFileSync } from 'node:fs';\nimport { y } from '../../test/b.ts';`],
  ])('lets %s pass with %s', (path, text) => {
    expect(complain(path, text)).toEqual([]);
  });
});
