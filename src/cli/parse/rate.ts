// Rates of --rate: bits per second with decimal prefixes (5Gbit), or bytes per second (125MB, 100MiB).
import { malformed } from './malformed.ts';

const EXAMPLE = '5Gbit, 800Mbit, 1.5Gbit, or 125MB for bytes a second';
const RATE = /^(\d{1,15}(?:\.\d{1,9})?)\s?([kKmMgGtT]?)(i?)(bit|B)(?:\/s|ps)?$/;
const EXPONENTS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4 };

/** The most that --rate takes; a typing error is likelier than such a link. */
const RATE_BITS_PER_SECOND_MAX = 1e14;

/**
 * Bits per second from text. Prefixes k, M, G, T are powers of 1000, Ki, Mi, Gi, Ti powers of 1024;
 * `bit` counts bits and `B` counts bytes. A bare number or `5G` is refused: it says neither.
 * @throws ZwireError FLAG_MALFORMED
 */
export function parseRate(text: string): number {
  const match = RATE.exec(text.trim());
  if (match === null) throw malformed(text, 'a rate: it needs a number and a unit', EXAMPLE);
  const [, digits = '', prefix = '', binary = '', unit = ''] = match;
  if (binary !== '' && prefix === '') throw malformed(text, 'a rate: "i" needs a prefix before it', EXAMPLE);
  const exponent = EXPONENTS[prefix.toLowerCase()] ?? 0;
  const bits = Number(digits) * (binary === '' ? 1000 : 1024) ** exponent * (unit === 'B' ? 8 : 1);
  if (bits < 1) throw malformed(text, 'a rate above zero', EXAMPLE);
  if (bits > RATE_BITS_PER_SECOND_MAX) throw malformed(text, 'a rate of at most 100Tbit', EXAMPLE);
  return Math.round(bits);
}
