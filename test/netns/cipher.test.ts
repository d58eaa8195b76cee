// A receiver that wants one cipher, and senders that would use the other: who may choose begins anew, who was told is
// refused, and one-way nobody asks.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MessageType } from '../../src/wire/segment.ts';
import { parseFrame } from './frame.ts';
import type { Program } from './program.ts';
import { expectExit, expectSame, failure, Scene } from './scene.ts';
import { ADMIN_ENV } from './side.ts';
import { sniff } from './wire-tools.ts';

/** The other one is that of this machine, whichever it is. */
async function suiteOfThisMachine(scene: Scene): Promise<'aes' | 'chacha20'> {
  const cpu = await scene.lab.a.run(['cat', '/proc/cpuinfo']);
  return / aes( |$)/m.test(cpu) ? 'aes' : 'chacha20';
}

it('is agreed on', async () => {
  await using scene = await Scene.open('udp', { mtuBytes: 1500 });
  const at = (name: string): string => join(scene.directory, name);
  const psk = ['--psk-file', at('psk')];
  await expectExit(scene.lab.a.zwire(['keygen', '--shared', '--output', at('psk')]), 0);
  const ours = await suiteOfThisMachine(scene);
  const other = ours === 'aes' ? 'chacha20' : 'aes';
  const { path, content } = scene.source(300_000);
  const send = (args: readonly string[]): Program => scene.send(['--file', path, ...psk, ...args]);
  const capture = await sniff(scene.lab.b, 1337);
  const receiver = await scene.receive([
    '--file',
    scene.target(),
    '--cipher',
    other,
    '--state-dir',
    at('state'),
    ...psk,
  ]);

  const free = send([]);
  await expectExit(free, 0);
  expectSame(scene.target(), content);
  const announced = free.eventsNamed('announced').map((event) => String(event['transfer']));
  expect(new Set(announced).size).toBe(2);
  expect(free.eventsNamed('finished').map((event) => event['transfer'])).toEqual(announced.slice(1));
  const isGoodbye = (frame: Buffer): boolean => parseFrame(frame).payload[3] === MessageType.abort;
  const frames = (await capture.take(5, isGoodbye)).map((frame) => parseFrame(frame).payload);
  capture.stop();
  const announcements = frames.filter((payload) => payload[3] === MessageType.announce);
  const suiteOf = new Map(
    announcements.map((payload) => [payload.subarray(8, 16).toString('hex'), payload[32]]),
  );
  // The shared key stays, whichever cipher.
  expect(announced.map((transfer) => suiteOf.get(transfer))).toEqual(ours === 'aes' ? [3, 4] : [4, 3]);

  const told = send(['--cipher', ours]);
  await expectExit(told, 4);
  expect(failure(told)).toMatchObject({ code: 'REFUSED', message: expect.stringMatching(/alone/) });
  expect(told.eventsNamed('announced').length).toBe(1);
  expect(receiver.eventsNamed('accepted').length).toBe(1);

  writeFileSync(scene.target(), '');
  await expectExit(send(['--cipher', ours, '--one-way', '--rate', '200Mbit']), 0);
  await receiver.event('finished', () => receiver.eventsNamed('finished').length === 2);
  expectSame(scene.target(), content);
});

/** Each side seals with what its host has: what goes over the wire is the same. */
it.each([
  ['sender', 'off', ''],
  ['receiver', '', 'off'],
])(
  'is AES-256-GCM by whichever library, when the %s leaves libIPSec_MB alone',
  async (_, sending, receiving) => {
    const setting = (value: string): { readonly env: NodeJS.ProcessEnv } => ({
      env: { ...ADMIN_ENV, ZWIRE_IPSEC_MB: value },
    });
    await using scene = await Scene.open('raw', { mtuBytes: 1500 });
    const key = join(scene.directory, 'psk');
    await expectExit(scene.lab.a.zwire(['keygen', '--shared', '--output', key]), 0);
    const { path, content } = scene.source(3_000_001);
    const common = ['--psk-file', key, '--cipher', 'aes'];
    const receiver = await scene.receive(
      ['--file', scene.target(), '--once', '--state-dir', join(scene.directory, 'state'), ...common],
      setting(receiving),
    );
    await expectExit(scene.send(['--file', path, ...common], setting(sending)), 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
  },
);
