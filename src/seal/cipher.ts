// The two ciphers: AES-256-GCM, and ChaCha20-Poly1305 (RFC 8439) for processors without AES instructions. Both have a
// 32-byte key, a 12-byte nonce and a 16-byte tag, so nothing else depends on which one it is.
import { type CipherGCM, createCipheriv, createDecipheriv, type DecipherGCM } from 'node:crypto';
import { readFileSync } from 'node:fs';

export type Cipher = 'aes-256-gcm' | 'chacha20-poly1305';

const OPTIONS = { authTagLength: 16 } as const;

// Node's types know only that a cipher called GCM has a tag; ChaCha20-Poly1305 behaves the same.
export function createAead(cipher: Cipher, key: Uint8Array, nonce: Uint8Array): CipherGCM {
  return createCipheriv(cipher as 'aes-256-gcm', key, nonce, OPTIONS);
}

export function createAeadOpener(cipher: Cipher, key: Uint8Array, nonce: Uint8Array): DecipherGCM {
  return createDecipheriv(cipher as 'aes-256-gcm', key, nonce, OPTIONS);
}

let hasAes: boolean | undefined;

/** AES where the processor has instructions for it; where Linux does not say, it does. */
export function bestCipher(): Cipher {
  hasAes ??= listsAes(readCpuInfo());
  return hasAes ? 'aes-256-gcm' : 'chacha20-poly1305';
}

/** x86 lists `flags`, ARM `Features`; other machines say nothing. */
export function listsAes(cpuInfo: string): boolean {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo)?.[1];
  return line === undefined || / aes( |$)/.test(line);
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'latin1');
  } catch {
    return '';
  }
}
