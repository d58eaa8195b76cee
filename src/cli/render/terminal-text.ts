// Text that came from elsewhere (names and messages from the wire, output of programs), made safe and
// measured for a terminal. A sender that names its dataset "\x1b]0;..." must not reach the terminal with it.

// Control, format (bidirectional overrides among them), line and paragraph separators, lone surrogates.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** One line, with everything that could move the cursor or reorder text replaced by `?`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '?');
}

// East Asian wide and fullwidth, and pictographs: Unicode UAX 11, coarsely, by block.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const ZERO = /[\p{Mn}\p{Me}]/u;

function characterWidth(character: string): number {
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Columns that the text takes. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += characterWidth(character);
  return columns;
}

/** The text, cut to at most so many columns. */
export function cut(text: string, columnsMax: number): string {
  let columns = 0;
  let kept = '';
  for (const character of text) {
    columns += characterWidth(character);
    if (columns > columnsMax) break;
    kept += character;
  }
  return kept;
}

/** The text, or its beginning and end with dots between: names differ at the end. */
export function shorten(text: string, columnsMax: number): string {
  if (columnsOf(text) <= columnsMax) return text;
  const room = Math.max(0, columnsMax - 2);
  const head = cut(text, Math.floor(room / 3));
  const tail = reversed(cut(reversed(text), room - columnsOf(head)));
  return cut(`${head}..${tail}`, columnsMax);
}

/** By code points: what is shortened has been made printable, and holds no joined emoji worth keeping. */
function reversed(text: string): string {
  return Array.from(text).reverse().join('');
}
