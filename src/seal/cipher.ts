// The two ciphers: AES-256-GCM, and ChaCha20-Poly1305 (RFC 8439) for processors without AES instructions. Both have a
// 32-byte key, a 12-byte nonce and a 16-byte tag, so nothing else depends on which one it is.
import { readFileSync } from 'node:fs';

export type Cipher = 'aes-256-gcm' | 'chacha20-poly1305';

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
