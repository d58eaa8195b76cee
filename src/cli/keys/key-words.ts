// Lines of files with public keys: words with blanks between, `"` around what holds blanks, `#` begins a comment line.
import { ZwireError } from '../../bytes/zwire-error.ts';
import { decodeKey, isPublicKeyName } from '../../seal/public-key.ts';

const LINES_MAX = 10_000;

/** A line that holds a key: what stands before it, the key, and what follows. */
export interface KeyLine {
  readonly number: number;
  readonly before: readonly string[];
  readonly publicKey: Uint8Array;
  readonly comment: string;
}

/** The lines of a file that are not empty and no comment. @throws ZwireError KEY_MALFORMED, with the line's number */
export function parseKeyLines(text: string, path: string): KeyLine[] {
  const lines = text.split('\n');
  if (lines.length > LINES_MAX) throw lineError(path, LINES_MAX, 'the file has more lines than that');
  return lines.flatMap((line, index) => {
    const trimmed = line.trim();
    return trimmed === '' || trimmed.startsWith('#') ? [] : [parseKeyLine(trimmed, path, index + 1)];
  });
}

function parseKeyLine(line: string, path: string, number: number): KeyLine {
  const words = wordsOf(line);
  const at = words?.findIndex(isPublicKeyName) ?? -1;
  if (words === undefined || at < 0)
    throw lineError(path, number, 'it holds no key: zwire1 and 44 characters');
  const publicKey = decodeKey(words[at + 1] ?? '');
  if (publicKey === undefined)
    throw lineError(path, number, 'what follows zwire1 is not a key of 44 characters');
  return { number, before: words.slice(0, at), publicKey, comment: words.slice(at + 2).join(' ') };
}

/** Words with quotes taken off; undefined when a quote is not closed. */
function wordsOf(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  for (const character of line) {
    if (character === '"') {
      quoted = !quoted;
      word ??= '';
    } else if (!quoted && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (quoted) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}

export function lineError(path: string, line: number, why: string): ZwireError {
  return new ZwireError('KEY_MALFORMED', `line ${line} of ${path} cannot be read: ${why}`, {
    fields: { path, line },
    hint: 'docs/operations/keys.md shows what a line looks like.',
  });
}
