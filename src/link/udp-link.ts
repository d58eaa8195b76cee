// Plain UDP sockets: no privilege, routable. UDP_SEGMENT and UDP_GRO move many datagrams a system call where the
// kernel has them; without them single datagrams travel.
import { formatIpv4, parseIpv4 } from '../bytes/ipv4-address.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import * as libc from '../sys/libc.ts';
import { Memory } from '../sys/memory.ts';
import { SOL_UDP, UDP_SEGMENT, getOption, trySetOption, wishBuffer } from '../sys/socket-option.ts';
import {
  SOCKADDR_IN_BYTES,
  connectUdpSocket,
  localName,
  openTwinSocket,
  openUdpSocket,
  writeSockaddrIn,
} from '../sys/udp-socket.ts';
import { payloadSwitch } from '../sys/socket-filter.ts';
import { SystemError } from '../sys/system-error.ts';
import type { Geometry } from '../wire/geometry.ts';
import { MessageType, SEGMENT_OFFSETS } from '../wire/segment.ts';
import { FrameBatch } from './frame-batch.ts';
import type { FrameSource, Peer } from './frame-source.ts';
import { PROBE_SEGMENT_BYTES, probeSegmentation } from './gso-probe.ts';
import { type LinkOptions, MTU_BYTES_MAX, type ReceiverLink, type SenderLink } from './link.ts';
import { type Opened, opening } from './opened.ts';
import { Transmitter } from './transmitter.ts';
import { TwoQueues } from './two-queues.ts';
import { UdpSource } from './udp-source.ts';

type UdpOptions = Extract<LinkOptions, { kind: 'udp' }>;

const SOL_IP = 0;
const IP_MTU_DISCOVER = 10;
const IP_PMTUDISC_DO = 2;
const IP_MTU = 14;
const SEND_BUFFER_BYTES = 4 << 20;
/** Below this the socket buffer, not the link, sets the pace: worth telling. */
const GOOD_BUFFER_BYTES = 4 << 20;

/** Announcements have a socket of their own, and a small queue. */
const ANNOUNCEMENT_BUFFER_BYTES = 1 << 20;

class UdpSenderLink implements SenderLink {
  readonly mtuBytes: number;
  readonly gso: boolean;
  readonly inbound: FrameSource;
  readonly description: string;
  readonly #fd: number;
  readonly #opened: Opened;

