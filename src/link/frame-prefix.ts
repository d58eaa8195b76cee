// What stands before a raw frame's UDP payload, as the kernel takes it with PACKET_VNET_HDR:
//
//   0  struct virtio_net_hdr (10, host order): flags | gso_type | hdr_len u16 | gso_size u16 | csum_start u16 | csum_offset u16
//   10 Ethernet II (14): destination | source | 0x0800
//   24 IPv4 (20): 0x45 tos | total length | id 0 | DF | TTL 64 | 17 | checksum | source | destination
//   44 UDP (8): source port | destination port | length | checksum (the pseudo-header's sum, completed by the kernel)
import { foldChecksum, sumWords } from '../bytes/internet-checksum.ts';

export const PREFIX_BYTES = 52;
/** Ethernet, IPv4 and UDP headers: what the receiver sees before the payload. */
export const HEADERS_BYTES = 42;
const VIRTIO_NEEDS_CSUM = 1;
const VIRTIO_GSO_UDP_L4 = 5;
const IP_AT = 24;
const UDP_AT = 44;

export interface FrameAddresses {
  readonly sourceMac: Uint8Array;
  readonly destinationMac: Uint8Array;
  readonly sourceIp: number;
  readonly destinationIp: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** Writes prefixes for one pair of addresses; sums over the constant parts are computed once. */
export class FramePrefix {
  readonly #template: Uint8Array = new Uint8Array(PREFIX_BYTES);
  readonly #ipSum: number;
  readonly #pseudoSum: number;

  constructor(addresses: FrameAddresses) {
    const view = new DataView(this.#template.buffer);
    view.setUint8(0, VIRTIO_NEEDS_CSUM);
    view.setUint16(6, 34, true);
    view.setUint16(8, 6, true);
    this.#template.set(addresses.destinationMac, 10);
    this.#template.set(addresses.sourceMac, 16);
    view.setUint16(22, 0x0800);
    view.setUint8(IP_AT, 0x45);
    view.setUint16(IP_AT + 6, 0x4000);
    view.setUint8(IP_AT + 8, 64);
    view.setUint8(IP_AT + 9, 17);
    view.setUint32(IP_AT + 12, addresses.sourceIp);
    view.setUint32(IP_AT + 16, addresses.destinationIp);
    view.setUint16(UDP_AT, addresses.sourcePort);
    view.setUint16(UDP_AT + 2, addresses.destinationPort);
    this.#ipSum = sumWords(view, IP_AT, 20);
    this.#pseudoSum = sumWords(view, IP_AT + 12, 8) + 17;
  }

  /** `payloadBytes` is the UDP payload of the whole message; `segmentBytes` cuts it on the way, 0 does not. */
  write(view: DataView, bytes: Uint8Array, at: number, payloadBytes: number, segmentBytes: number): void {
    bytes.set(this.#template, at);
    if (segmentBytes > 0) {
      view.setUint8(at + 1, VIRTIO_GSO_UDP_L4);
      view.setUint16(at + 2, HEADERS_BYTES, true);
      view.setUint16(at + 4, segmentBytes, true);
    }
    const ipBytes = 28 + payloadBytes;
    view.setUint16(at + IP_AT + 2, ipBytes);
    view.setUint16(at + IP_AT + 10, ~foldChecksum(this.#ipSum + ipBytes) & 0xffff);
    const udpBytes = 8 + payloadBytes;
    view.setUint16(at + UDP_AT + 4, udpBytes);
    view.setUint16(at + UDP_AT + 6, foldChecksum(this.#pseudoSum + udpBytes));
  }

  /** As `write`, for one plain frame whose payload lies behind the prefix already: with its whole UDP checksum. */
  writeComplete(view: DataView, bytes: Uint8Array, at: number, payloadBytes: number): void {
    this.write(view, bytes, at, payloadBytes, 0);
    view.setUint8(at, 0);
    const sum = ~foldChecksum(sumWords(view, at + UDP_AT, 8 + payloadBytes)) & 0xffff;
    // RFC 768: a sum of 0 is sent as all ones, since 0 says that there is none.
    view.setUint16(at + UDP_AT + 6, sum === 0 ? 0xffff : sum);
  }
}
