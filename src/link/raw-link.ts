// Raw Ethernet frames through AF_PACKET. The sender builds frames with any addresses; the receiver reads whatever
// comes to its port, for any address, from rings. A UDP socket that drops everything keeps the port ours.
import { formatIpv4 } from '../bytes/ipv4-address.ts';
import { formatMac } from '../bytes/mac-address.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import * as libc from '../sys/libc.ts';
import { Memory } from '../sys/memory.ts';
import { openPacketSender } from '../sys/packet-socket.ts';
import { reservePort } from '../sys/udp-socket.ts';
import type { Geometry } from '../wire/geometry.ts';
import { destinationMacFor, frameBytesFor, sourceIpFor, usableInterface } from './addresses.ts';
import { FrameBatch } from './frame-batch.ts';
import { FramePrefix, PREFIX_BYTES } from './frame-prefix.ts';
import type { FrameSource, Peer } from './frame-source.ts';
import { probeSegmentation } from './gso-probe.ts';
import { type LinkOptions, MTU_BYTES_MAX, type ReceiverLink, type SenderLink } from './link.ts';
import { type Opened, opening } from './opened.ts';
import { RingSource } from './ring-source.ts';
import { Transmitter } from './transmitter.ts';
import { TwoQueues } from './two-queues.ts';

type RawOptions = Extract<LinkOptions, { kind: 'raw' }>;

class RawSenderLink implements SenderLink {
  readonly mtuBytes: number;
  readonly gso: boolean;
  readonly inbound: FrameSource;
  readonly description: string;
  readonly #fd: number;
  readonly #prefix: FramePrefix;
  readonly #opened: Opened;

  /** `opened` is disposed of with the link, or by who finds that this throws. */
  constructor(options: RawOptions, opened: Opened) {
    this.#opened = opened;
    const device = usableInterface(options.interface);
    this.mtuBytes = Math.min(frameBytesFor(device, options.frameBytes), MTU_BYTES_MAX);
    if (options.destinationIp === undefined) {
      throw new ZwireError('ADDRESS_UNKNOWN', 'no destination address for the frames', {
        hint: 'Give the receiver with --destination-ip.',
      });
    }
    const sourceIp = sourceIpFor(options, device);
    const sourceMac = options.sourceMac ?? device.mac;
    const destinationMac = destinationMacFor(options, device);
    const reservation = reservePort(0, device.name);
    opened.fd(reservation.fd);
    this.#prefix = new FramePrefix({
      sourceMac,
      destinationMac,
      sourceIp,
      destinationIp: options.destinationIp,
      sourcePort: reservation.port,
      destinationPort: options.port,
    });
    this.#fd = opened.fd(openPacketSender(device.index));
    // Answers come to the source address we wrote: not ours to hear unless we listen promiscuously.
    const borrowedMac = formatMac(sourceMac) !== formatMac(device.mac);
    const ring = { interfaceIndex: device.index, mtuBytes: this.mtuBytes, port: reservation.port };
    this.inbound = opened.part(new RingSource({ ...ring, promiscuous: borrowedMac, rings: 'control' }));
    this.gso = options.gso !== 'off' && probeSegmentation(this.#fd, this.#prefix);
    this.description = `${formatIpv4(options.destinationIp)}:${options.port} (${formatMac(destinationMac)}) over ${device.name}`;
  }

  createTransmitter(
    geometry: Geometry,
    slots: number,
    transferIdHigh: number,
    transferIdLow: number,
  ): Transmitter {
    return new Transmitter({
      fd: this.#fd,
      prefix: this.#prefix,
      gso: this.gso,
      geometry,
      slots,
      transferIdHigh,
      transferIdLow,
    });
  }

  createFrameBatch(frames: number, payloadBytesMax: number): FrameBatch {
    return new FrameBatch(this.#fd, this.#prefix, frames, payloadBytesMax);
  }

  [Symbol.dispose](): void {
    this.#opened[Symbol.dispose]();
  }
}

