// Floods a UDP port with announcements as fast as it is told, from a host of its own on the segment. A test program.
//
//   node flood.mjs LIBRARY IFACE DESTINATION_IP DESTINATION_MAC A_SECOND SECONDS PAYLOAD A_FRAME
//
// LIBRARY is the URL of dist/, PAYLOAD the UDP payload of an announcement in hex, A_FRAME how many of them stand back to
// back in a frame, as the protocol has it. Its own address is 198.18.0.3. Frames with thousands of transfer ids are made
// beforehand and sent round and round, so that all the time goes into sendmmsg. Prints what it sent, as JSON.
const [library = '', name = '', ip = '', mac = '', rate = '1000', seconds = '1', hex = '', packed = '1'] =
  process.argv.slice(2);
const load = (path) => import(new URL(path, library).href);
const { parseIpv4 } = await load('bytes/ipv4-address.js');
const { parseMac } = await load('bytes/mac-address.js');
const { usableInterface } = await load('link/addresses.js');
const { FramePrefix, PREFIX_BYTES } = await load('link/frame-prefix.js');
const { MMSGHDR_BYTES, sendMessages } = await load('link/send-messages.js');
const { setIovec } = await load('sys/descriptor.js');
const { Memory, setPointer } = await load('sys/memory.js');
const { openPacketSender } = await load('sys/packet-socket.js');

const FRAMES = 1024;
/** Frames of one system call. */
const BATCH = 32;
const IOVEC_BYTES = 16;
const IOVECS_AT = FRAMES * MMSGHDR_BYTES;
const FRAMES_AT = IOVECS_AT + FRAMES * IOVEC_BYTES;

const announcement = Buffer.from(hex, 'hex');
const payload = Buffer.concat(Array.from({ length: Number(packed) }, () => announcement));
const frameBytes = PREFIX_BYTES + payload.length;
const stride = Math.ceil(frameBytes / 64) * 64;
const device = usableInterface(name);
const prefix = new FramePrefix({
  sourceMac: device.mac,
  destinationMac: parseMac(mac),
  sourceIp: parseIpv4('198.18.0.3'),
  destinationIp: parseIpv4(ip),
  sourcePort: 40_000,
  destinationPort: 1337,
});
const memory = Memory.allocate(FRAMES_AT + FRAMES * stride);
for (let index = 0; index < FRAMES; index += 1) {
  const at = FRAMES_AT + index * stride;
  memory.bytes.set(payload, at + PREFIX_BYTES);
  for (let each = 0; each < Number(packed); each += 1) {
    const idAt = at + PREFIX_BYTES + each * announcement.length + 8;
    memory.view.setUint32(idAt, index * Number(packed) + each);
  }
  prefix.writeComplete(memory.view, memory.bytes, at, payload.length);
  setIovec(memory.view, IOVECS_AT, index, memory.address + at, frameBytes);
  setPointer(memory.view, index * MMSGHDR_BYTES + 16, memory.address + IOVECS_AT + index * IOVEC_BYTES);
  setPointer(memory.view, index * MMSGHDR_BYTES + 24, 1);
}
const fd = openPacketSender(device.index);
const nap = new Int32Array(new SharedArrayBuffer(4));
const startMs = performance.now();
let sent = 0;
console.log('{"event":"flooding"}');
for (;;) {
  const elapsedMs = performance.now() - startMs;
  if (elapsedMs > Number(seconds) * 1000) break;
  if (sent >= (elapsedMs * Number(rate)) / 1000) {
    Atomics.wait(nap, 0, 0, 0.5);
    continue;
  }
  sendMessages(fd, memory.address + ((sent / Number(packed)) % FRAMES) * MMSGHDR_BYTES, BATCH);
  sent += BATCH * Number(packed);
}
console.log(JSON.stringify({ event: 'flooded', sent, seconds: (performance.now() - startMs) / 1000 }));
