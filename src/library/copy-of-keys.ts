// Keys for one transfer: it wipes its copy at its end, and the caller's own serve the next.
import { sharedSecret } from '../transfer/transfer-keys.ts';

export function copyOfKeys<K extends { readonly identity: Uint8Array; readonly psk?: Uint8Array }>(
  keys: K,
): K {
  return {
    ...keys,
    identity: sharedSecret(keys.identity.slice()),
    ...(keys.psk === undefined ? {} : { psk: sharedSecret(keys.psk.slice()) }),
  };
}
