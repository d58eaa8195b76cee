// The keys of one transfer. Suites differ in where the first secret comes from, and in nothing else: in the open suite
// from nothing but the announcement's salt, the way QUIC protects its first packets, so that every damage is found and
// nobody is kept out; in the keyed suites from a Noise handshake (handshake.ts). docs/protocol.md, "Keys of a transfer".
import { createHmac } from 'node:crypto';
import type { Cipher } from './cipher.ts';

export interface DirectionKey {
  readonly cipher: Cipher;
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 4 bytes before the 64-bit record number or counter. */
  readonly noncePrefix: Uint8Array;
}

/** The key of one epoch of records, and the secret that the next epoch's follows from. */
export interface DataKeys extends DirectionKey {
  readonly epochSecret: Uint8Array;
}

export interface SessionKeys {
  readonly data: DataKeys;
  readonly senderControl: DirectionKey;
  readonly receiverControl: DirectionKey;
}

/** 2^20 records of 64 KiB are 2^32 AES blocks under one key: far below what GCM bears. */
export const EPOCH_RECORDS: number = 2 ** 20;
const OPEN_SUITE_SECRET = 'zwire open suite v1';

/** HKDF-Expand of RFC 5869 for at most one block. */
function expand(secret: Uint8Array, label: string, bytes: number): Uint8Array {
  const block = createHmac('sha256', secret).update(`zwire v1 ${label}`).update(Uint8Array.of(1)).digest();
  const output = new Uint8Array(block.subarray(0, bytes));
  block.fill(0);
  return output;
}

function directionKey(cipher: Cipher, secret: Uint8Array, name: string): DirectionKey {
  return { cipher, key: expand(secret, `${name} key`, 32), noncePrefix: expand(secret, `${name} nonce`, 4) };
}

function dataKeys(cipher: Cipher, epochSecret: Uint8Array): DataKeys {
  return { ...directionKey(cipher, epochSecret, 'data'), epochSecret };
}

/** Keys from input keying material and the transfer's 32-byte salt: HKDF-Extract, then one Expand for each. */
export function sessionKeys(cipher: Cipher, material: Uint8Array, salt: Uint8Array): SessionKeys {
  const secret = new Uint8Array(createHmac('sha256', salt).update(material).digest());
  return {
    data: dataKeys(cipher, secret),
    senderControl: directionKey(cipher, secret, 'control s2r'),
    receiverControl: directionKey(cipher, secret, 'control r2s'),
  };
}

/** Keys of the open suite for a transfer's salt. */
export function openSuiteKeys(salt: Uint8Array): SessionKeys {
  return sessionKeys('aes-256-gcm', new TextEncoder().encode(OPEN_SUITE_SECRET), salt);
}

/** The keys of the 2^20 records that follow; those before stay as they are until they are wiped. */
export function nextEpoch(keys: DataKeys): DataKeys {
  return dataKeys(keys.cipher, expand(keys.epochSecret, 'data next', 32));
}

export function wipeKey(key: DirectionKey | DataKeys): void {
  key.key.fill(0);
  key.noncePrefix.fill(0);
  if ('epochSecret' in key) key.epochSecret.fill(0);
}

/** For when everything that needs the keys has its own copy. */
export function wipeSessionKeys(keys: SessionKeys): void {
  wipeKey(keys.data);
  wipeKey(keys.senderControl);
  wipeKey(keys.receiverControl);
}
