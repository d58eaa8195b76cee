// What seals and opens on addresses: one cipher, one direction, one key. OpenSSL's and IPSec-MB's contexts are such.

export const TAG_BYTES = 16;

/**
 * A message is sealed by one call, since it lies in one piece, and opened in steps, since it may not:
 * begin(nonce, aad) - update(out, in, bytes) any number of times - open(tag).
 * All arguments are addresses in `Memory`. Working in place is allowed; plaintext counts only after open() is true.
 */
export interface AeadContext extends Disposable {
  /** Encrypts `bytes` to `outAddress`, and puts the 16-byte tag behind them. The nonce has 12 bytes. */
  seal(
    nonceAddress: number,
    aadAddress: number,
    aadBytes: number,
    outAddress: number,
    inAddress: number,
    bytes: number,
  ): void;
  /** The nonce has 12 bytes. */
  begin(nonceAddress: number, aadAddress: number, aadBytes: number): void;
  update(outAddress: number, inAddress: number, bytes: number): void;
  /** Ends a decryption: true only when the tag is right. */
  open(tagAddress: number): boolean;
}
