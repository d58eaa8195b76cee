import { randomFillSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseIpv4 } from '../bytes/ipv4-address.ts';
import { parseMac } from '../bytes/mac-address.ts';
import { FramePrefix, PREFIX_BYTES } from './frame-prefix.ts';

const ADDRESSES = {
  sourceMac: parseMac('46:dc:e7:58:d0:a2'),
  destinationMac: parseMac('e2:ff:48:6e:a9:fe'),
  sourceIp: parseIpv4('198.18.0.1'),
  destinationIp: parseIpv4('255.254.253.252'),
  sourcePort: 0xfedc,
  destinationPort: 1337,
};
const AT = 6;
const ETHERNET_AT = AT + 10;
const IP_AT = ETHERNET_AT + 14;
const UDP_AT = IP_AT + 20;

/** RFC 1071, one byte at a time with the carry added at once: nothing in common with internet-checksum.ts. */
function onesComplementSum(bytes: Uint8Array): number {
  let sum = 0;
  for (const [index, byte] of bytes.entries()) {
    sum += index % 2 === 0 ? byte * 256 : byte;
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

function pseudoHeader(udpBytes: number): Uint8Array {
  const header = Buffer.alloc(12);
  header.writeUInt32BE(ADDRESSES.sourceIp, 0);
  header.writeUInt32BE(ADDRESSES.destinationIp, 4);
  header.writeUInt8(17, 9);
  header.writeUInt16BE(udpBytes, 10);
  return header;
}

/** A whole message as it is handed to the kernel: prefix and payload, from AT on. */
function message(payload: Uint8Array): { bytes: Buffer; view: DataView } {
  const bytes = Buffer.alloc(AT + PREFIX_BYTES + payload.byteLength + 8);
  bytes.set(payload, AT + PREFIX_BYTES);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

const SIZES = [0, 1, 2, 47, 1446, 1472, 8972, 63_360];

describe('the prefix of a frame', () => {
  test('is written where it belongs, and nowhere else', () => {
    const { bytes, view } = message(Buffer.alloc(4, 0xee));
    new FramePrefix(ADDRESSES).write(view, bytes, AT, 4, 0);
    expect(bytes.subarray(0, AT).every((byte) => byte === 0)).toBe(true);
    expect([...bytes.subarray(AT + PREFIX_BYTES)]).toEqual([0xee, 0xee, 0xee, 0xee, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('has the addresses and lengths', () => {
    const { bytes, view } = message(new Uint8Array(100));
    new FramePrefix(ADDRESSES).write(view, bytes, AT, 100, 0);
    expect(bytes.subarray(ETHERNET_AT, IP_AT).toString('hex')).toBe('e2ff486ea9fe46dce758d0a20800');
    expect(bytes.readUInt16BE(IP_AT)).toBe(0x4500);
    expect(bytes.readUInt16BE(IP_AT + 2)).toBe(128);
    expect(bytes.readUInt16BE(IP_AT + 6)).toBe(0x4000);
    expect(bytes.readUInt16BE(IP_AT + 8)).toBe(0x4011);
    expect(bytes.subarray(IP_AT + 12, IP_AT + 20).toString('hex')).toBe('c6120001fffefdfc');
    expect([0, 2, 4].map((at) => bytes.readUInt16BE(UDP_AT + at))).toEqual([0xfedc, 1337, 108]);
  });

  test('has a right IPv4 header checksum for every length', () => {
    const prefix = new FramePrefix(ADDRESSES);
    const { bytes, view } = message(new Uint8Array(0));
    for (let payloadBytes = 0; payloadBytes <= 65_507; payloadBytes += 7) {
      prefix.write(view, bytes, AT, payloadBytes, 0);
      expect(onesComplementSum(bytes.subarray(IP_AT, UDP_AT))).toBe(0xffff);
    }
  });

  test('has the sum of the pseudo-header, from which the kernel makes the UDP checksum', () => {
    const prefix = new FramePrefix(ADDRESSES);
    for (const payloadBytes of SIZES) {
      const { bytes, view } = message(new Uint8Array(0));
      prefix.write(view, bytes, AT, payloadBytes, 0);
      expect(bytes.readUInt16BE(UDP_AT + 6)).toBe(onesComplementSum(pseudoHeader(8 + payloadBytes)));
    }
  });

  test('asks the kernel for the checksum, from the UDP header on', () => {
    const { bytes, view } = message(new Uint8Array(0));
    new FramePrefix(ADDRESSES).write(view, bytes, AT, 500, 0);
    // struct virtio_net_hdr, host order: flags 1 (needs checksum), no GSO, start 34, offset 6.
    expect([...bytes.subarray(AT, AT + 10)]).toEqual([1, 0, 0, 0, 0, 0, 34, 0, 6, 0]);
  });

  test('asks the kernel to cut where it is told to', () => {
    const { bytes, view } = message(new Uint8Array(0));
    const prefix = new FramePrefix(ADDRESSES);
    prefix.write(view, bytes, AT, 44 * 1472, 1472);
    // GSO type 5 (UDP), header length 42, segment size 1472.
    expect([...bytes.subarray(AT, AT + 10)]).toEqual([1, 5, 42, 0, 0xc0, 5, 34, 0, 6, 0]);
    prefix.write(view, bytes, AT, 100, 0);
    expect([...bytes.subarray(AT, AT + 6)]).toEqual([1, 0, 0, 0, 0, 0]);
  });
});

describe('the prefix of a complete frame', () => {
  test('has the whole UDP checksum, and asks the kernel for nothing', () => {
    const prefix = new FramePrefix(ADDRESSES);
    for (const payloadBytes of SIZES) {
      const payload = randomFillSync(Buffer.alloc(payloadBytes));
      const { bytes, view } = message(payload);
      prefix.writeComplete(view, bytes, AT, payloadBytes);
      expect(bytes[AT]).toBe(0);
      const datagram = bytes.subarray(UDP_AT, UDP_AT + 8 + payloadBytes);
      const whole = Buffer.concat([pseudoHeader(datagram.length), datagram]);
      expect(onesComplementSum(whole)).toBe(0xffff);
      expect(bytes.readUInt16BE(UDP_AT + 6)).not.toBe(0);
    }
  });

  test('sends a sum of zero as all ones: zero would say that there is none', () => {
    const prefix = new FramePrefix(ADDRESSES);
    const { bytes, view } = message(new Uint8Array(2));
    const at = AT + PREFIX_BYTES;
    prefix.writeComplete(view, bytes, AT, 2);
    // What makes the sum of everything else zero.
    bytes.writeUInt16BE(bytes.readUInt16BE(UDP_AT + 6), at);
    prefix.writeComplete(view, bytes, AT, 2);
    expect(bytes.readUInt16BE(UDP_AT + 6)).toBe(0xffff);
  });
});
