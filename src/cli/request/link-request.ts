// Which way the frames go, from flags: a raw interface or a UDP socket. Pure; names are resolved when it runs.
import type { MacAddress } from '../../bytes/mac-address.ts';
import type { LinkOptions } from '../../transfer/endpoint.ts';
import type { HostPort } from '../parse/host.ts';
import { usageError } from '../usage-error.ts';

/** The UDP port of every zwire, the seed's: docs/protocol.md. */
export const PORT_DEFAULT = 1337;

/** Flags about the link that both sides share. */
export interface LinkFlags {
  readonly interface?: string;
  readonly sourceIp?: number;
  readonly sourceMac?: MacAddress;
  readonly port?: number;
  readonly udpPort?: number;
  readonly framesize?: number;
  readonly noGso?: boolean;
}

export interface SenderLinkFlags extends LinkFlags {
  readonly to?: HostPort;
  readonly destinationIp?: number;
  readonly destinationMac?: MacAddress;
}

export interface ReceiverLinkFlags extends LinkFlags {
  readonly listen?: HostPort;
}

/** What raw and UDP links have in common, with the port agreed from the flags that may name it. */
function commonOptions(
  flags: LinkFlags,
  port: number | undefined,
): { port: number; frameBytes?: number; gso?: 'off' } {
  return {
    port: agreedPort(flags, port),
    ...(flags.framesize === undefined ? {} : { frameBytes: flags.framesize }),
    ...(flags.noGso === true ? { gso: 'off' as const } : {}),
  };
}

function agreedPort(flags: LinkFlags, inAddress: number | undefined): number {
  const ports = [inAddress, flags.port, flags.udpPort].filter((port) => port !== undefined);
  const [first = PORT_DEFAULT] = ports;
  if (ports.some((port) => port !== first)) {
    throw usageError(
      `two different ports are given: ${ports.join(' and ')}`,
      'Give the port once, with --port.',
    );
  }
  return first;
}

function rawOnly(flags: SenderLinkFlags): string | undefined {
  if (flags.destinationIp !== undefined) return '--destination-ip';
  if (flags.destinationMac !== undefined) return '--destination-mac';
  if (flags.sourceIp !== undefined) return '--source-ip';
  if (flags.sourceMac !== undefined) return '--source-mac';
  return undefined;
}

function refuseRawFlags(flags: SenderLinkFlags): void {
  const flag = rawOnly(flags);
  if (flag === undefined) return;
  throw usageError(
    `${flag} is for raw frames, and those need an interface`,
    'Add --interface, such as --interface eth0.',
  );
}

/** The sender's link. @throws ZwireError USAGE */
export function senderLink(flags: SenderLinkFlags): LinkOptions {
  if (flags.interface === undefined) {
    refuseRawFlags(flags);
    if (flags.to === undefined) {
      throw usageError(
        'it is not said where to send',
        'Over UDP: --to HOST\nAs raw frames: --interface IF --destination-ip IP',
      );
    }
    return { kind: 'udp', host: flags.to.host, ...commonOptions(flags, flags.to.port) };
  }
  if (flags.to !== undefined) {
    throw usageError(
      '--to sends over a UDP socket and --interface sends raw frames: one of them',
      'For raw frames, replace --to HOST by --destination-ip IP.',
    );
  }
  if (flags.destinationIp === undefined) {
    throw usageError(
      `raw frames on ${flags.interface} need a destination`,
      'Add --destination-ip IP (and --destination-mac MAC if the address does not exist on this network).',
    );
  }
  return {
    kind: 'raw',
    interface: flags.interface,
    destinationIp: flags.destinationIp,
    ...(flags.destinationMac === undefined ? {} : { destinationMac: flags.destinationMac }),
    ...sourceAddresses(flags),
    ...commonOptions(flags, undefined),
  };
}

/** The receiver's link: raw with --interface, else a UDP socket on --listen or on all addresses. @throws ZwireError USAGE */
export function receiverLink(flags: ReceiverLinkFlags): LinkOptions {
  if (flags.interface === undefined) {
    refuseRawFlags(flags);
    const { host = '0.0.0.0', port } = flags.listen ?? {};
    return { kind: 'udp', host, ...commonOptions(flags, port) };
  }
  if (flags.listen !== undefined) {
    throw usageError(
      '--listen opens a UDP socket and --interface takes raw frames: one of them',
      'A raw receiver takes what is sent to its port, whatever the address: leave --listen out.',
    );
  }
  return {
    kind: 'raw',
    interface: flags.interface,
    ...sourceAddresses(flags),
    ...commonOptions(flags, undefined),
  };
}

function sourceAddresses(flags: LinkFlags): { sourceIp?: number; sourceMac?: MacAddress } {
  return {
    ...(flags.sourceIp === undefined ? {} : { sourceIp: flags.sourceIp }),
    ...(flags.sourceMac === undefined ? {} : { sourceMac: flags.sourceMac }),
  };
}
