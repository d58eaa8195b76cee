// --wire v0 in bad luck: it cannot slow a sender down or ask again, so what goes wrong is said and nothing is kept.
import { expect, it } from 'vitest';
import { expectExit, expectSame, failure, Scene } from './scene.ts';

const V0 = ['--wire', 'v0'];
/** Long enough that a test which waits for it fails on its own time limit. */
const PATIENT = ['--timeout', '10m'];

it('a sink that stands still fills the memory, and the transfer is given up aloud', async () => {
  await using scene = await Scene.open('raw');
  await scene.lab.b.run(['mkfifo', scene.target('fifo')]);
  const reader = scene.lab.b.start(['sh', '-c', 'exec sleep 1000 <"$0"', scene.target('fifo')]);
  const flags = ['--file', scene.target('fifo'), '--once', '--pool-memory', '8MiB', ...V0, ...PATIENT];
  const receiver = await scene.receive(flags);
  const { path } = scene.source(24 << 20);
  await expectExit(scene.send(['--file', path, ...V0]), 0);
  await expectExit(receiver, 1);
  expect(failure(receiver)).toMatchObject({ code: 'DATA_LOST' });
  expect(failure(receiver).message).toMatch(/chunk \d+/);
  reader.signal('SIGKILL');
  await reader.exit;
  await scene.expectNothingLeft(['fifo']);
});

it('SIGINT to the sender ends the receiver too, which leaves nothing', async () => {
  await using scene = await Scene.open('raw');
  const receiver = await scene.receive(['--file', scene.target(), '--once', ...V0, ...PATIENT]);
  const { sender } = await scene.openTransfer(receiver, V0);
  sender.signal('SIGINT');
  await expectExit(sender, 130);
  await expectExit(receiver, 1);
  expect(failure(receiver).code).toBe('PEER_ABORTED');
  await scene.expectNothingLeft();
});

it('SIGINT to the receiver ends it, and leaves nothing', async () => {
  await using scene = await Scene.open('raw');
  const receiver = await scene.receive(['--file', scene.target(), ...V0, ...PATIENT]);
  const { sender } = await scene.openTransfer(receiver, V0);
  receiver.signal('SIGINT');
  await expectExit(receiver, 130);
  expect(scene.inboxNames()).toEqual([]);
  sender.signal('SIGKILL');
  await sender.exit;
});

it('a sender that is killed is given up after --timeout', async () => {
  await using scene = await Scene.open('raw');
  const receiver = await scene.receive(['--file', scene.target(), '--once', ...V0, '--timeout', '1s']);
  const { sender } = await scene.openTransfer(receiver, V0);
  sender.signal('SIGKILL');
  await expectExit(receiver, 3);
  expect(failure(receiver).code).toBe('PEER_LOST');
  await scene.expectNothingLeft();
});

it('two at once are told apart, and one more than --max-transfers is turned away', async () => {
  await using scene = await Scene.open('raw', { mtuBytes: 1500 });
  const receiver = await scene.receive(['--file', scene.target(), '--max-transfers', '2', ...V0]);
  const held = [await scene.openTransfer(receiver, V0), await scene.openTransfer(receiver, V0)] as const;
  const { path } = scene.source(5000);
  await expectExit(scene.send(['--file', path, ...V0]), 0);
  await receiver.event('refused', (event) => String(event['message']).includes('--max-transfers'));
  for (const [index, { sender, first }] of held.entries()) {
    sender.stdin.end();
    await expectExit(sender, 0);
    await receiver.event('finished', () => receiver.eventsNamed('finished').length === index + 1);
    expectSame(scene.target(), first);
  }
  expect(receiver.eventsNamed('finished')).toMatchObject([
    { outcome: 'committed' },
    { outcome: 'committed' },
  ]);
});

it('a frame size counts the Ethernet header: up to 14 bytes over the MTU, and no more', async () => {
  await using scene = await Scene.open('raw', { mtuBytes: 1500 });
  const receiver = await scene.receive(['--file', scene.target(), '--once', ...V0]);
  const { path, content } = scene.source(200_000);
  const tooLarge = scene.send(['--file', path, '--framesize', '1515', ...V0]);
  await expectExit(tooLarge, 2);
  expect(failure(tooLarge).code).toBe('FRAME_TOO_LARGE');
  await expectExit(scene.send(['--file', path, '--framesize', '1514', ...V0]), 0);
  await expectExit(receiver, 0);
  expectSame(scene.target(), content);
});
