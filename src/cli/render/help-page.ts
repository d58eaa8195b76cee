// The page that --help prints: what it is for, how it is typed, examples, flags in groups, exit codes.

/** What a page needs to know of a flag; the definitions of the commands have it. */
export interface FlagWords {
  readonly kind: string;
  readonly brief: string;
  readonly placeholder?: string;
  readonly values?: readonly string[];
  readonly hidden?: boolean;
}

export interface FlagGroup {
  readonly title: string;
  readonly flags: Readonly<Record<string, FlagWords>>;
}

export interface HelpPage {
  readonly purpose: string;
  readonly usage: readonly string[];
  /** Pairs of what it does and what is typed. */
  readonly examples: readonly (readonly [string, string])[];
  readonly commands?: readonly (readonly [string, string])[];
  readonly groups?: readonly FlagGroup[];
  /** One-letter forms, by name of the flag. */
  readonly letters?: Readonly<Record<string, string>>;
}

const EXIT_CODES: readonly (readonly [string, string])[] = [
  ['0', 'done: the receiver has everything, verified and written'],
  ['1', 'failed'],
  ['2', 'usage: flags missing or malformed, or a combination that is refused'],
  ['3', 'no answer: no receiver, or the other side fell silent'],
  ['4', 'refused by the other side: its policy, or what its target already holds'],
  ['5', 'environment: privilege, interface, port or program missing'],
  ['129, 130, 143', 'interrupted (SIGHUP, Ctrl-C, SIGTERM)'],
];

/** The whole page, ending in a newline. */
export function helpPage(page: HelpPage, bold: boolean): string {
  const heading = (text: string): string => (bold ? `\x1b[1m${text}\x1b[0m` : text);
  const sections = [
    [page.purpose],
    [heading('USAGE'), ...page.usage.map((line) => `  ${line}`)],
    [heading('EXAMPLES'), ...page.examples.flatMap(([what, typed]) => [`  ${what}`, ...indented(typed)])],
    ...(page.commands === undefined ? [] : [[heading('COMMANDS'), ...table(page.commands)]]),
    ...flagSections(page, heading),
    [heading('EXIT CODES'), ...table(EXIT_CODES)],
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function indented(typed: string): string[] {
  return typed.split('\n').map((line) => `    ${line}`);
}

function flagSections(page: HelpPage, heading: (text: string) => string): string[][] {
  const groups = (page.groups ?? []).map(({ title, flags }) => ({
    title,
    rows: Object.entries(flags)
      .filter(([, words]) => words.hidden !== true)
      .map(([name, words]): [string, string] => [flagAsTyped(name, words, page.letters), words.brief]),
  }));
  const width = Math.max(0, ...groups.flatMap(({ rows }) => rows.map(([typed]) => typed.length)));
  return groups.map(({ title, rows }) => [heading(title), ...table(rows, width)]);
}

/** `-R, --recursive`, `--rate RATE`, `--wire v1|v0`. */
function flagAsTyped(name: string, words: FlagWords, letters: HelpPage['letters']): string {
  const flag = `--${name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`;
  const letter = letters?.[name];
  const value = words.kind === 'boolean' ? '' : ` ${words.values?.join('|') ?? words.placeholder ?? 'VALUE'}`;
  return `${letter === undefined ? '' : `-${letter}, `}${flag}${value}`;
}

function table(rows: readonly (readonly [string, string])[], widthMin = 0): string[] {
  const width = Math.max(widthMin, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
