// Sizes of memory, as `zfs` writes them: 128M is 128 * 1024 * 1024 bytes, and so is 128MiB.
import { malformed } from './malformed.ts';

const EXAMPLE = '128M, 1G, 512MiB, or a plain number of bytes';
const SIZE = /^(\d{1,15}(?:\.\d{1,9})?)\s?([kKmMgGtT]?)(iB|B)?$/;
const EXPONENTS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4 };

/**
 * Bytes from text. K, M, G, T and KiB, MiB, GiB, TiB are powers of 1024. MB and the like are refused,
 * because they mean 1000 to some and 1024 to others.
 * @throws ZwireError FLAG_MALFORMED
 */
export function parseSize(text: string): number {
  const match = SIZE.exec(text.trim());
  if (match === null) throw malformed(text, 'a size', EXAMPLE);
  const [, digits = '', prefix = '', suffix = ''] = match;
  if (prefix !== '' && suffix === 'B') {
    throw malformed(text, `a clear size: write ${digits}${prefix.toUpperCase()} for powers of 1024`, EXAMPLE);
  }
  if (prefix === '' && suffix === 'iB') throw malformed(text, 'a size: "iB" needs a prefix', EXAMPLE);
  const bytes = Math.floor(Number(digits) * 1024 ** (EXPONENTS[prefix.toLowerCase()] ?? 0));
  if (bytes < 1) throw malformed(text, 'a size of at least one byte', EXAMPLE);
  if (!Number.isSafeInteger(bytes)) throw malformed(text, 'a size below 8192T', EXAMPLE);
  return bytes;
}
