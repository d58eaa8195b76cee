// A packet socket for the test programs frames.mjs and relay.mjs: blocking, promiscuous, whole frames.
// Mirrors linux/if_packet.h (struct sockaddr_ll, struct packet_mreq).
import koffi from 'koffi';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_IGNORE_OUTGOING = 23;
const PACKET_MR_PROMISC = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const POLLIN = 1;
const ENOBUFS = 105;
const FRAME_BYTES_MAX = 1 << 17;

const libc = koffi.load('libc.so.6');
const openSocket = libc.func('int socket(int, int, int)');
const bindSocket = libc.func('int bind(int, void *, int)');
const setOption = libc.func('int setsockopt(int, int, int, void *, int)');
const sendFrame = libc.func('intptr_t send(int, void *, size_t, int)');
const receiveFrame = libc.func('intptr_t recv(int, void *, size_t, int)');
const pollSockets = libc.func('int poll(_Inout_ void *, unsigned long, int)');
const interfaceIndex = libc.func('unsigned int if_nametoindex(const char *)');

const bigEndian16 = (value) => ((value & 0xff) << 8) | (value >> 8);

/** One interface, every frame that comes in, any frame out. */
export class PacketSocket {
  /** `protocol` 0 only sends; 3 (ETH_P_ALL) hears everything that comes in. */
  constructor(name, protocol) {
    const index = interfaceIndex(name);
    if (index === 0) throw new Error(`no interface ${name}`);
    this.buffer = Buffer.alloc(FRAME_BYTES_MAX);
    this.fd = check(openSocket(AF_PACKET, SOCK_RAW, 0), 'socket');
    const one = Buffer.from([1, 0, 0, 0]);
    if (protocol !== 0) {
      check(setOption(this.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, one, 4), 'PACKET_IGNORE_OUTGOING');
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(1 << 26);
      // Refused in a user namespace, where the system's limit holds.
      if (setOption(this.fd, 1, SO_RCVBUFFORCE, bytes, 4) < 0)
        check(setOption(this.fd, 1, SO_RCVBUF, bytes, 4), 'SO_RCVBUF');
      const membership = Buffer.alloc(16);
      membership.writeInt32LE(index, 0);
      membership.writeUInt16LE(PACKET_MR_PROMISC, 4);
      check(setOption(this.fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership, 16), 'PACKET_ADD_MEMBERSHIP');
    }
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt16LE(bigEndian16(protocol), 2);
    address.writeInt32LE(index, 4);
    check(bindSocket(this.fd, address, 20), 'bind');
  }

  /** Sends one frame, waiting while the queue is full. */
  send(frame, bytes = frame.length) {
    while (sendFrame(this.fd, frame, bytes, 0) < 0) {
      if (koffi.errno() !== ENOBUFS) throw new Error(`send: errno ${koffi.errno()}, ${bytes} bytes`);
    }
  }

  /** The next frame, a view of this.buffer that the next call overwrites; waits for it. */
  receive() {
    return this.buffer.subarray(0, check(receiveFrame(this.fd, this.buffer, this.buffer.length, 0), 'recv'));
  }
}

/** Waits until one of `sockets` has a frame, at most `timeoutMs`; returns those that have. */
export function readable(sockets, timeoutMs) {
  const list = Buffer.alloc(8 * sockets.length);
  for (const [i, socket] of sockets.entries()) {
    list.writeInt32LE(socket.fd, 8 * i);
    list.writeUInt16LE(POLLIN, 8 * i + 4);
  }
  if (pollSockets(list, sockets.length, timeoutMs) <= 0) return [];
  return sockets.filter((_, i) => list.readUInt16LE(8 * i + 6) !== 0);
}

function check(result, what) {
  if (result < 0) throw new Error(`${what}: errno ${koffi.errno()}`);
  return result;
}
