// Cipher suites: where the keys of a transfer come from, and what seals with them. Byte 0 of an ANNOUNCE.

export type Suite =
  | 'open'
  | 'IK_AESGCM'
  | 'IK_ChaChaPoly'
  | 'IKpsk2_AESGCM'
  | 'IKpsk2_ChaChaPoly'
  | 'X_AESGCM'
  | 'X_ChaChaPoly'
  | 'Xpsk1_AESGCM'
  | 'Xpsk1_ChaChaPoly';

export interface SuiteParts {
  /** On the wire; it never changes. */
  readonly number: number;
  /** The Noise pattern of the handshake; the open suite has none. */
  readonly pattern: 'none' | 'IK' | 'IKpsk2' | 'X' | 'Xpsk1';
  readonly cipher: 'aes-256-gcm' | 'chacha20-poly1305';
}

export const SUITES: Readonly<Record<Suite, SuiteParts>> = {
  open: { number: 0, pattern: 'none', cipher: 'aes-256-gcm' },
  IK_AESGCM: { number: 1, pattern: 'IK', cipher: 'aes-256-gcm' },
  IK_ChaChaPoly: { number: 2, pattern: 'IK', cipher: 'chacha20-poly1305' },
  IKpsk2_AESGCM: { number: 3, pattern: 'IKpsk2', cipher: 'aes-256-gcm' },
  IKpsk2_ChaChaPoly: { number: 4, pattern: 'IKpsk2', cipher: 'chacha20-poly1305' },
  X_AESGCM: { number: 5, pattern: 'X', cipher: 'aes-256-gcm' },
  X_ChaChaPoly: { number: 6, pattern: 'X', cipher: 'chacha20-poly1305' },
  Xpsk1_AESGCM: { number: 7, pattern: 'Xpsk1', cipher: 'aes-256-gcm' },
  Xpsk1_ChaChaPoly: { number: 8, pattern: 'Xpsk1', cipher: 'chacha20-poly1305' },
};

const NAMES: ReadonlyMap<number, Suite> = new Map(
  Object.entries(SUITES).flatMap(([name, { number }]) => (isSuite(name) ? [[number, name]] : [])),
);

function isSuite(name: string): name is Suite {
  return Object.hasOwn(SUITES, name);
}

/** The suite of this number, if this version knows it. */
export function suiteOf(number: number): Suite | undefined {
  return NAMES.get(number);
}

/** The suite of a keyed transfer. */
export function keyedSuite(oneWay: boolean, psk: boolean, cipher: SuiteParts['cipher']): Suite {
  const aes = cipher === 'aes-256-gcm';
  if (oneWay) return psk ? (aes ? 'Xpsk1_AESGCM' : 'Xpsk1_ChaChaPoly') : aes ? 'X_AESGCM' : 'X_ChaChaPoly';
  return psk ? (aes ? 'IKpsk2_AESGCM' : 'IKpsk2_ChaChaPoly') : aes ? 'IK_AESGCM' : 'IK_ChaChaPoly';
}
