// --wire v0: both directions between two of ours, and each of ours against frames as the seed made and took them.
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildFrame, parseFrame } from './frame.ts';
import { expectExit, expectSame, expectSameBytes, failure, Scene } from './scene.ts';
import { sendFrames, sniff } from './wire-tools.ts';

const CHUNK_OVERHEAD_BYTES = 55;
const GENTLE = ['--wire', 'v0', '--rate', '150Mbit'];

const u32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value >>> 0);
  return buffer;
};

/** The seed's messages for one transfer: three pre-flights, the chunks, three ends. */
function seedMessages(content: Buffer, dataBytes: number, kind = 0, name = 'testing/data'): Buffer[] {
  const preflight = Buffer.concat([Buffer.from([kind, 0, name.length]), Buffer.from(name)]);
  const chunks: Buffer[] = [];
  let previous = 0;
  for (let at = 0; at < content.length; at += dataBytes) {
    const data = content.subarray(at, at + dataBytes);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(data.length);
    const head = Buffer.from([3, 0, chunks.length % 255]);
    chunks.push(Buffer.concat([head, u32(crc32(data)), length, data, u32(previous)]));
    previous = crc32(data);
  }
  const end = Buffer.from([4, 0]);
  return [preflight, preflight, preflight, ...chunks, end, end, end];
}

/** Puts messages into frames with the faults of the seed's. */
function seedFrames(scene: Scene, messages: readonly Buffer[]): Buffer[] {
  const { a, b } = scene.lab;
  return messages.map((payload) =>
    buildFrame({
      sourceMac: a.mac,
      destinationMac: b.mac,
      sourceIp: a.ip,
      destinationIp: b.ip,
      sourcePort: 41_234,
      destinationPort: 1337,
      payload,
      seedFaults: true,
    }),
  );
}

describe.each([1500, 9000])('ours to ours, MTU %i', (mtuBytes) => {
  it('carries files of every size, one after another', async () => {
    await using scene = await Scene.open('raw', { mtuBytes });
    const chunk = mtuBytes - CHUNK_OVERHEAD_BYTES;
    const receiver = await scene.receive(['--file', scene.target(), '--wire', 'v0']);
    let transfers = 0;
    for (const bytes of [0, 1, chunk - 1, chunk, chunk + 1, 300 * chunk + 7]) {
      const { path, content } = scene.source(bytes);
      await expectExit(scene.send(['--file', path, ...GENTLE]), 0);
      transfers += 1;
      await receiver.event('finished', () => receiver.eventsNamed('finished').length === transfers);
      expectSame(scene.target(), content);
    }
    receiver.signal('SIGINT');
    await expectExit(receiver, 130);
    await scene.expectNothingLeft(['out']);
  });
});

it('ours to ours over UDP sockets', async () => {
  await using scene = await Scene.open('udp', { mtuBytes: 1500 });
  const receiver = await scene.receive(['--file', scene.target(), '--wire', 'v0', '--once']);
  const { path, content } = scene.source(400_000);
  await expectExit(scene.send(['--file', path, ...GENTLE]), 0);
  await expectExit(receiver, 0);
  expectSame(scene.target(), content);
});

