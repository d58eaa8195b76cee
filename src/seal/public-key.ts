// Keys as one line of text: `zwire1 BASE64 COMMENT` is a public key, which everyone may see, in the way of SSH. Secrets
// have names of their own, so that none is taken for the other.
import { ZwireError } from '../bytes/zwire-error.ts';
import { KEY_BYTES } from './key-pair.ts';

const PUBLIC_KEY_NAME = 'zwire1';
/** 32 bytes are 43 digits and one `=`. */
const BASE64_PATTERN = /^[A-Za-z0-9+/]{43}=$/;

/** A public key as a line of text holds it. */
export interface PublicKeyLine {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** What follows, for people. */
  readonly comment: string;
}

/** Whether a word is the name that comes before a public key. */
export function isPublicKeyName(word: string): boolean {
  return word === PUBLIC_KEY_NAME;
}

/** `zwire1 BASE64`, and the comment where there is one. */
export function formatPublicKey(publicKey: Uint8Array, comment = ''): string {
  const key = `${PUBLIC_KEY_NAME} ${Buffer.from(publicKey).toString('base64')}`;
  return comment === '' ? key : `${key} ${comment}`;
}

/** The 32 bytes of base64; undefined when it is none. */
export function decodeKey(base64: string): Uint8Array | undefined {
  if (!BASE64_PATTERN.test(base64)) return undefined;
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  // 43 digits carry two bits too many: one key has one form.
  const same = Buffer.from(bytes).toString('base64') === base64;
  return same && bytes.byteLength === KEY_BYTES ? bytes : undefined;
}

/** Reads `zwire1 BASE64 COMMENT`, or the base64 alone. @throws ZwireError KEY_MALFORMED */
export function parsePublicKey(text: string): PublicKeyLine {
  const words = text.trim().split(/\s+/);
  if (isPublicKeyName(words[0] ?? '')) words.shift();
  const publicKey = decodeKey(words[0] ?? '');
  if (publicKey === undefined) {
    throw new ZwireError('KEY_MALFORMED', 'this is not a public key of zwire', {
      hint: 'A public key is one line, as `zwire keygen` prints it: zwire1, 44 characters, a comment.',
    });
  }
  return { publicKey, comment: words.slice(1).join(' ') };
}
