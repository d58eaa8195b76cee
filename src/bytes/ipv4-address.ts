// IPv4 addresses: an unsigned 32-bit number, written as four decimal bytes.
import { ZwireError } from './zwire-error.ts';

// No leading zeros: inet_aton reads 010 as octal 8, people read it as 10.
const BYTE = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4_PATTERN = new RegExp(`^${BYTE}\\.${BYTE}\\.${BYTE}\\.${BYTE}$`);

/**
 * Reads `198.18.0.2` as 0xc6120002. Only the form of four decimal bytes is taken.
 *
 * @throws ZwireError IPV4_MALFORMED
 */
export function parseIpv4(text: string): number {
  const match = IPV4_PATTERN.exec(text);
  if (match === null) {
    throw new ZwireError('IPV4_MALFORMED', `"${text.slice(0, 64)}" is not an IPv4 address`, {
      fields: { text: text.slice(0, 64) },
      hint: 'Write four decimal bytes without leading zeros, such as 198.18.0.2.',
    });
  }
  return match.slice(1).reduce((address, byte) => address * 256 + Number(byte), 0);
}

/** Writes an unsigned 32-bit number as four decimal bytes. */
export function formatIpv4(address: number): string {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.');
}
