// The Internet checksum of RFC 1071, as IPv4 and UDP use it. Sums are kept unfolded in a double (exact below
// 2^53), so the parts of a datagram can be summed apart and folded once.

/**
 * Adds the big-endian 16-bit words of `bytes` bytes at `offset` to `initial`. An odd last byte counts as the
 * high byte of a word, so only the last part of a datagram may have an odd length.
 *
 * Words are taken 32 bits at a time: 2^16 is 1 modulo 65,535, so the folded result is the same.
 */
export function sumWords(view: DataView, offset: number, bytes: number, initial: number = 0): number {
  let sum = initial;
  const end = offset + bytes;
  let at = offset;
  for (; at + 4 <= end; at += 4) sum += view.getUint32(at);
  if (at + 2 <= end) {
    sum += view.getUint16(at);
    at += 2;
  }
  if (at < end) sum += view.getUint8(at) << 8;
  return sum;
}

/**
 * Folds a sum to 16 bits, not inverted. The checksum field is the complement, `~folded & 0xffff`; UDP sends
 * 0xffff in place of 0, because 0 there means "no checksum" (RFC 768).
 */
export function foldChecksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return folded;
}