describe('frames as the seed sends them, to our receiver', () => {
  const dataBytes = 1500 - CHUNK_OVERHEAD_BYTES;

  it('are taken with their wrong UDP length and zero checksums, and one transfer after another', async () => {
    await using scene = await Scene.open('raw', { mtuBytes: 1500 });
    const receiver = await scene.receive(['--file', scene.target(), '--wire', 'v0']);
    for (const [i, kind] of [0, 1, 2].entries()) {
      const { content } = scene.source(dataBytes * 520 + i);
      await sendFrames(scene.lab.a, seedFrames(scene, seedMessages(content, dataBytes, kind)));
      await receiver.event('finished', () => receiver.eventsNamed('finished').length === i + 1);
      expect(receiver.eventsNamed('finished').at(-1)).toMatchObject({ bytes: content.length });
      expectSame(scene.target(), content);
    }
  });

  it('commit nothing when the kernel had no room for the last of them', async () => {
    await using scene = await Scene.open('raw', { mtuBytes: 1500 });
    const receiver = await scene.receive(['--file', scene.target(), '--wire', 'v0', '--once']);
    // More than the 20,000 frames for which its ring has room.
    const { content } = scene.source(25_000 * 40);
    const messages = seedMessages(content, 40);
    receiver.signal('SIGSTOP');
    await sendFrames(scene.lab.a, seedFrames(scene, messages.slice(0, -3)));
    receiver.signal('SIGCONT');
    await receiver.event('progress', (event) => Number(event['drops']) > 0);
    await sendFrames(scene.lab.a, seedFrames(scene, messages.slice(-3)));
    expect((await receiver.exit).code).toBe(1);
    expect(failure(receiver)).toMatchObject({
      code: 'DATA_LOST',
      message: expect.stringContaining('last chunks'),
    });
    expect(scene.inboxNames()).toEqual([]);
  });

  it('twice each are written once', async () => {
    await using scene = await Scene.open('raw', { mtuBytes: 1500 });
    const receiver = await scene.receive(['--file', scene.target(), '--wire', 'v0', '--once']);
    const { content } = scene.source(dataBytes * 20);
    const twice = seedMessages(content, dataBytes).flatMap((message) => [message, message]);
    await sendFrames(scene.lab.a, seedFrames(scene, twice));
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
  });

  it.each([
    { name: 'with one missing', spoil: (messages: Buffer[]): void => void messages.splice(10, 1) },
    { name: 'with one damaged', spoil: (messages: Buffer[]): void => void messages[10]?.fill(0, 20, 30) },
    { name: 'with two exchanged', spoil: exchange },
    { name: 'without an end', spoil: (messages: Buffer[]): void => void messages.splice(-3) },
  ])('$name end the transfer with an error and leave no file', async ({ spoil }) => {
    await using scene = await Scene.open('raw', { mtuBytes: 1500 });
    const flags = ['--file', scene.target(), '--wire', 'v0', '--once', '--timeout', '2s'];
    const receiver = await scene.receive(flags);
    const { content } = scene.source(dataBytes * 20);
    const messages = seedMessages(content, dataBytes);
    spoil(messages);
    await sendFrames(scene.lab.a, seedFrames(scene, messages));
    expect((await receiver.exit).code).toBeGreaterThan(0);
    expect(failure(receiver).code).not.toBe('');
    expect(scene.inboxNames()).toEqual([]);
  });
});

function exchange(messages: Buffer[]): void {
  const [first, second] = [messages[10], messages[11]];
  if (first && second) messages.splice(10, 2, second, first);
}

describe('our sender, to a receiver of the seed', () => {
  it.each([
    { kind: 1, flags: ['--full-sync', '--pool', 'testing'], name: 'testing' },
    { kind: 0, flags: ['--full-sync', '--dataset', 'testing/data'], name: 'testing/data' },
    {
      kind: 2,
      flags: ['--send-delta', '--delta-start', 'testing/data@0', '--delta-end', 'testing/data@1'],
      name: 'testing/data',
    },
  ])('speaks its format with right headers: type $kind', async ({ kind, flags, name }) => {
    await using scene = await Scene.open('raw', { mtuBytes: 1500 });
    const capture = await sniff(scene.lab.b, 1337);
    const { path, content } = scene.source(400_000);
    const link = ['--interface', 'vza', '--destination-ip', scene.lab.b.ip, '--dummy-data', path];
    await expectExit(scene.lab.a.zwire([...link, ...flags, ...GENTLE, '--insecure']), 0);
    const isEnd = (frame: Buffer): boolean => parseFrame(frame).payload[0] === 4;
    let ends = 0;
    const frames = (await capture.take(1, (frame) => isEnd(frame) && (ends += 1) >= 3)).map(parseFrame);
    for (const frame of frames) {
      expect(frame).toMatchObject({ ipChecksumRight: true, udpChecksumRight: true });
      expect(frame.udpBytes).toBe(frame.ipBytes - 20);
      expect(frame.sourcePort).toBeGreaterThanOrEqual(32_768);
      expect(frame.sourcePort).toBeLessThanOrEqual(60_999);
    }
    const messages = frames.map((frame) => frame.payload);
    const expected = seedMessages(content, 1500 - CHUNK_OVERHEAD_BYTES, kind, name);
    expect(messages.length).toBe(expected.length);
    for (const [i, message] of messages.entries())
      expectSameBytes(message, expected[i] ?? Buffer.alloc(0), `message ${i} of type ${expected[i]?.[0]}`);
  });
});
