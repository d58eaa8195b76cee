// The classic capture file with nanoseconds (draft-ietf-opsawg-pcap), which Wireshark, tshark and tcpdump open.
// Little-endian throughout; readers tell by the magic.
//
//   file    0 magic 0xa1b23c4d (4) | 4 version 2 (2), 4 (2) | 8 zero (8) | 16 snaplen (4) | 20 link type (4)
//   record  0 seconds since 1970 (4) | 4 nanoseconds (4) | 8 bytes that follow (4) | 12 bytes that the frame had (4)

export const PCAP_HEADER_BYTES = 24;
export const PCAP_RECORD_BYTES = 16;

const MAGIC_NANOSECONDS = 0xa1b2_3c4d;
const LINKTYPE_ETHERNET = 1;

export function encodePcapHeader(snapBytes: number): Uint8Array {
  const bytes = new Uint8Array(PCAP_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC_NANOSECONDS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, snapBytes, true);
  view.setUint32(20, LINKTYPE_ETHERNET, true);
  return bytes;
}

/** Writes what stands before a frame. `capturedBytes` of it follow. */
export function encodePcapRecord(
  view: DataView,
  offset: number,
  seconds: number,
  nanoseconds: number,
  capturedBytes: number,
  frameBytes: number,
): void {
  view.setUint32(offset, seconds, true);
  view.setUint32(offset + 4, nanoseconds, true);
  view.setUint32(offset + 8, capturedBytes, true);
  view.setUint32(offset + 12, frameBytes, true);
}
