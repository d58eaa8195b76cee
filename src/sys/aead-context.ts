// What seals and opens on addresses: one cipher, one direction, one key. OpenSSL's and IPSec-MB's contexts are such.

export const TAG_BYTES = 16;

/**
 * Driven in steps: begin(nonce, aad) - update(out, in, bytes) any number of times - seal(tag) or open(tag).
 * All arguments are addresses in `Memory`. Working in place is allowed; plaintext counts only after open() is true.
 */
export interface AeadContext extends Disposable {
  /** The nonce has 12 bytes. */
  begin(nonceAddress: number, aadAddress: number, aadBytes: number): void;
  update(outAddress: number, inAddress: number, bytes: number): void;
  /** Ends an encryption and writes the 16-byte tag. */
  seal(tagAddress: number): void;
  /** Ends a decryption: true only when the tag is right. */
  open(tagAddress: number): boolean;
}
