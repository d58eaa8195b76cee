#!/usr/bin/env node
// Writes docs/api.md from the docstrings of what src/index.ts exports, and puts the files of docs/examples into
// docs/library.md. `node scripts/docs.mjs --check` only says whether both are current.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const HEADER = `# API

Every symbol of the package \`zwire\`, made from the sources by \`node scripts/docs.mjs\`. Examples that are compiled and
run: [library.md](library.md). The codes of errors, with cause and remedy: [errors.md](errors.md).

Sizes are in bytes, times in milliseconds, and names say so; guid, createtxg and sizes from ZFS are \`bigint\`. Every call
that takes an \`AbortSignal\` ends with INTERRUPTED when it is aborted. Any call that runs \`zfs\` can throw PROGRAM_MISSING,
ZFS_MODULE_MISSING, ZFS_PERMISSION and ZFS_UNKNOWN, which its text does not repeat.
`;

/** Titles of the sections, by room. */
const ROOMS = {
  library: 'Volumes, deltas, receivers',
  zfs: 'ZFS',
  transfer: 'Transfers',
  stream: 'Send streams',
  trace: 'Traces of a transfer',
  link: 'Links',
  seal: 'Keys',
  wire: 'The wire',
  bytes: 'Errors',
};

/** What src/index.ts exports: names with the file each comes from. */
function readExports() {
  const text = readFileSync(join(ROOT, 'src/index.ts'), 'utf8');
  return [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '\.\/([^']+)';/gm)].flatMap(([, list, file]) =>
    list
      .split(',')
      .map((word) => word.trim().replace(/^type /, ''))
      .filter((word) => word !== '')
      .map((word) => {
        const [name, exported = name] = word.split(' as ');
        return { name, exported, file };
      }),
  );
}

const escape = (name) => name.replaceAll('$', String.raw`\$`);

/** The docstring above a line, without its stars; '' when there is none. */
function docstringAbove(lines, at) {
  const end = at - 1;
  if (!/\*\/\s*$/.test(lines[end] ?? '')) return '';
  let start = end;
  while (!/^\s*\/\*\*/.test(lines[start])) start -= 1;
  return lines
    .slice(start, end + 1)
    .map((line) => line.replace(/^\s*(?:\/\*\*|\*(?!\/))? ?/, '').replace(/\s*\*\/\s*$/, ''))
    .join('\n')
    .trim();
}

/** A declaration without the bodies of its functions. */
function signatureAt(lines, at) {
  const first = lines[at];
  const indent = /^ */.exec(first)[0];
  const whole = /^export (?:interface|type|const) /.test(first);
  const kept = [];
  for (let line = at; line < lines.length; line += 1) {
    const text = lines[line];
    kept.push(text);
    if (whole) {
      if (
        line === at
          ? /;\s*$|\{\}$/.test(text)
          : text.startsWith(`${indent}}`) || /^ {0,2}\S.*;$/.test(text) || /^(?: {2})?\);?$/.test(text)
      ) {
        if (!/[{(]\s*$/.test(text) && balanced(kept.join('\n'))) break;
      }
    } else if (/\{\s*$/.test(text) && balanced(kept.join('\n').replace(/\{\s*$/, ''))) break;
  }
  return kept
    .join('\n')
    .replace(/^export /, '')
    .replace(whole ? /$^/ : /\s*\{\s*$/, '');
}

function balanced(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\/|'[^'\n]*'|`[^`]*`|=>/g, '');
  const count = (pattern) => (code.match(pattern) ?? []).length;
  return count(/[{([]/g) === count(/[})\]]/g);
}

/** Public members of a class, each with its docstring. */
function membersOf(lines, at) {
  const members = [];
  for (let line = at + 1; lines[line] !== '}'; line += 1) {
    const text = lines[line];
    if (!/^ {2}[a-zA-Z[*]/.test(text) || /^ {2}(?:private |(?:static |readonly |async |\*)*#)/.test(text))
      continue;
    const field = /;\s*$/.test(text);
    const doc = docstringAbove(lines, line);
    const signature = field ? text.replace(/ = .*;$/, ';') : signatureAt(lines, line);
    members.push({ doc, signature: signature.replace(/^ {2}/gm, '').trim() });
  }
  return members;
}

/** A symbol as markdown; what it lacks goes into `missing`. */
function describe({ name, exported, file }, missing) {
  const lines = readFileSync(join(ROOT, 'src', file), 'utf8').split('\n');
  const pattern = new RegExp(
    `^export (?:declare )?(?:async )?(?:function\\*?|class|interface|type|const) ${escape(name)}\\b`,
  );
  const at = lines.findIndex((line) => pattern.test(line));
  if (at < 0) throw new Error(`src/${file} does not declare ${name} in one statement of its own`);
  const doc = docstringAbove(lines, at);
  if (doc === '') missing.push(`src/${file}: ${name} has no docstring`);
  const parts = [`### ${exported}`, doc, '```ts', signatureAt(lines, at).trim(), '```'];
  if (lines[at].startsWith('export class')) {
    for (const member of membersOf(lines, at)) {
      parts.push('', '```ts', member.signature, '```', ...(member.doc === '' ? [] : ['', member.doc]));
    }
  }
  return parts
    .join('\n')
    .replace('\n```ts', '\n\n```ts')
    .replace(/^(### .*\n)(?!\n)/, '$1\n');
}

export function apiPage() {
  const missing = [];
  const symbols = readExports().toSorted((a, b) =>
    a.exported.toLowerCase() < b.exported.toLowerCase() ? -1 : 1,
  );
  const sections = Object.entries(ROOMS).flatMap(([room, title]) => {
    const own = symbols.filter(({ file }) => file.startsWith(`${room}/`));
    return own.length === 0 ? [] : [`## ${title}`, ...own.map((symbol) => describe(symbol, missing))];
  });
  const strange = symbols.filter(({ file }) => !(file.split('/')[0] in ROOMS));
  for (const { exported, file } of strange)
    missing.push(`src/${file}: ${exported} is in a room without a section`);
  return { text: `${HEADER}\n${sections.join('\n\n')}\n`, missing };
}

/** docs/library.md with each block that follows `<!-- examples/NAME -->` replaced by that file. */
export function libraryPage() {
  const text = readFileSync(join(ROOT, 'docs/library.md'), 'utf8');
  return text.replace(/(<!-- (examples\/[\w-]+\.ts) -->\n)(?:```ts\n[\s\S]*?```\n)?/g, (_, mark, path) => {
    return `${mark}\`\`\`ts\n${readFileSync(join(ROOT, 'docs', path), 'utf8')}\`\`\`\n`;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { text, missing } = apiPage();
  for (const line of missing) console.error(line);
  const pages = { 'docs/api.md': text, 'docs/library.md': libraryPage() };
  let stale = missing.length > 0;
  for (const [path, page] of Object.entries(pages)) {
    const file = join(ROOT, path);
    if (!process.argv.includes('--check')) writeFileSync(file, page);
    else if (readFileSync(file, 'utf8') !== page) {
      console.error(`${path} is not current: run node scripts/docs.mjs`);
      stale = true;
    }
  }
  process.exitCode = stale ? 1 : 0;
}
