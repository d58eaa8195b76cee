// Whole numbers within bounds: ports, frame sizes, counts.
import { malformed } from './malformed.ts';

function parseWholeNumber(text: string, low: number, high: number, what: string, example: string): number {
  const value = /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(value >= low && value <= high)) throw malformed(text, `${what} (${low} to ${high})`, example);
  return value;
}

/** A UDP port, 1 to 65535. @throws ZwireError FLAG_MALFORMED */
export function parsePort(text: string): number {
  return parseWholeNumber(text, 1, 65_535, 'a UDP port', '1337');
}

/**
 * A frame size in bytes, counted as an MTU is (the IP packet, without the Ethernet header). The floor is
 * the least that every IPv4 host must take (RFC 791). @throws ZwireError FLAG_MALFORMED
 */
export function parseFrameSize(text: string): number {
  return parseWholeNumber(text, 576, 65_535, 'a frame size in bytes', '9000 or 1500');
}

/** How many transfers a receiver takes at once. @throws ZwireError FLAG_MALFORMED */
export function parseTransferCount(text: string): number {
  return parseWholeNumber(text, 1, 256, 'a number of transfers', '8');
}

/** How many levels below a dataset. @throws ZwireError FLAG_MALFORMED */
export function parseDepth(text: string): number {
  return parseWholeNumber(text, 0, 999, 'a depth', '1');
}

/** How many frames a capture takes. @throws ZwireError FLAG_MALFORMED */
export function parseFrameCount(text: string): number {
  return parseWholeNumber(text, 1, 999_999_999, 'a number of frames', '1000');
}

/** How long a capture lasts, at most a day. @throws ZwireError FLAG_MALFORMED */
export function parseSeconds(text: string): number {
  return parseWholeNumber(text, 1, 86_400, 'a number of seconds', '10');
}

/** What a capture keeps of a frame: at least its headers and a segment's. @throws ZwireError FLAG_MALFORMED */
export function parseSnapLength(text: string): number {
  return parseWholeNumber(text, 74, 262_144, 'a number of bytes', '128');
}
