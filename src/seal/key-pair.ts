// X25519 key pairs (RFC 7748) on node:crypto. A secret key is 32 bytes that the caller owns and may wipe; OpenSSL keeps
// its own copy inside the KeyObject and cleanses it when that is freed.
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';

export const KEY_BYTES = 32;
/** PKCS #8 and SubjectPublicKeyInfo of X25519 (RFC 8410), up to the 32 bytes of the key. */
const PKCS8_HEAD: Buffer = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI_HEAD: Buffer = Buffer.from('302a300506032b656e032100', 'hex');

/** An X25519 pair: the key of a host, or of one handshake. */
export class KeyPair {
  /** 32 bytes, for everyone. */
  readonly publicKey: Uint8Array;
  readonly #private: KeyObject;

  private constructor(privateKey: KeyObject, publicKey: Uint8Array) {
    this.#private = privateKey;
    this.publicKey = publicKey;
  }

  /** A new pair, from the system's randomness. */
  static generate(): KeyPair {
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    return new KeyPair(privateKey, rawPublic(publicKey));
  }

  /** The pair of a 32-byte secret, which is copied. */
  static fromSecret(secret: Uint8Array): KeyPair {
    if (secret.byteLength !== KEY_BYTES) throw new RangeError(`a secret key of ${secret.byteLength} bytes`);
    // Anyone knows the pair of zeros: it is what is left of a key that was wiped.
    if (secret.every((byte) => byte === 0)) throw new RangeError('the secret key was wiped');
    const der = Buffer.concat([PKCS8_HEAD, secret]);
    try {
      const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
      return new KeyPair(privateKey, rawPublic(createPublicKey(privateKey)));
    } finally {
      der.fill(0);
    }
  }

  /** A copy of the 32 bytes that must stay secret; the caller wipes it. */
  secret(): Uint8Array {
    const der = this.#private.export({ format: 'der', type: 'pkcs8' });
    const secret = new Uint8Array(der.subarray(PKCS8_HEAD.length));
    der.fill(0);
    return secret;
  }

  /**
   * The shared secret with `publicKey`; undefined when there is none: a key of small order, whose product is zero for
   * every secret (OpenSSL refuses it).
   */
  agree(publicKey: Uint8Array): Uint8Array | undefined {
    if (publicKey.byteLength !== KEY_BYTES) return undefined;
    try {
      const peer = createPublicKey({
        key: Buffer.concat([SPKI_HEAD, publicKey]),
        format: 'der',
        type: 'spki',
      });
      return diffieHellman({ privateKey: this.#private, publicKey: peer });
    } catch {
      return undefined;
    }
  }
}

function rawPublic(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }).subarray(SPKI_HEAD.length));
}
