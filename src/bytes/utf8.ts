// Text on the wire: strict UTF-8 for what is parsed, cut and cleaned UTF-8 for what people read.

const ENCODER = new TextEncoder();
// ignoreBOM keeps a BOM as a character, so that decoding and encoding again gives the same bytes.
const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LENIENT = new TextDecoder('utf-8', { ignoreBOM: true });

/** The UTF-8 form of `text`; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** Like `encodeUtf8`, cut to at most `bytesMax` bytes without cutting a character in two. */
export function encodeUtf8Cut(text: string, bytesMax: number): Uint8Array {
  // No character is shorter than a byte a UTF-16 unit, so this bounds the work for a huge text.
  const bytes = ENCODER.encode(text.slice(0, bytesMax + 1));
  if (bytes.length <= bytesMax) return bytes;
  let end = bytesMax;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.slice(0, end);
}

/** The text of well-formed UTF-8, or undefined. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return STRICT.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The text of bytes that nobody promises to be UTF-8 (values of properties): malformed ones become U+FFFD. */
export function decodeUtf8Leniently(bytes: Uint8Array): string {
  return LENIENT.decode(bytes);
}

/**
 * Text from the other side for a person to read: malformed bytes and control characters other than newline
 * and tab become U+FFFD, so that a peer cannot drive the reader's terminal.
 */
export function decodeMessageText(bytes: Uint8Array): string {
  return LENIENT.decode(bytes).replace(/[^\P{Cc}\n\t]/gu, '\ufffd');
}
