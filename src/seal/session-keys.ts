// The keys of one transfer. In the open suite they come from nothing but the announcement's salt, the way QUIC
// protects its first packets: every damage is found, and nobody is kept out. docs/protocol.md, "The open suite".
import { hkdfSync } from 'node:crypto';

export interface DirectionKey {
  /** 32 bytes, AES-256-GCM. */
  readonly key: Uint8Array;
  /** 4 bytes before the 64-bit record number or counter. */
  readonly noncePrefix: Uint8Array;
}

export interface SessionKeys {
  readonly data: DirectionKey;
  readonly senderControl: DirectionKey;
  readonly receiverControl: DirectionKey;
}

const OPEN_SUITE_SECRET = 'zwire open suite v1';

function expand(secret: Uint8Array, salt: Uint8Array, label: string, bytes: number): Uint8Array {
  // hkdfSync is extract-then-expand; the extracted key is the same for every label of one (secret, salt).
  return new Uint8Array(hkdfSync('sha256', secret, salt, `zwire v1 ${label}`, bytes));
}

function directionKey(secret: Uint8Array, salt: Uint8Array, name: string): DirectionKey {
  return {
    key: expand(secret, salt, `${name} key`, 32),
    noncePrefix: expand(secret, salt, `${name} nonce`, 4),
  };
}

/** Keys of the open suite for a transfer's 32-byte salt. */
export function openSuiteKeys(salt: Uint8Array): SessionKeys {
  const secret = new TextEncoder().encode(OPEN_SUITE_SECRET);
  return {
    data: directionKey(secret, salt, 'data'),
    senderControl: directionKey(secret, salt, 'control s2r'),
    receiverControl: directionKey(secret, salt, 'control r2s'),
  };
}
