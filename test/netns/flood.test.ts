// A third host floods a receiver with announcements when a known sender comes, and while it is at work. The rate is what
// two shared cores can make beside the transfer, up to 200,000 a second; `node bench/flood.mjs` measures it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MessageType } from '../../src/wire/segment.ts';
import { startFlood } from './flooder.ts';
import { expectExit, expectSame, numberOf, Scene } from './scene.ts';
import { sniff } from './wire-tools.ts';

const HEADERS_BYTES = 42;
const MEMORY_BYTES = 96 << 20;

it('a flood from a third host neither keeps a sender out, nor stops it, nor fills memory, nor the log', async () => {
  await using scene = await Scene.open('raw', { middle: 'bridge' });
  const { a, b } = scene.lab;
  const at = (name: string): string => join(scene.directory, name);
  for (const name of ['a.key', 'b.key']) {
    const made = a.zwire(['keygen', '--output', at(name)]);
    await expectExit(made, 0);
    writeFileSync(at(`${name}.pub`), made.stdout);
  }
  const keys = ['--identity', at('a.key'), '--receiver-key', at('b.key.pub')];

  // An announcement that nobody took, with the right key id: the flooder has seen it, and changes the transfer id.
  const capture = await sniff(b, 1337);
  const { path, content } = scene.source(60_000_000);
  await expectExit(scene.send(['--file', path, '--timeout', '1s', ...keys]), 3);
  // The first frames ask the kernel for super-frames, and are filler.
  const isAnnouncement = (frame: Buffer): boolean => frame[HEADERS_BYTES + 3] === MessageType.announce;
  const announcement = (await capture.take(1, isAnnouncement)).find(isAnnouncement) ?? Buffer.alloc(0);

  capture.stop();

  const receiver = await scene.receive([
    '--file',
    scene.target(),
    '--identity',
    at('b.key'),
    '--authorized-senders',
    at('a.key.pub'),
    '--state-dir',
    scene.directory,
  ]);
  const before = receiver.peakRssBytes;
  const flood = await startFlood(scene.lab, {
    announcementsASecond: 200_000,
    seconds: 4,
    payload: announcement.subarray(HEADERS_BYTES),
  });
  await expectExit(scene.send(['--file', path, '--timeout', '5s', ...keys]), 0);
  expectSame(scene.target(), content);
  const flooded = await flood.event('flooded');
  expect(numberOf(flooded, 'sent')).toBeGreaterThan(1000);
  const told = receiver.eventsNamed('warning').filter((event) => event['code'] === 'STRANGERS_IGNORED');
  expect(told.length).toBeGreaterThan(0);
  expect(told.length).toBeLessThan(4);
  expect(receiver.peakRssBytes - before).toBeLessThan(128 * 1024 * 1024 + MEMORY_BYTES);
  expect(receiver.running).toBe(true);
}, 120_000);
