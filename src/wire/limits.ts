// Every bound on what may stand on the wire, in one place. docs/protocol.md repeats them.

export const LIMITS = {
  /** Smallest MTU that is used, bytes: what every IPv4 host must take (RFC 791). */
  mtuBytesMin: 576,
  /** Largest Ethernet frame of a super-frame, bytes: virtio and AF_PACKET segment what is 65,536 or more. */
  superFrameBytes: 65_535,
  /** Most segments of a record: its bitmap of missing segments has 64 bits, and kernels before 6.9 take 64. */
  segmentsPerRecord: 64,
  /** Segment payload of DATA, bytes, smallest and largest; always a multiple of 16 (the AES block). */
  segmentPayloadBytesMin: 512,
  segmentPayloadBytesMax: 65_456,
  /** Record numbers and control counters are below 2^48. */
  recordNumberEnd: 0x1_0000_0000_0000,
  /** Payload of a control segment, bytes: clear part, sealed body and tag, one datagram at MTU 1500. */
  controlPayloadBytes: 1440,
  /** Clear part and body of a control message together, bytes: controlPayloadBytes less the tag. */
  controlBodyBytes: 1424,
  /** The AES-256-GCM tag that ends every record and every control message, bytes. */
  tagBytes: 16,
  /** Text for people in JOIN, STATUS and ABORT, bytes of UTF-8. */
  messageBytes: 600,
  /** A stable result code in STATUS, ASCII characters. */
  resultCodeBytes: 40,
  /** Entries of missing segments in one STATUS. */
  statusEntries: 100,
  /** Name of a file, dataset, pool or snapshot, bytes of UTF-8 (OpenZFS: ZFS_MAX_DATASET_NAME_LEN less the NUL). */
  nameBytes: 255,
  /** Stream features listed in an announcement, and the length of each in ASCII characters. */
  features: 16,
  featureBytes: 40,
  /** Snapshots of a tree that an announcement can count. */
  replicatedSnapshots: 0xffff_ffff,
  /** Records of one FEC group, data and parity together: GF(256) has 255 nonzero elements. */
  fecGroupRecords: 255,
  /** Time without an answer after which a side may give up, ms: smallest and largest (one day). */
  timeoutMsMin: 1,
  timeoutMsMax: 86_400_000,
  /** Snapshots that a JOIN lists; fewer when they do not fit. */
  haveSnapshots: 64,
  /** Resume token in a JOIN, ASCII characters. */
  tokenBytes: 1100,
  /** Records that a receiver may say its link holds unread. */
  windowRecords: 0xffff_ffff,
  /** Replay window of control messages, messages (RFC 6479). */
  replayWindow: 2048,
} as const;

/**
 * The most bytes of clear part and body that a control message may have on a path of this MTU:
 * LIMITS.controlBodyBytes, or less below MTU 1500.
 */
export function controlBodyBytesForMtu(mtuBytes: number): number {
  return Math.min(LIMITS.controlBodyBytes, mtuBytes - 28 - 32 - LIMITS.tagBytes);
}