const REPLY_BYTES_MAX = 2048;

class RawReceiverLink implements ReceiverLink {
  readonly mtuBytes: number;
  readonly inbound: FrameSource;
  readonly description: string;
  readonly advice = undefined;
  readonly #fd: number;
  /** Undefined where all frames lie in one ring. */
  readonly #queues: TwoQueues | undefined;
  readonly #mac: Uint8Array;
  readonly #ip: number;
  readonly #port: number;
  readonly #memory: Memory;
  readonly #opened: Opened;
  #lastPeer: Peer | undefined;
  #lastPrefix: FramePrefix | undefined;

  /** `opened` is disposed of with the link, or by who finds that this throws. */
  constructor(options: RawOptions, ordered: boolean, opened: Opened) {
    this.#opened = opened;
    const device = usableInterface(options.interface);
    this.mtuBytes = Math.min(frameBytesFor(device, options.frameBytes), MTU_BYTES_MAX);
    this.#mac = options.sourceMac ?? device.mac;
    this.#ip = options.sourceIp ?? device.ipv4 ?? 0;
    this.#port = options.port;
    opened.fd(reservePort(options.port, device.name, !ordered).fd);
    this.#fd = opened.fd(openPacketSender(device.index));
    this.#memory = opened.part(Memory.allocate(REPLY_BYTES_MAX));
    const ring = { interfaceIndex: device.index, mtuBytes: this.mtuBytes, port: options.port };
    if (ordered) {
      this.inbound = opened.part(new RingSource({ ...ring, promiscuous: true, rings: 'one' }));
    } else {
      // The membership of one socket is the interface's.
      const announcements = opened.part(
        new RingSource({ ...ring, promiscuous: false, rings: 'announcements' }),
      );
      const main = opened.part(new RingSource({ ...ring, promiscuous: true, rings: 'by-length' }));
      this.#queues = new TwoQueues(main, announcements);
      this.inbound = this.#queues;
    }
    this.description = `UDP port ${options.port} in raw frames on ${device.name}`;
  }

  admit(nowMs: number): void {
    this.#queues?.admit(nowMs);
  }

  reply(peer: Peer, segment: Uint8Array): void {
    const prefix = this.#prefixTo(peer);
    prefix.write(this.#memory.view, this.#memory.bytes, 0, segment.byteLength, 0);
    this.#memory.bytes.set(segment, PREFIX_BYTES);
    // A lost answer is repeated by its own timer: the result needs no look.
    libc.sendto(this.#fd, this.#memory.address, PREFIX_BYTES + segment.byteLength, 0x40, 0, 0);
  }

  /** One transfer's answers all go to the same peer. */
  #prefixTo(peer: Peer): FramePrefix {
    if (this.#lastPeer === peer && this.#lastPrefix !== undefined) return this.#lastPrefix;
    // The answer comes from the address that was spoken to, unless that was a group.
    const isGroup = peer.localIp === 0xffff_ffff || peer.localIp >>> 28 === 0xe;
    this.#lastPeer = peer;
    this.#lastPrefix = new FramePrefix({
      sourceMac: this.#mac,
      destinationMac: peer.mac ?? new Uint8Array(6).fill(0xff),
      sourceIp: isGroup ? this.#ip : peer.localIp,
      destinationIp: peer.ip,
      sourcePort: this.#port,
      destinationPort: peer.port,
    });
    return this.#lastPrefix;
  }

  [Symbol.dispose](): void {
    this.#opened[Symbol.dispose]();
  }
}

export function openRawSender(options: RawOptions): SenderLink {
  return opening((opened) => new RawSenderLink(options, opened));
}

export function openRawReceiver(options: RawOptions, ordered: boolean): ReceiverLink {
  return opening((opened) => new RawReceiverLink(options, ordered, opened));
}
