// Where --to sends and --listen listens: an IPv4 address or a host's name, with or without a port.
import { formatIpv4, parseIpv4 } from '../../bytes/ipv4-address.ts';
import { malformed } from './malformed.ts';
import { parsePort } from './whole-number.ts';

/** A host as typed; a name is not yet resolved. `port` is absent when the text names none. */
export interface HostPort {
  readonly host: string;
  readonly port?: number;
}

const TO_EXAMPLE = '198.18.0.2, 198.18.0.2:1337 or backup.example:1337';
const LISTEN_EXAMPLE = '0.0.0.0, 198.18.0.2 or 198.18.0.2:1337';
const LABEL = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;
const HOST_NAME_CHARACTERS_MAX = 253;

function splitPort(text: string, example: string): HostPort {
  const parts = text.split(':');
  const [host = '', port] = parts;
  if (parts.length > 2) throw malformed(text, 'an IPv4 address or a host (IPv6 is not spoken here)', example);
  if (host === '') throw malformed(text, 'HOST or HOST:PORT', example);
  return port === undefined ? { host } : { host, port: parsePort(port) };
}

function isHostName(host: string): boolean {
  return (
    host.length <= HOST_NAME_CHARACTERS_MAX &&
    host
      .replace(/\.$/, '')
      .split('.')
      .every((l) => LABEL.test(l))
  );
}

/**
 * HOST[:PORT] of --to. Digits and dots alone are read as an IPv4 address, anything else as a name.
 * @throws ZwireError FLAG_MALFORMED, IPV4_MALFORMED
 */
export function parseDestination(text: string): HostPort {
  const { host, ...rest } = splitPort(text.trim(), TO_EXAMPLE);
  if (/^[\d.]+$/.test(host)) return { host: formatIpv4(parseIpv4(host)), ...rest };
  if (!isHostName(host)) throw malformed(text, 'an IPv4 address or the name of a host', TO_EXAMPLE);
  return { host, ...rest };
}

/**
 * ADDRESS[:PORT] of --listen: an address of this machine, or 0.0.0.0 for all of them.
 * @throws ZwireError FLAG_MALFORMED, IPV4_MALFORMED
 */
export function parseListenAddress(text: string): HostPort {
  const { host, ...rest } = splitPort(text.trim(), LISTEN_EXAMPLE);
  return { host: formatIpv4(parseIpv4(host)), ...rest };
}
