// Text for people at the end of a control message: length (2), UTF-8.
import type { ByteReader } from '../bytes/byte-reader.ts';
import { decodeMessageText, encodeUtf8Cut } from '../bytes/utf8.ts';
import { LIMITS } from './limits.ts';

/** The UTF-8 of a message, cut to LIMITS.messageBytes and to `bytesMax`. */
export function encodeMessage(text: string, bytesMax: number): Uint8Array {
  return encodeUtf8Cut(text, Math.max(0, Math.min(LIMITS.messageBytes, bytesMax)));
}

/** Reads length and text; control characters become U+FFFD. */
export function readMessage(reader: ByteReader): string {
  const count = reader.u16('message length');
  if (count > LIMITS.messageBytes) reader.fail('message length');
  return decodeMessageText(reader.bytes(count, 'message'));
}
