// The harness itself, with stand-ins for zwire: that namespaces are joined, that loss is loss, that a program's
// events and end are seen, and that nothing outlives a lab.
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Lab } from './lab.ts';

const UDP_ECHO = `
const socket = require('node:dgram').createSocket('udp4');
let count = 0;
socket.on('message', (message, from) => { count += 1; if (message.toString() === 'end') {
  console.log(JSON.stringify({ event: 'finished', count })); socket.close(); } });
socket.bind(1337, () => console.log(JSON.stringify({ event: 'listening' })));`;

// So few that they fit the socket's buffer, even when the receiver does not get to run meanwhile.
const UDP_SEND = `
const socket = require('node:dgram').createSocket('udp4');
(async () => { for (let i = 0; i < 200; i += 1) await new Promise((r) => socket.send('x', 1337, '198.18.0.2', r));
for (let i = 0; i < 20; i += 1) await new Promise((r) => socket.send('end', 1337, '198.18.0.2', r));
socket.close(); })();`;

describe.each([{ userNamespace: false }, { userNamespace: true }])(
  'a lab, user namespace $userNamespace',
  (kind) => {
    it('carries datagrams, drops the share it was told to, and leaves no process', async () => {
      const lab = await Lab.open({ ...kind, mtuBytes: 1500 });
      const holders = lab.sides.map((side) => side.holderPid);
      try {
        await lab.loseAtB(20);
        const receiver = lab.b.start([process.execPath, '-e', UDP_ECHO]);
        await receiver.event('listening');
        const sender = lab.a.start([process.execPath, '-e', UDP_SEND]);
        expect((await sender.exit).code).toBe(0);
        const { count } = await receiver.event('finished');
        expect((await receiver.exit).code).toBe(0);
        expect(count).toBeGreaterThan(110);
        expect(count).toBeLessThan(195);
        expect(await lab.lostAtB()).toBeGreaterThan(10);
        expect(receiver.peakRssBytes).toBeGreaterThan(1 << 20);
        expect(lab.processes()).toEqual([]);
        lab.b.start(['sleep', '1000']);
      } finally {
        await lab.close();
      }
      for (const pid of holders) expect(existsSync(`/proc/${pid}`)).toBe(false);
    });

    it('has a bridge in the middle when asked', async () => {
      await using lab = await Lab.open({ ...kind, middle: 'bridge' });
      const receiver = lab.b.start([process.execPath, '-e', UDP_ECHO]);
      await receiver.event('listening');
      lab.a.start([process.execPath, '-e', UDP_SEND]);
      const { count } = await receiver.event('finished');
      expect(count).toBe(201);
    });
  },
);

describe('a program', () => {
  it('that ends without the awaited event says what it printed', async () => {
    await using lab = await Lab.open();
    const program = lab.a.start(['sh', '-c', 'echo broken >&2; exit 7']);
    await expect(program.event('listening')).rejects.toThrow(/ended with 7[\s\S]*broken/);
  });

  it('without a capability lacks it', async () => {
    await using lab = await Lab.open();
    const full = await lab.a.run(['sh', '-c', 'grep CapEff /proc/self/status']);
    const limited = lab.a.start(['sh', '-c', 'grep CapEff /proc/self/status'], { without: ['net_raw'] });
    await limited.exit;
    expect(BigInt(`0x${full.trim().split('\t')[1]}`) & 0x2000n).toBe(0x2000n);
    expect(BigInt(`0x${limited.stdout.toString().trim().split('\t')[1]}`) & 0x2000n).toBe(0n);
  });
});
