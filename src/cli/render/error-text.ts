// An error in words: `zwire: what happened (CODE)`, then what to do about it, indented.
import { ERROR_CODES, type ErrorCode, EXIT, exitCodeOf } from '../../bytes/error-codes.ts';
import { painted } from './colour.ts';
import { printable } from './terminal-text.ts';

export interface ErrorStyle {
  readonly colour: boolean;
  /** Add the causes and the stacks. */
  readonly debug: boolean;
}

const CAUSES_MAX = 8;

/** The stable code of an error of ours, wherever it was made; undefined for any other error. */
export function codeOf(error: unknown): ErrorCode | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return isErrorCode(error.code) ? error.code : undefined;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

/** What to do next, if the error says so. */
export function hintOf(error: unknown): string | undefined {
  return error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
}

/** The facts of the failure, for programs. */
export function factsOf(error: unknown): [string, unknown][] {
  if (!(error instanceof Error) || !('fields' in error)) return [];
  return typeof error.fields === 'object' && error.fields !== null ? Object.entries(error.fields) : [];
}

export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : (JSON.stringify(error) ?? 'nothing was thrown');
}

/**
 * The exit code that an error ends the program with, when no signal came to us. An interruption is then that
 * of the other side: for us the transfer has failed.
 */
export function exitCodeForError(error: unknown): number {
  const code = codeOf(error);
  return code === undefined || code === 'INTERRUPTED' ? EXIT.failed : exitCodeOf(code);
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `  ${printable(line)}`.trimEnd());
}

function firstLine(error: unknown, code: ErrorCode | undefined): string {
  const message = messageOf(error).split('\n').map(printable).join(' ');
  return code === undefined ? `unexpected error: ${message}` : `${message} (${code})`;
}

function causes(error: unknown): string[] {
  const lines: string[] = [];
  let current = error;
  for (let depth = 0; depth < CAUSES_MAX && current !== undefined; depth += 1) {
    const text = current instanceof Error ? (current.stack ?? current.message) : messageOf(current);
    lines.push(...indented(depth === 0 ? text : `caused by: ${text}`));
    current = current instanceof Error ? current.cause : undefined;
  }
  return lines;
}

/** Lines without a newline at the end. */
export function renderError(error: unknown, style: ErrorStyle): string {
  const code = codeOf(error);
  const lines = [`${painted('zwire:', 'red', style.colour)} ${firstLine(error, code)}`];
  const hint = hintOf(error);
  if (hint !== undefined) lines.push(...indented(hint));
  if (code === undefined && !style.debug)
    lines.push('  This is a fault in zwire. --debug shows where it happened.');
  if (style.debug) lines.push(...causes(error));
  return lines.join('\n');
}

/** A warning in the same form. */
export function renderWarning(code: string, message: string, colour: boolean): string {
  const [first = '', ...rest] = message.split('\n');
  const head = `${painted('zwire: warning:', 'yellow', colour)} ${printable(first)} (${printable(code)})`;
  return [head, ...rest.flatMap(indented)].join('\n');
}
