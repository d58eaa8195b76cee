// The bad wire and the hand-made frames, with a plain UDP socket as the other side.
import { expect, it } from 'vitest';
import { buildFrame, parseFrame } from './frame.ts';
import { Lab } from './lab.ts';
import { type RelayRule, sendFrames, sniff, startRelay, treated } from './wire-tools.ts';

/** Prints the number in each datagram, and ends at one that says 65535. */
const RECEIVER = `
const socket = require('node:dgram').createSocket('udp4');
const got = [];
socket.on('message', (m) => { const n = m.readUInt16BE(4); if (n !== 65535) return void got.push([n, m.length, m[36]]);
  console.log(JSON.stringify({ event: 'finished', got })); socket.close(); });
socket.bind(1337, () => console.log(JSON.stringify({ event: 'listening' })));`;

function segment(n: number): Buffer {
  const payload = Buffer.alloc(101);
  payload.writeUInt32BE(0x5a570102);
  payload.writeUInt16BE(n, 4);
  return payload;
}

/** Sends segments 0..19 through a relay with `rules` and returns what a UDP socket got: [number, bytes, byte 36]. */
async function relayed(rules: RelayRule[]): Promise<{ got: number[][]; count: number }> {
  await using lab = await Lab.open({ mtuBytes: 1500, middle: 'relay' });
  const relay = await startRelay(lab, rules);
  const receiver = lab.b.start([process.execPath, '-e', RECEIVER]);
  await receiver.event('listening');
  const frames = Array.from({ length: 20 }, (_, n) => frameFor(lab, segment(n)));
  await sendFrames(lab.a, frames);
  const action = rules[0]?.action ?? 'drop';
  await relay.event('treated', () => treated(relay, action) > 0);
  const last = segment(65535);
  last[0] = 0; // not a zwire segment: no rule touches it
  await sendFrames(lab.a, [frameFor(lab, last)]);
  const { got } = await receiver.event('finished');
  const rows: unknown[] = Array.isArray(got) ? got : [];
  return {
    got: rows.map((row) => (Array.isArray(row) ? row.map(Number) : [])),
    count: treated(relay, action),
  };
}

const frameFor = (lab: Lab, payload: Uint8Array): Buffer =>
  buildFrame({
    sourceMac: lab.a.mac,
    destinationMac: lab.b.mac,
    sourceIp: lab.a.ip,
    destinationIp: lab.b.ip,
    sourcePort: 40000,
    destinationPort: 1337,
    payload,
  });

const numbers = (got: number[][]): (number | undefined)[] => got.map(([n]) => n);

it('drops the frames it was told to', async () => {
  const { got, count } = await relayed([{ from: 'left', types: [2], every: 7, action: 'drop' }]);
  expect(numbers(got)).toEqual([1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19]);
  expect(count).toBe(3);
});

it('duplicates', async () => {
  const { got } = await relayed([{ from: 'left', after: 18, action: 'duplicate' }]);
  expect(numbers(got).slice(17)).toEqual([17, 18, 18, 19, 19]);
});

it('reorders', async () => {
  const { got } = await relayed([{ from: 'left', after: 3, until: 4, by: 2, action: 'hold' }]);
  expect(numbers(got).slice(0, 7)).toEqual([0, 1, 2, 4, 5, 3, 6]);
});

it('damages with a right checksum, so that the socket takes it', async () => {
  const { got } = await relayed([{ from: 'left', every: 10, action: 'damage' }]);
  expect(got.length).toBe(20);
  expect(got.filter(([, , byte]) => byte === 0xff).map(([n]) => n)).toEqual([0, 10]);
});

it('spoils with a wrong checksum, so that the socket drops it', async () => {
  const { got } = await relayed([{ from: 'left', every: 10, action: 'spoil' }]);
  expect(got.length).toBe(18);
});

it('cuts datagrams short', async () => {
  const { got } = await relayed([{ from: 'left', after: 19, by: 50, action: 'cut' }]);
  expect(got.at(-1)).toEqual([19, 51, 0]);
});

it('shows the frames on the wire, right and with the faults of the seed', async () => {
  await using lab = await Lab.open();
  const capture = await sniff(lab.b, 1337);
  const parts = {
    sourceMac: lab.a.mac,
    destinationMac: lab.b.mac,
    sourceIp: lab.a.ip,
    destinationIp: lab.b.ip,
  };
  const udp = { ...parts, sourcePort: 40000, destinationPort: 1337, payload: Buffer.from('hello') };
  await sendFrames(lab.a, [buildFrame(udp), buildFrame({ ...udp, seedFaults: true })]);
  const [right, faulty] = (await capture.take(2)).map(parseFrame);
  expect(right).toMatchObject({
    ...udp,
    udpBytes: 13,
    ipBytes: 33,
    ipChecksumRight: true,
    udpChecksumRight: true,
  });
  expect(faulty).toMatchObject({ ...udp, udpBytes: 5, ipBytes: 33, ipChecksumRight: false, udpChecksum: 0 });
});
