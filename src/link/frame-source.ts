// Where datagrams come in. Both links present a datagram as a place in memory, used where it lies.
import type { Memory } from '../sys/memory.ts';

/** Who sent a datagram and what it was addressed to; enough to answer it. */
export interface Peer {
  readonly ip: number;
  readonly port: number;
  /** The address it was sent to; the answer comes from there. */
  readonly localIp: number;
  /** Raw frames only: the sender's MAC address. */
  readonly mac: Uint8Array | undefined;
}

/**
 * Inbound datagrams, one at a time and in order of arrival a ring. A datagram is one segment, or several back to
 * back where the sender or the kernel merged them. Never blocks; waiting is a poll on `descriptors`.
 */
export interface FrameSource {
  /** True when a datagram is there; `memory`, `payloadOffset`, `payloadBytes` describe it until `release()`. */
  next(): boolean;
  release(): void;
  readonly memory: Memory;
  readonly payloadOffset: number;
  readonly payloadBytes: number;
  /** The peer of the current datagram; allocates, for control messages only. */
  peer(): Peer;
  /** The address that the current datagram says it is from; allocates nothing. */
  sourceIp(): number;
  readonly descriptors: readonly number[];
  /** Something may wait that is not to be read yet, and `descriptors` leave it out: look again in a millisecond. */
  readonly holdsBack: boolean;
  /** True when looking costs no system call (rings): then a short sleep beats poll(2). */
  readonly inMemory: boolean;
  /** Datagrams the kernel dropped for want of room since the last call. */
  takeDrops(): number;
  /** Records of `segmentsPerRecord` segments that may wait unread; `superFrames`: each comes as one datagram. */
  capacityRecords(segmentsPerRecord: number, superFrames: boolean): number;
}
