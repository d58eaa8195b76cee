// AF_PACKET sockets (packet(7), linux/if_packet.h): whole Ethernet frames in and out of one interface.
import { ZwireError } from '../bytes/zwire-error.ts';
import * as libc from './libc.ts';
import { Memory } from './memory.ts';
import {
  SOL_PACKET,
  getOption,
  setOption,
  setOptionBytes,
  trySetOption,
  wishBuffer,
} from './socket-option.ts';
import { type FilterInstruction, attachFilter } from './socket-filter.ts';
import { ERRNO, SystemError, check } from './system-error.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const ETH_P_ALL = 0x0003;
const ETH_P_IP = 0x0800;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const PACKET_VNET_HDR = 15;
const PACKET_IGNORE_OUTGOING = 23;
const PACKET_MR_PROMISC = 1;
const TPACKET_V2 = 1;
const TPACKET_V3 = 2;

/** How much of the socket's send buffer may be on its way; a blocking send beyond it is the pacing of last resort. */
const SEND_BUFFER_BYTES = 4 << 20;

const OTHERWISE_UDP =
  'Without any privilege, use plain UDP: send with --to HOST, receive without --interface.';

/** `otherwise` is what can be done without the privilege. */
function openPacketSocket(otherwise: string): number {
  const fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd >= 0) return fd;
  const errno = libc.lastErrno();
  if (errno === ERRNO.EPERM || errno === ERRNO.EACCES) {
    throw new ZwireError('PRIVILEGE_MISSING', 'cannot open a raw packet socket: CAP_NET_RAW is missing', {
      fields: { capability: 'CAP_NET_RAW' },
      hint:
        'Run as root, or grant the capability once: ' +
        `sudo setcap cap_net_raw+ep ${process.execPath}\n${otherwise}`,
    });
  }
  throw new SystemError('socket(AF_PACKET)', errno);
}

/** struct sockaddr_ll (20): 0:2 family | 2:2 protocol, big-endian | 4:4 ifindex | 8:2 hatype | 10:1 pkttype | 11:1 halen | 12:8 addr */
function bindToInterface(fd: number, interfaceIndex: number, protocol: number): void {
  using memory = Memory.allocate(20);
  memory.view.setUint16(0, AF_PACKET, true);
  memory.view.setUint16(2, protocol);
  memory.view.setInt32(4, interfaceIndex, true);
  check(libc.bind(fd, memory.address, 20), 'bind(AF_PACKET)');
}

/** A sending socket: every message starts with a 10-byte virtio_net_hdr. It never receives (protocol 0). */
export function openPacketSender(interfaceIndex: number): number {
  const fd = openPacketSocket(OTHERWISE_UDP);
  try {
    setOption(fd, SOL_PACKET, PACKET_VNET_HDR, 1, 'PACKET_VNET_HDR');
    wishBuffer(fd, 'send', SEND_BUFFER_BYTES);
    bindToInterface(fd, interfaceIndex, 0);
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

export interface RingShape {
  /** Bytes of a slot; a multiple of 16 that holds the frame and 82 bytes before it. */
  readonly slotBytes: number;
  readonly slotsPerBlock: number;
  /** A multiple of the page size, at least slotBytes * slotsPerBlock. */
  readonly blockBytes: number;
  readonly blocks: number;
}

/** A TPACKET_V2 receive ring in memory shared with the kernel; see packet-ring.ts for reading it. */
export interface RingSocket {
  readonly fd: number;
  readonly memory: Memory;
}

/**
 * A receiving socket with its ring. It is created deaf (protocol 0), gets filter and ring, and is bound last,
 * so that no unfiltered frame is ever in it. `promiscuous` is a membership: the kernel undoes it on close.
 */
export function openRing(
  interfaceIndex: number,
  filter: readonly FilterInstruction[],
  shape: RingShape,
  promiscuous: boolean,
): RingSocket {
  const fd = openPacketSocket(OTHERWISE_UDP);
  try {
    attachFilter(fd, filter);
    setOption(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2, 'PACKET_VERSION');
    trySetOption(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    // struct tpacket_req (16): block_size, block_nr, frame_size, frame_nr; frame_nr = block_nr * floor(block_size / frame_size)
    const request = new DataView(new ArrayBuffer(16));
    request.setUint32(0, shape.blockBytes, true);
    request.setUint32(4, shape.blocks, true);
    request.setUint32(8, shape.slotBytes, true);
    request.setUint32(12, shape.blocks * shape.slotsPerBlock, true);
    setOptionBytes(fd, SOL_PACKET, PACKET_RX_RING, new Uint8Array(request.buffer), 'PACKET_RX_RING');
    const memory = Memory.mapDescriptor(fd, shape.blockBytes * shape.blocks);
    if (promiscuous) joinPromiscuous(fd, interfaceIndex);
    bindToInterface(fd, interfaceIndex, ETH_P_IP);
    return { fd, memory };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

export interface CaptureShape {
  /** Bytes of a block, a power of two of at least a page; a frame never crosses blocks. */
  readonly blockBytes: number;
  readonly blocks: number;
  /** After how long the kernel hands over a block that is not full. */
  readonly retireMs: number;
}

/**
 * A socket that sees what comes in and what goes out, with a TPACKET_V3 ring; see capture-ring.ts. Deaf until it
 * is complete, as openRing's.
 */
export function openCaptureSocket(
  interfaceIndex: number,
  filter: readonly FilterInstruction[],
  shape: CaptureShape,
  promiscuous: boolean,
): RingSocket {
  const fd = openPacketSocket('Everything else in zwire works over UDP without it.');
  try {
    attachFilter(fd, filter);
    setOption(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V3, 'PACKET_VERSION');
    // struct tpacket_req3 (28): block_size, block_nr, frame_size, frame_nr, retire_blk_tov, sizeof_priv, feature_req_word.
    // The kernel wants a frame size, and that it divides the blocks; it means nothing in this version.
    const request = new DataView(new ArrayBuffer(28));
    request.setUint32(0, shape.blockBytes, true);
    request.setUint32(4, shape.blocks, true);
    request.setUint32(8, shape.blockBytes, true);
    request.setUint32(12, shape.blocks, true);
    request.setUint32(16, shape.retireMs, true);
    setOptionBytes(fd, SOL_PACKET, PACKET_RX_RING, new Uint8Array(request.buffer), 'PACKET_RX_RING');
    const memory = Memory.mapDescriptor(fd, shape.blockBytes * shape.blocks);
    if (promiscuous) joinPromiscuous(fd, interfaceIndex);
    bindToInterface(fd, interfaceIndex, ETH_P_ALL);
    return { fd, memory };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** struct packet_mreq (16): 0:4 ifindex | 4:2 type | 6:2 alen | 8:8 address */
function joinPromiscuous(fd: number, interfaceIndex: number): void {
  const request = new DataView(new ArrayBuffer(16));
  request.setInt32(0, interfaceIndex, true);
  request.setUint16(4, PACKET_MR_PROMISC, true);
  setOptionBytes(
    fd,
    SOL_PACKET,
    PACKET_ADD_MEMBERSHIP,
    new Uint8Array(request.buffer),
    'PACKET_ADD_MEMBERSHIP',
  );
}

/** Frames dropped because the ring was full since the last call: the kernel resets the counter on reading. */
export function takeDrops(fd: number): number {
  return getOption(fd, SOL_PACKET, PACKET_STATISTICS, 8, 'PACKET_STATISTICS').getUint32(4, true);
}
