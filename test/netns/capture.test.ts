// `zwire capture`, as a user runs it: what it records, how it ends, and what it says when it cannot.
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PCAP_HEADER_BYTES, PCAP_RECORD_BYTES } from '../../src/wire/pcap.ts';
import { buildFrame, type FrameParts } from './frame.ts';
import type { Lab } from './lab.ts';
import { expectExit, failure, numberOf, Scene } from './scene.ts';
import { ZWIRE } from './side.ts';
import { sendFrames } from './wire-tools.ts';

interface Recorded {
  readonly seconds: number;
  readonly frame: Buffer;
  /** Of the frame on the wire. */
  readonly bytes: number;
}

/** Takes a capture apart; every byte of it must belong to a record. */
function recordsOf(file: Buffer): Recorded[] {
  expect(file.readUInt32LE(0).toString(16)).toBe('a1b23c4d');
  const records: Recorded[] = [];
  let at = PCAP_HEADER_BYTES;
  while (at < file.length) {
    const captured = file.readUInt32LE(at + 8);
    const start = at + PCAP_RECORD_BYTES;
    expect(start + captured).toBeLessThanOrEqual(file.length);
    expect(file.readUInt32LE(at + 4)).toBeLessThan(1e9);
    const frame = file.subarray(start, start + captured);
    records.push({ seconds: file.readUInt32LE(at), frame, bytes: file.readUInt32LE(at + 12) });
    at = start + captured;
  }
  return records;
}

function frames(lab: Lab, count: number, part: Partial<FrameParts> = {}): Buffer[] {
  return Array.from({ length: count }, (_, i) =>
    buildFrame({
      sourceMac: lab.a.mac,
      destinationMac: lab.b.mac,
      sourceIp: lab.a.ip,
      destinationIp: lab.b.ip,
      sourcePort: 40_000,
      destinationPort: 1337,
      payload: Buffer.alloc(100 + i, i),
      ...part,
    }),
  );
}

it('records what comes and what goes, in order and as it was, until Ctrl-C', async () => {
  await using scene = await Scene.open('raw', { mtuBytes: 1500 });
  const { a, b } = scene.lab;
  const path = `${scene.directory}/run.pcap`;
  const capture = b.zwire(['capture', '--interface', b.interface, '-w', path, '--json']);
  await capture.event('capturing');
  expect(await b.promiscuity()).toBe(1);
  const inbound = frames(scene.lab, 20);
  const answers = frames(scene.lab, 3, { sourcePort: 1337, destinationPort: 40_000, sourceMac: b.mac });
  await sendFrames(a, [...inbound, ...frames(scene.lab, 5, { destinationPort: 1338 })]);
  await sendFrames(b, answers);
  capture.signal('SIGINT');
  await expectExit(capture, 0);
  const file = readFileSync(path);
  const records = recordsOf(file);
  expect(records.map(({ frame }) => frame.toString('hex'))).toEqual(
    [...inbound, ...answers].map((frame) => frame.toString('hex')),
  );
  for (const { frame, bytes, seconds } of records) {
    expect(bytes).toBe(frame.length);
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(3600);
  }
  expect(await capture.event('captured')).toMatchObject({ frames: 23, bytes: file.length, drops: 0, path });
  expect(await b.promiscuity()).toBe(0);
});

it('ends by itself after --count frames, and keeps --snaplen bytes of each', async () => {
  await using scene = await Scene.open('raw', { mtuBytes: 1500 });
  const { a, b } = scene.lab;
  const path = `${scene.directory}/run.pcap`;
  const flags = ['--count', '7', '--snaplen', '90', '--port', '4242'];
  const capture = b.zwire(['capture', '--interface', b.interface, '-w', path, '--json', ...flags]);
  await capture.event('capturing');
  await sendFrames(a, frames(scene.lab, 30, { destinationPort: 4242 }));
  await expectExit(capture, 0);
  const records = recordsOf(readFileSync(path));
  expect(records.map(({ frame, bytes }) => [frame.length, bytes])).toEqual(
    Array.from({ length: 7 }, (_, i) => [90, 142 + i]),
  );
});

it('shows what is sent on the loopback interface once', async () => {
  await using scene = await Scene.open('udp');
  const { b } = scene.lab;
  const capture = b.zwire(['capture', '--interface', 'lo', '-w', '-', '--seconds', '60', '--json'], {
    eventsOn: 'stderr',
  });
  await capture.event('capturing');
  const receiver = b.zwire([
    'receive',
    '--listen',
    '127.0.0.1',
    '--file',
    scene.target(),
    '--once',
    '--json',
  ]);
  await receiver.event('listening');
  const { path } = scene.source(1000);
  const sender = b.zwire(['send', '--to', '127.0.0.1', '--file', path, '--json']);
  await expectExit(sender, 0);
  capture.signal('SIGTERM');
  await expectExit(capture, 0);
  const seen = recordsOf(capture.stdout).map(({ frame }) => frame.subarray(42).toString('hex'));
  expect(seen.length).toBeGreaterThan(5);
  // Every segment is unlike every other: control messages by their counters.
  expect(new Set(seen).size).toBe(seen.length);
  expect(numberOf(await capture.event('captured'), 'frames')).toBe(seen.length);
});

it('ends when the reader of its output goes away', async () => {
  await using scene = await Scene.open('raw', { mtuBytes: 1500 });
  const { a, b } = scene.lab;
  const command = `"${process.execPath}" "${ZWIRE}" capture --interface ${b.interface} -w - | head -c 24 >/dev/null; echo "\${PIPESTATUS[0]}"`;
  const shell = b.start(['bash', '-c', command]);
  await shell.textOnStderr(/capturing UDP port 1337/);
  await sendFrames(a, frames(scene.lab, 10));
  await sendFrames(a, frames(scene.lab, 10));
  await expectExit(shell, 0);
  expect(shell.stdout.toString().trim()).toBe('0');
});

it.each([
  { flags: ['--interface', 'nosuch0', '-w', '/dev/null'], exit: 5, code: 'INTERFACE_MISSING' },
  { flags: ['--interface', 'vzb', '-w', '/nosuch/run.pcap'], exit: 5, code: 'FILE_UNWRITABLE' },
  { flags: ['-w', '/dev/null'], exit: 2, code: 'USAGE' },
  { flags: ['--interface', 'vzb'], exit: 2, code: 'USAGE' },
])('says what is wrong: $code', async ({ flags, exit, code }) => {
  await using scene = await Scene.open('raw');
  const capture = scene.lab.b.zwire(['capture', ...flags, '--json']);
  await expectExit(capture, exit);
  expect(failure(capture).code).toBe(code);
});

it('names the privilege that is missing, and leaves no file', async () => {
  await using scene = await Scene.open('raw');
  const path = `${scene.directory}/run.pcap`;
  const args = ['capture', '--interface', 'vzb', '-w', path, '--json'];
  const capture = scene.lab.b.zwire(args, { without: ['net_raw', 'net_admin'] });
  await expectExit(capture, 5);
  expect(failure(capture).code).toBe('PRIVILEGE_MISSING');
  expect(failure(capture).message).toContain('CAP_NET_RAW');
  expect(failure(capture).hint).not.toContain('--to HOST');
  expect(existsSync(path)).toBe(false);
});
