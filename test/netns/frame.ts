// Ethernet II / IPv4 / UDP frames built by hand, right or with the faults that a test wants.
//   0 destination MAC 6 | 6 source MAC 6 | 12 0x0800 | 14 IPv4 header 20 | 34 UDP header 8 | 42 payload

export interface FrameParts {
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly sourceIp: string;
  readonly destinationIp: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
  /** The seed's faults: IPv4 and UDP checksums 0, UDP length without the 8 header bytes. */
  readonly seedFaults?: boolean;
}

const macBytes = (text: string): Buffer => Buffer.from(text.replaceAll(':', ''), 'hex');
const ipBytes = (text: string): Buffer => Buffer.from(text.split('.').map(Number));

/** RFC 1071 sum of 16-bit words, unfolded; an odd last byte is padded with zero. */
function sumWords(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  return sum;
}

/** The internet checksum of what `sum` adds up. */
function checksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

export function buildFrame(parts: FrameParts): Buffer {
  const udpBytes = 8 + parts.payload.length;
  const ip = Buffer.alloc(20);
  ip.writeUInt16BE(0x4500, 0);
  ip.writeUInt16BE(20 + udpBytes, 2);
  ip.writeUInt16BE(0x4000, 6);
  ip.writeUInt16BE((64 << 8) | 17, 8);
  ipBytes(parts.sourceIp).copy(ip, 12);
  ipBytes(parts.destinationIp).copy(ip, 16);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(parts.sourcePort, 0);
  udp.writeUInt16BE(parts.destinationPort, 2);
  udp.writeUInt16BE(parts.seedFaults === true ? parts.payload.length & 0xffff : udpBytes, 4);
  if (parts.seedFaults !== true) {
    ip.writeUInt16BE(checksum(sumWords(ip)), 10);
    const pseudo = sumWords(ip.subarray(12, 20)) + 17 + udpBytes;
    udp.writeUInt16BE(checksum(pseudo + sumWords(udp) + sumWords(parts.payload)) || 0xffff, 6);
  }
  const ethernet = Buffer.concat([
    macBytes(parts.destinationMac),
    macBytes(parts.sourceMac),
    Buffer.from([8, 0]),
  ]);
  return Buffer.concat([ethernet, ip, udp, parts.payload]);
}

export interface ParsedFrame {
  readonly destinationMac: string;
  readonly sourceMac: string;
  readonly sourceIp: string;
  readonly destinationIp: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly udpBytes: number;
  readonly ipBytes: number;
  readonly ipChecksumRight: boolean;
  readonly udpChecksumRight: boolean;
  readonly udpChecksum: number;
  readonly payload: Buffer;
}

const formatMac = (bytes: Buffer): string => bytes.toString('hex').replaceAll(/(..)(?!$)/g, '$1:');

/** Takes a frame apart and checks its sums; lengths are read, not assumed. */
export function parseFrame(frame: Buffer): ParsedFrame {
  const ip = frame.subarray(14, 34);
  const totalBytes = ip.readUInt16BE(2);
  const udp = frame.subarray(34, 14 + totalBytes);
  const pseudo = sumWords(ip.subarray(12, 20)) + 17 + udp.length;
  return {
    destinationMac: formatMac(frame.subarray(0, 6)),
    sourceMac: formatMac(frame.subarray(6, 12)),
    sourceIp: [...ip.subarray(12, 16)].join('.'),
    destinationIp: [...ip.subarray(16, 20)].join('.'),
    sourcePort: udp.readUInt16BE(0),
    destinationPort: udp.readUInt16BE(2),
    udpBytes: udp.readUInt16BE(4),
    ipBytes: totalBytes,
    ipChecksumRight: checksum(sumWords(ip)) === 0,
    udpChecksumRight: checksum(pseudo + sumWords(udp)) === 0,
    udpChecksum: udp.readUInt16BE(6),
    payload: udp.subarray(8),
  };
}
