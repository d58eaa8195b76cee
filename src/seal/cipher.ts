// The two ciphers: AES-256-GCM, and ChaCha20-Poly1305 (RFC 8439) for processors without AES instructions. Both have a
// 32-byte key, a 12-byte nonce and a 16-byte tag, so nothing else depends on which one it is.
import {
  type CipherChaCha20Poly1305,
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  type DecipherChaCha20Poly1305,
  type DecipherGCM,
} from 'node:crypto';
import { processorFeatures } from '../sys/processor.ts';

export type Cipher = 'aes-256-gcm' | 'chacha20-poly1305';

/** There are two, and either is good for anything. */
export function otherCipher(cipher: Cipher): Cipher {
  return cipher === 'aes-256-gcm' ? 'chacha20-poly1305' : 'aes-256-gcm';
}

const OPTIONS = { authTagLength: 16 } as const;

/** Node's types want a length of ChaCha20-Poly1305 that only CCM needs. */
const NO_LENGTH = { plaintextLength: 0 } as const;

export function createAead(
  cipher: Cipher,
  key: Uint8Array,
  nonce: Uint8Array,
  associated: Uint8Array,
): CipherGCM | CipherChaCha20Poly1305 {
  return cipher === 'aes-256-gcm'
    ? createCipheriv(cipher, key, nonce, OPTIONS).setAAD(associated)
    : createCipheriv(cipher, key, nonce, OPTIONS).setAAD(associated, NO_LENGTH);
}

export type AeadOpener = DecipherGCM | DecipherChaCha20Poly1305;

export function createAeadOpener(
  cipher: Cipher,
  key: Uint8Array,
  nonce: Uint8Array,
  associated: Uint8Array,
): AeadOpener {
  return cipher === 'aes-256-gcm'
    ? createDecipheriv(cipher, key, nonce, OPTIONS).setAAD(associated)
    : createDecipheriv(cipher, key, nonce, OPTIONS).setAAD(associated, NO_LENGTH);
}

/** AES where the processor has instructions for it; where Linux does not say, it does. */
export function bestCipher(features: ReadonlySet<string> | undefined = processorFeatures()): Cipher {
  return features === undefined || features.has('aes') ? 'aes-256-gcm' : 'chacha20-poly1305';
}
