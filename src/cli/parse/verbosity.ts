// --verbosity-level: how much goes into the log file of --log-dir. The names are those of Python's logging
// module, because the seed took them, and so do its numbers.
import { malformed } from './malformed.ts';

/** From least to most: a level holds its own events and those of all levels before it. */
export const VERBOSITY_LEVELS = ['error', 'warning', 'info', 'debug'] as const;
export type VerbosityLevel = (typeof VERBOSITY_LEVELS)[number];

const EXAMPLE = 'error, warning, info or debug';
const NAMES: Readonly<Record<string, VerbosityLevel>> = {
  critical: 'error',
  fatal: 'error',
  error: 'error',
  warning: 'warning',
  warn: 'warning',
  info: 'info',
  debug: 'debug',
  noset: 'debug',
  notset: 'debug',
};

/** A level by name (any case) or by Python's number, 0 to 50. @throws ZwireError FLAG_MALFORMED */
export function parseVerbosity(text: string): VerbosityLevel {
  const name = NAMES[text.trim().toLowerCase()];
  if (name !== undefined) return name;
  const number = /^\d{1,2}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (number >= 0 && number <= 10) return 'debug';
  if (number > 10 && number <= 20) return 'info';
  if (number > 20 && number <= 30) return 'warning';
  if (number > 30 && number <= 50) return 'error';
  throw malformed(text, 'a level of detail', EXAMPLE);
}
