// Sends and shows raw frames. A test program, run inside a namespace.
//   node frames.mjs send IFACE          frames from standard input in hex, one a line, in order
//   node frames.mjs sniff IFACE PORT    frames to that UDP port, as JSON events, until killed; "listening" first
import { readFileSync, writeSync } from 'node:fs';
import { PacketSocket } from './packet-socket.mjs';

const ETH_P_ALL = 3;
const [mode, name, port] = process.argv.slice(2);

if (mode === 'send') {
  const socket = new PacketSocket(name, 0);
  const lines = readFileSync(0, 'latin1').split('\n');
  for (const line of lines) if (line !== '') socket.send(Buffer.from(line, 'hex'));
} else {
  const socket = new PacketSocket(name, ETH_P_ALL);
  writeSync(1, '{"event":"listening"}\n');
  for (;;) {
    const frame = socket.receive();
    if (frame.length < 42 || frame.readUInt16BE(12) !== 0x800 || frame[23] !== 17) continue;
    if (frame.readUInt16BE(36) === Number(port))
      writeSync(1, `{"event":"frame","hex":"${frame.toString('hex')}"}\n`);
  }
}
