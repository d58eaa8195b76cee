// MAC addresses: six bytes, written as hex pairs.
import { ZwireError } from './zwire-error.ts';

/** Six bytes. The brand says that the length was checked. */
export type MacAddress = Uint8Array & { readonly __mac: unique symbol };

const MAC_PATTERN = /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i;

/**
 * Reads `aa:bb:cc:dd:ee:ff` or `aa-bb-cc-dd-ee-ff`, in either case.
 *
 * @throws ZwireError MAC_MALFORMED
 */
export function parseMac(text: string): MacAddress {
  if (!MAC_PATTERN.test(text)) {
    throw new ZwireError('MAC_MALFORMED', `"${text.slice(0, 64)}" is not a MAC address`, {
      fields: { text: text.slice(0, 64) },
      hint: 'Write six pairs of hex digits, such as 02:00:00:00:00:01.',
    });
  }
  const bytes = new Uint8Array(6);
  for (let i = 0; i < 6; i++) bytes[i] = Number.parseInt(text.slice(i * 3, i * 3 + 2), 16);
  if (!isMac(bytes)) throw new RangeError('unreachable: the pattern has six bytes');
  return bytes;
}

/** Writes the first six bytes as `aa:bb:cc:dd:ee:ff`. */
export function formatMac(mac: Uint8Array): string {
  return Array.from(mac.subarray(0, 6), (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** Whether `bytes` has the length of a MAC address. */
export function isMac(bytes: Uint8Array): bytes is MacAddress {
  return bytes.length === 6;
}
