// Whatever else arrives on the port is counted and thrown away: noise, half segments, other programs, forgeries.
import { randomBytes, randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { emptySegmentHeader, encodeSegmentHeader, MessageType } from '../../src/wire/segment.ts';
import { buildFrame } from './frame.ts';
import type { JsonEvent } from './program.ts';
import { expectExit, expectSame, numberOf, Scene, write } from './scene.ts';
import { sendFrames } from './wire-tools.ts';

const HEADER_BYTES = 32;

interface Origin {
  readonly ip: string;
  readonly port: number;
}

const STRANGER: Origin = { ip: '198.18.0.1', port: 55_555 };

function frame(scene: Scene, payload: Uint8Array, from: Origin = STRANGER): Buffer {
  const { a, b } = scene.lab;
  return buildFrame({
    sourceMac: a.mac,
    destinationMac: b.mac,
    sourceIp: from.ip,
    destinationIp: b.ip,
    sourcePort: from.port,
    destinationPort: 1337,
    payload,
  });
}

interface SegmentParts {
  readonly type: number;
  readonly transfer?: string;
  readonly record?: number;
  readonly payload?: Buffer;
}

/** A segment that is well formed, under a transfer id of our choice, its payload noise. */
function segment({
  type,
  transfer = randomBytes(8).toString('hex'),
  record = 0,
  payload,
}: SegmentParts): Buffer {
  const body = payload ?? randomBytes(200);
  const buffer = Buffer.alloc(HEADER_BYTES + body.length);
  encodeSegmentHeader(new DataView(buffer.buffer, buffer.byteOffset, buffer.length), 0, {
    ...emptySegmentHeader(),
    type,
    payloadBytes: body.length,
    transferIdHigh: Number.parseInt(transfer.slice(0, 8), 16),
    transferIdLow: Number.parseInt(transfer.slice(8), 16),
    record,
    segmentIndex: 0,
    segmentCount: 1,
    recordBytes: body.length,
  });
  body.copy(buffer, HEADER_BYTES);
  return buffer;
}

/** Noise of every size, well-formed segments of every type, and each of those cut short or with one byte changed. */
function attack(scene: Scene, transfer?: string, from?: Origin): Buffer[] {
  const frames: Buffer[] = [frame(scene, Buffer.alloc(0), from)];
  for (let i = 0; i < 200; i += 1) frames.push(frame(scene, randomBytes(randomInt(1, 8900)), from));
  for (const type of [...Object.values(MessageType), 0, 77, 255]) {
    const whole = segment(transfer === undefined ? { type } : { type, transfer });
    frames.push(frame(scene, whole, from));
    for (let bytes = 1; bytes < 60; bytes += 1) frames.push(frame(scene, whole.subarray(0, bytes), from));
    for (let at = 0; at < HEADER_BYTES; at += 1) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ (1 << randomInt(8));
      frames.push(frame(scene, changed, from));
    }
    frames.push(frame(scene, Buffer.concat([whole, whole, whole.subarray(0, 40)]), from));
  }
  return frames;
}

const peerOf = (event: JsonEvent): Origin => {
  const [ip = '', port = ''] = String(event['peer']).split(':');
  return { ip, port: Number(port) };
};

describe.each(['raw', 'udp'] as const)('a receiver on a port where others talk, %s', (link) => {
  it('stays, and takes the transfer that comes', async () => {
    await using scene = await Scene.open(link);
    const receiver = await scene.receive(['--file', scene.target()]);
    await sendFrames(scene.lab.a, attack(scene));
    const { path, content } = scene.source(3_000_000);
    await expectExit(scene.send(['--file', path]), 0);
    expectSame(scene.target(), content);
    expect(receiver.running).toBe(true);
    expect(receiver.eventsNamed('finished').length).toBe(1);
  });

  it('is not disturbed in the middle of a transfer, not even under its id and address', async () => {
    await using scene = await Scene.open(link);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    const { sender, first } = await scene.openTransfer(receiver);
    const accepted = await receiver.event('accepted');
    const transfer = String(accepted['transfer']);
    await sendFrames(scene.lab.a, attack(scene));
    await sendFrames(scene.lab.a, attack(scene, transfer));
    await sendFrames(scene.lab.a, attack(scene, transfer, peerOf(accepted)));
    await write(sender, first);
    sender.stdin.end();
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), Buffer.concat([first, first]));
    expect(numberOf(await receiver.event('finished'), 'rejected')).toBeGreaterThan(100);
  });
});

describe('a sender', () => {
  it('is not disturbed by forged answers', async () => {
    await using scene = await Scene.open('raw');
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    const { sender, first } = await scene.openTransfer(receiver);
    const accepted = await receiver.event('accepted');
    const { a, b } = scene.lab;
    const frames = [MessageType.status, MessageType.join, MessageType.abort, MessageType.end].flatMap(
      (type) =>
        [0, 1, 5, 1_000_000].map((record) =>
          buildFrame({
            sourceMac: b.mac,
            destinationMac: a.mac,
            sourceIp: b.ip,
            destinationIp: a.ip,
            sourcePort: 1337,
            destinationPort: peerOf(accepted).port,
            payload: segment({ type, record, transfer: String(accepted['transfer']) }),
          }),
        ),
    );
    await sendFrames(b, frames);
    sender.stdin.end();
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), first);
  });
});

it('IPv4 fragments and frames that lie about their length are thrown away', async () => {
  await using scene = await Scene.open('raw');
  const receiver = await scene.receive(['--file', scene.target()]);
  const good = frame(scene, segment({ type: MessageType.data }));
  const lies: Buffer[] = [];
  for (const [offset, value] of [
    [16, 65_535],
    [16, 20],
    [16, 0],
    [20, 0x2000],
    [20, 0x00ff],
    [38, 65_535],
    [38, 7],
    [38, 0],
    [14, 0x4f00],
    [14, 0x4100],
    [14, 0x6500],
  ] as const) {
    const lie = Buffer.from(good);
    lie.writeUInt16BE(value, offset);
    lies.push(lie);
  }
  for (let bytes = 14; bytes < good.length; bytes += 3) lies.push(good.subarray(0, bytes));
  await sendFrames(scene.lab.a, lies);
  const { path, content } = scene.source(100_000);
  await expectExit(scene.send(['--file', path]), 0);
  expectSame(scene.target(), content);
  expect(receiver.running).toBe(true);
});
