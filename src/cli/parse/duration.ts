// Times: --timeout takes 30, 30s, 500ms, 2m or 1h; --rate-limit takes plain seconds, as the seed's did.
import { malformed } from './malformed.ts';

const TIMEOUT_EXAMPLE = '30 (seconds), 500ms, 2m or 1h';
const DURATION = /^(\d{1,9}(?:\.\d{1,9})?)\s?(ms|s|m|h)?$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION_MS_MAX = 24 * 3_600_000;

/**
 * Milliseconds from text; a bare number counts seconds. Above zero, at most a day.
 * @throws ZwireError FLAG_MALFORMED
 */
export function parseDuration(text: string): number {
  const match = DURATION.exec(text.trim());
  if (match === null) throw malformed(text, 'a time', TIMEOUT_EXAMPLE);
  const [, digits = '', unit = 's'] = match;
  const milliseconds = Number(digits) * (UNIT_MS[unit] ?? 1000);
  if (milliseconds < 1) throw malformed(text, 'a time above zero', TIMEOUT_EXAMPLE);
  if (milliseconds > DURATION_MS_MAX) throw malformed(text, 'a time of at most 24h', TIMEOUT_EXAMPLE);
  return milliseconds;
}

const PAUSE_EXAMPLE = '0.001 (a thousandth of a second between two frames)';
const PAUSE = /^(\d{1,4}(?:\.\d{1,9})?|\.\d{1,9})$/;
const PAUSE_SECONDS_MAX = 60;

/**
 * The pause of --rate-limit between two frames: plain seconds, zero allowed, at most a minute.
 * Returned in milliseconds.
 * @throws ZwireError FLAG_MALFORMED
 */
export function parsePause(text: string): number {
  if (!PAUSE.test(text.trim())) throw malformed(text, 'a number of seconds', PAUSE_EXAMPLE);
  const seconds = Number(text.trim());
  if (seconds > PAUSE_SECONDS_MAX) {
    throw malformed(text, 'a pause of at most 60 seconds (for a rate, use --rate)', PAUSE_EXAMPLE);
  }
  return seconds * 1000;
}
