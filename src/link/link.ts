// A link carries segments between two hosts: raw Ethernet frames (raw-link.ts) or a UDP socket (udp-link.ts).
import type { Geometry } from '../wire/geometry.ts';
import type { FrameBatch } from './frame-batch.ts';
import type { FrameSource, Peer } from './frame-source.ts';
import type { Transmitter } from './transmitter.ts';

/** How the two hosts reach each other: raw Ethernet frames, or a UDP socket. */
export type LinkOptions =
  | {
      readonly kind: 'raw';
      readonly interface: string;
      readonly port: number;
      /** The largest IPv4 packet, bytes; the interface's MTU when absent. */
      readonly frameBytes?: number;
      readonly gso?: 'auto' | 'off';
      readonly sourceMac?: Uint8Array;
      readonly sourceIp?: number;
      readonly destinationMac?: Uint8Array;
      readonly destinationIp?: number;
    }
  | {
      readonly kind: 'udp';
      readonly port: number;
      /** Sender: where to. Receiver: the address to listen on, any when absent. IPv4 text. */
      readonly host?: string;
      readonly frameBytes?: number;
      readonly gso?: 'auto' | 'off';
    };

/** The sending side: one peer, data and control out, control in. */
export interface SenderLink extends Disposable {
  readonly mtuBytes: number;
  /** Super-frames leave in one piece and are cut by the kernel or the NIC; found out once, at opening. */
  readonly gso: boolean;
  readonly inbound: FrameSource;
  /** Where it sends, for people: "198.18.0.2:1337 over vza". */
  readonly description: string;
  createTransmitter(
    geometry: Geometry,
    slots: number,
    transferIdHigh: number,
    transferIdLow: number,
  ): Transmitter;
  /** For plain frames of any content (v0): up to `frames` at a time, each with at most `payloadBytesMax`. */
  createFrameBatch(frames: number, payloadBytesMax: number): FrameBatch;
}

/** The receiving side: data and control in from anyone, control out to whoever sent. */
export interface ReceiverLink extends Disposable {
  readonly mtuBytes: number;
  readonly inbound: FrameSource;
  readonly description: string;
  /** Lets `inbound` give announcements again, of which it gives so many a millisecond. */
  admit(nowMs: number): void;
  /** Sends one control segment to a peer. */
  reply(peer: Peer, segment: Uint8Array): void;
  /** What a person should know about this link's limits, if anything. */
  readonly advice: string | undefined;
}

/** Frames above this are cut to it: IPv4 total length is 16 bits, and a super-frame must fit it. */
export const MTU_BYTES_MAX = 65_000;