  /** `opened` is disposed of with the link, or by who finds that this throws. */
  constructor(options: UdpOptions, opened: Opened) {
    this.#opened = opened;
    if (options.host === undefined) {
      throw new ZwireError('ADDRESS_UNKNOWN', 'no destination for the datagrams', {
        hint: 'Give it with --to HOST.',
      });
    }
    const destination = parseIpv4(options.host);
    this.#fd = opened.fd(openUdpSocket(0, 0));
    try {
      connectUdpSocket(this.#fd, destination, options.port);
    } catch (error) {
      throw unreachable(error, options.host);
    }
    // Datagrams are cut to the path, never fragmented.
    trySetOption(this.#fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    const pathMtu = getOption(this.#fd, SOL_IP, IP_MTU, 4, 'IP_MTU').getInt32(0, true);
    this.mtuBytes = Math.min(chooseMtu(pathMtu, options), MTU_BYTES_MAX);
    wishBuffer(this.#fd, 'send', SEND_BUFFER_BYTES);
    this.inbound = opened.part(new UdpSource(this.#fd, localName(this.#fd).address));
    this.gso =
      options.gso !== 'off' &&
      trySetOption(this.#fd, SOL_UDP, UDP_SEGMENT, PROBE_SEGMENT_BYTES) &&
      probeSegmentation(this.#fd, undefined);
    if (!this.gso) trySetOption(this.#fd, SOL_UDP, UDP_SEGMENT, 0);
    this.description = `${formatIpv4(destination)}:${options.port} (UDP)`;
  }

  createTransmitter(
    geometry: Geometry,
    slots: number,
    transferIdHigh: number,
    transferIdLow: number,
  ): Transmitter {
    if (this.gso) trySetOption(this.#fd, SOL_UDP, UDP_SEGMENT, geometry.segmentBytes);
    const { gso } = this;
    return new Transmitter({
      fd: this.#fd,
      prefix: undefined,
      gso,
      geometry,
      slots,
      transferIdHigh,
      transferIdLow,
    });
  }

  createFrameBatch(frames: number, payloadBytesMax: number): FrameBatch {
    return new FrameBatch(this.#fd, undefined, frames, payloadBytesMax);
  }

  [Symbol.dispose](): void {
    this.#opened[Symbol.dispose]();
  }
}

function chooseMtu(pathMtu: number, options: UdpOptions): number {
  if (options.frameBytes === undefined || options.frameBytes <= pathMtu) return options.frameBytes ?? pathMtu;
  throw new ZwireError(
    'FRAME_TOO_LARGE',
    `a frame size of ${options.frameBytes} bytes is over the MTU towards ${options.host ?? ''}, which is ${pathMtu}`,
    { fields: { frameBytes: options.frameBytes, mtuBytes: pathMtu }, hint: 'Leave --framesize out.' },
  );
}

function unreachable(error: unknown, host: string): unknown {
  if (!(error instanceof SystemError)) return error;
  return new ZwireError('ADDRESS_UNKNOWN', `cannot reach ${host}: ${error.message}`, {
    fields: { host },
    hint: `Check the route with: ip route get ${host}`,
    cause: error,
  });
}

class UdpReceiverLink implements ReceiverLink {
  readonly mtuBytes: number;
  readonly inbound: FrameSource;
  readonly description: string;
  readonly advice: string | undefined;
  readonly #fd: number;
  /** Undefined where datagrams are read in their order. */
  readonly #queues: TwoQueues | undefined;
  readonly #memory: Memory;
  readonly #opened: Opened;

  /** `opened` is disposed of with the link, or by who finds that this throws. */
  constructor(options: UdpOptions, ordered: boolean, opened: Opened) {
    this.#opened = opened;
    const address = options.host === undefined ? 0 : parseIpv4(options.host);
    this.#fd = opened.fd(openUdpSocket(address, options.port));
    this.#memory = opened.part(Memory.allocate(4096));
    const main = opened.part(new UdpSource(this.#fd, address));
    if (ordered) this.inbound = main;
    else {
      const program = payloadSwitch(SEGMENT_OFFSETS.type, MessageType.announce);
      const twin = opened.fd(openTwinSocket(this.#fd, program));
      const announcements = opened.part(new UdpSource(twin, address, ANNOUNCEMENT_BUFFER_BYTES));
      this.#queues = new TwoQueues(main, announcements);
      this.inbound = this.#queues;
    }
    this.mtuBytes = Math.min(options.frameBytes ?? MTU_BYTES_MAX, MTU_BYTES_MAX);
    this.description = `UDP ${formatIpv4(address)}:${options.port}`;
    const { bufferBytes } = main;
    this.advice =
      bufferBytes >= GOOD_BUFFER_BYTES
        ? undefined
        : `the system grants only ${Math.round(bufferBytes / 1024)} KiB of UDP receive buffer, which limits the rate; ` +
          'raise it with: sysctl -w net.core.rmem_max=16777216';
  }

  admit(nowMs: number): void {
    this.#queues?.admit(nowMs);
  }

  reply(peer: Peer, segment: Uint8Array): void {
    writeSockaddrIn(this.#memory.view, 0, peer.ip, peer.port);
    this.#memory.bytes.set(segment, 64);
    // A lost answer is repeated by its own timer: the result needs no look.
    const { address } = this.#memory;
    libc.sendto(this.#fd, address + 64, segment.byteLength, 0x40, address, SOCKADDR_IN_BYTES);
  }

  [Symbol.dispose](): void {
    this.#opened[Symbol.dispose]();
  }
}

export function openUdpSender(options: UdpOptions): SenderLink {
  return opening((opened) => new UdpSenderLink(options, opened));
}

export function openUdpReceiver(options: UdpOptions, ordered: boolean): ReceiverLink {
  return opening((opened) => new UdpReceiverLink(options, ordered, opened));
}
