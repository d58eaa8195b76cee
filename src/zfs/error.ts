// From what `zfs` printed on stderr to one typed error: which of several messages is the cause, the names it
// carries, and what the person can do next. Patterns are in error-rules.ts.
import type { ErrorCode } from '../bytes/error-codes.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import { zfsHint } from './error-hint.ts';
import { ERROR_RULES, type ErrorRule } from './error-rules.ts';

/** What was being done, for the message: `zfs receive into backup/tank`. */
export interface ZfsErrorContext {
  /** Such as `zfs receive into backup/tank`, the subject of "... failed: <reason>". */
  readonly action: string;
  /** The dataset the command was about; kept as a field unless the text names one. */
  readonly dataset?: string;
  readonly exitCode?: number | null;
  readonly signal?: string | null;
}

/** Most characters of stderr that go into a message; the whole text of an unknown failure stays in its fields. */
const REASON_CHARACTERS_MAX = 400;
/** Most characters of a list of names that go into a field. */
const LIST_CHARACTERS_MAX = 2000;

/** The name in an action: `cannot open 'tank'`, `warning: cannot send 'tank@a'`. */
const ACTION_NAME = /^(?:warning: )?[A-Za-z() ]+ '(?<name>[^'\n]+)':/;

interface Match {
  readonly rule: ErrorRule;
  readonly start: number;
  readonly text: string;
  readonly groups: Readonly<Record<string, string | undefined>>;
}

/**
 * The error behind a failed command. The first message that is a cause of its own wins over every consequence
 * ('Broken pipe', 'signal received', 'failed to read from stream'); words that no rule knows also win over
 * those and become ZFS_UNKNOWN, with the whole text in `fields.stderr`.
 */
export function zfsErrorFrom(stderr: string, context: ZfsErrorContext): ZwireError {
  const matches = findMatches(stderr);
  const cause = matches.find((match) => match.rule.rank === 'primary');
  if (cause !== undefined) return errorOf(cause, stderr, context);
  if (hasUnknownLines(stderr)) return unknownError(stderr, context);
  const consequence =
    matches.find((match) => match.rule.rank === 'secondary') ??
    matches.find((match) => match.rule.rank === 'warning');
  return consequence === undefined ? silentError(stderr, context) : errorOf(consequence, stderr, context);
}

/** Whether a failed look-up only says that the thing is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof ZwireError && error.code === 'ZFS_DATASET_MISSING';
}

/** `-x` of a property that a child of another type does not have: nothing that anyone must know. */
const OWN_DOING = /property '[^']+' does not apply to datasets of this type/;

/** What a command that succeeded still complained about, one line each, at most 20. */
export function zfsWarningsFrom(stderr: string): string[] {
  const lines = stderr.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !OWN_DOING.test(line)).slice(0, 20);
}

/** All rules that match, the earliest in the text first, and of equals the first of the table. */
function findMatches(stderr: string): Match[] {
  const matches: Match[] = [];
  for (const rule of ERROR_RULES) {
    const found = rule.pattern.exec(stderr);
    if (found === null) continue;
    matches.push({ rule, start: found.index, text: found[0], groups: found.groups ?? {} });
  }
  return matches.sort((a, b) => a.start - b.start);
}

/** Whether a line is left that no rule touches. */
function hasUnknownLines(stderr: string): boolean {
  let rest = stderr;
  for (const rule of ERROR_RULES) {
    const everywhere = new RegExp(`[^\\n]*(?:${rule.pattern.source})[^\\n]*`, `${rule.pattern.flags}g`);
    rest = rest.replaceAll(everywhere, '');
  }
  return rest.trim() !== '';
}

function errorOf(match: Match, stderr: string, context: ZfsErrorContext): ZwireError {
  const fields = fieldsOf(match, stderr, context);
  const hint = zfsHint(match.rule.code, fields);
  return new ZwireError(match.rule.code, `${context.action} failed: ${reasonOf(match, stderr)}`, {
    fields,
    ...(hint === undefined ? {} : { hint }),
  });
}

function unknownError(stderr: string, context: ZfsErrorContext): ZwireError {
  const reason = clip(stderr.trim().replaceAll(/\s*\n\s*/g, '; '));
  return new ZwireError('ZFS_UNKNOWN', `${context.action} failed: ${reason}`, {
    fields: { ...contextFields(context), stderr },
  });
}

/** Nothing on stderr: the exit status is all there is. */
function silentError(stderr: string, context: ZfsErrorContext): ZwireError {
  const signal = context.signal ?? undefined;
  const code: ErrorCode = signal === undefined ? 'ZFS_UNKNOWN' : 'ZFS_SIGNAL';
  const reason =
    signal === undefined
      ? `it ended with exit code ${context.exitCode ?? 'unknown'} and said nothing`
      : `it was ended by ${signal} and said nothing`;
  return new ZwireError(code, `${context.action} failed: ${reason}`, {
    fields: { ...contextFields(context), stderr },
  });
}

function contextFields(context: ZfsErrorContext): Record<string, string | number> {
  return {
    ...(context.dataset === undefined ? {} : { dataset: context.dataset }),
    ...(typeof context.exitCode === 'number' ? { exitCode: context.exitCode } : {}),
    ...(typeof context.signal === 'string' ? { signal: context.signal } : {}),
  };
}

function fieldsOf(match: Match, stderr: string, context: ZfsErrorContext): Record<string, string | number> {
  const fields: Record<string, string | number> = contextFields(context);
  const quoted = ACTION_NAME.exec(messageLine(match, stderr))?.groups?.['name'];
  const named = match.groups['dataset'] ?? match.groups['snapshot'];
  if (named === undefined && quoted !== undefined)
    fields[quoted.includes('@') ? 'snapshot' : 'dataset'] = quoted;
  for (const [key, value] of Object.entries(match.groups)) {
    if (value === undefined) continue;
    fields[key] = key === 'blocking' ? listOf(value) : value.trim();
  }
  return fields;
}

/** The line the match begins in, which opens with the action that failed. */
function messageLine(match: Match, stderr: string): string {
  const from = stderr.lastIndexOf('\n', match.start) + 1;
  const to = stderr.indexOf('\n', match.start);
  return stderr.slice(from, to < 0 ? undefined : to);
}

/** The message from its action to the end of the last line that the rule knows, on one line. */
function reasonOf(match: Match, stderr: string): string {
  const from = stderr.lastIndexOf('\n', match.start) + 1;
  const lineEnd = stderr.indexOf('\n', match.start + match.text.trimEnd().length);
  const blocking = match.groups['blocking'];
  const text = stderr.slice(from, lineEnd < 0 ? undefined : lineEnd);
  const shown = blocking === undefined ? text : text.replace(blocking.trimEnd(), '');
  return clip(
    shown
      .replace(/\s+must specify -F to overwrite it/, '')
      .trim()
      .replaceAll(/\s*\n\s*/g, ' '),
  );
}

function listOf(names: string): string {
  const lines = names.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .join(', ')
    .slice(0, LIST_CHARACTERS_MAX);
}

function clip(text: string): string {
  return text.length > REASON_CHARACTERS_MAX ? `${text.slice(0, REASON_CHARACTERS_MAX)}...` : text;
}
