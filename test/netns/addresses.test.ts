// Any source and destination, existing or not; and the frames on the wire are right to the last checksum.
import { describe, expect, it } from 'vitest';
import { parseFrame } from './frame.ts';
import { expectExit, expectSame, Scene } from './scene.ts';
import { sniff } from './wire-tools.ts';

const BYTES = 3_000_017;
const NOBODY_MAC = '02:00:5e:10:20:30';
const NOBODY_IP = '198.18.77.7';
const FAKE_MAC = '02:00:5e:99:88:77';
const FAKE_IP = '198.19.1.2';

interface AddressCase {
  readonly name: string;
  readonly flags: readonly string[];
  readonly middle: 'none' | 'bridge';
}

const CASES: readonly AddressCase[] = [
  {
    name: 'a source that does not exist',
    flags: ['--source-mac', FAKE_MAC, '--source-ip', FAKE_IP],
    middle: 'none',
  },
  { name: 'a destination that does not exist', flags: nobody(), middle: 'none' },
  { name: 'a destination that no port of a switch knows', flags: nobody(), middle: 'bridge' },
  {
    name: 'neither exists',
    flags: [...nobody(), '--source-mac', FAKE_MAC, '--source-ip', FAKE_IP],
    middle: 'bridge',
  },
];

function nobody(): string[] {
  return ['--destination-mac', NOBODY_MAC, '--destination-ip', NOBODY_IP];
}

/** Sends with the last value of a flag winning is not promised: build the flags without the scene's defaults. */
function send(scene: Scene, flags: readonly string[], path: string): ReturnType<Scene['send']> {
  const destination = flags.includes('--destination-ip') ? [] : ['--destination-ip', scene.lab.b.ip];
  return scene.lab.a.zwire([
    'send',
    '--interface',
    'vza',
    '--file',
    path,
    ...destination,
    ...flags,
    '--json',
  ]);
}

describe('raw frames', () => {
  it.each(CASES)('reach the receiver two-way: $name', async ({ flags, middle }) => {
    await using scene = await Scene.open('raw', { middle });
    const { path, content } = scene.source(BYTES);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    await expectExit(send(scene, flags, path), 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
    if (flags.includes('--source-ip')) {
      const accepted = await receiver.event('accepted');
      expect(accepted['peer']).toContain(FAKE_IP);
    }
  });

  it.each(CASES)('reach the receiver one-way: $name', async ({ flags, middle }) => {
    await using scene = await Scene.open('raw', { middle });
    const { path, content } = scene.source(BYTES);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    await expectExit(send(scene, [...flags, '--one-way', '--rate', '400Mbit'], path), 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
  });

  it.each([1500, 9000])(
    'carry right lengths and checksums at MTU %i, however they leave',
    async (mtuBytes) => {
      await using scene = await Scene.open('raw', { mtuBytes });
      await scene.lab.withoutOffloads();
      const capture = await sniff(scene.lab.b, 1337);
      const flags = ['--source-mac', FAKE_MAC, '--source-ip', FAKE_IP];
      for (const gso of [[], ['--no-gso']]) {
        const { path } = scene.source(200_001);
        const receiver = await scene.receive(['--file', scene.target(), '--once']);
        await expectExit(send(scene, [...flags, ...gso], path), 0);
        await expectExit(receiver, 0);
      }
      const frames = (await capture.take(40)).map(parseFrame);
      for (const frame of frames) {
        expect(frame).toMatchObject({
          sourceMac: FAKE_MAC,
          destinationMac: scene.lab.b.mac,
          sourceIp: FAKE_IP,
          destinationIp: scene.lab.b.ip,
          destinationPort: 1337,
          ipChecksumRight: true,
          udpChecksumRight: true,
        });
        expect(frame.udpChecksum).not.toBe(0);
        expect(frame.udpBytes).toBe(frame.ipBytes - 20);
        expect(frame.ipBytes).toBeLessThanOrEqual(mtuBytes);
      }
      expect(Math.max(...frames.map((frame) => frame.ipBytes))).toBeGreaterThan(mtuBytes - 60);
    },
  );

  it('find the address, the MAC and the next hop by themselves', async () => {
    await using scene = await Scene.open('raw');
    await scene.lab.withoutOffloads();
    const capture = await sniff(scene.lab.b, 1337);
    const { path } = scene.source(1000);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    await expectExit(scene.send(['--file', path]), 0);
    await expectExit(receiver, 0);
    const [frame] = (await capture.take(1)).map(parseFrame);
    const { a, b } = scene.lab;
    expect(frame).toMatchObject({
      sourceMac: a.mac,
      destinationMac: b.mac,
      sourceIp: a.ip,
      destinationIp: b.ip,
    });
  });

  it('to an address that nobody has, without a MAC, are refused with what to add', async () => {
    await using scene = await Scene.open('raw');
    const { path } = scene.source(1000);
    const sender = send(scene, ['--destination-ip', NOBODY_IP], path);
    await expectExit(sender, 5);
    expect(sender.stdout.toString()).toContain('--destination-mac');
  });
});
