// Ctrl-C, kills and stops: both sides end, or go on, and leave nothing behind.
import { describe, expect, it } from 'vitest';
import { expectExit, expectSame, failure, type LinkKind, Scene, write } from './scene.ts';

/** Long enough that a test which waits for it fails on its own time limit: only a message can end it earlier. */
const PATIENT = ['--timeout', '10m'];

interface SignalCase {
  readonly link: LinkKind;
  readonly signal: 'SIGINT' | 'SIGTERM';
  readonly code: number;
}

const CASES: readonly SignalCase[] = [
  { link: 'raw', signal: 'SIGINT', code: 130 },
  { link: 'raw', signal: 'SIGTERM', code: 143 },
  { link: 'udp', signal: 'SIGINT', code: 130 },
];

describe.each(CASES)('$signal in the middle of a transfer, $link', ({ link, signal, code }) => {
  it('to the sender ends both, and leaves nothing', async () => {
    await using scene = await Scene.open(link);
    const receiver = await scene.receive(['--file', scene.target(), '--once', ...PATIENT]);
    const { sender } = await scene.openTransfer(receiver, PATIENT);
    if (link === 'raw') expect(await scene.lab.b.promiscuity()).toBeGreaterThan(0);
    sender.signal(signal);
    await expectExit(sender, code);
    await expectExit(receiver, 1);
    expect(failure(receiver).code).toBe('PEER_ABORTED');
    await scene.expectNothingLeft();
  });

  it('to the receiver ends both, and leaves nothing', async () => {
    await using scene = await Scene.open(link);
    const receiver = await scene.receive(['--file', scene.target(), ...PATIENT]);
    const { sender } = await scene.openTransfer(receiver, PATIENT);
    receiver.signal(signal);
    await expectExit(receiver, code);
    await expectExit(sender, 1);
    expect(failure(sender).code).toBe('PEER_ABORTED');
    await scene.expectNothingLeft();
  });

  it('to a receiver that waits ends it', async () => {
    await using scene = await Scene.open(link);
    const receiver = await scene.receive(['--file', scene.target()]);
    receiver.signal(signal);
    await expectExit(receiver, code);
    await scene.expectNothingLeft();
  });

  it('to a sender that nobody answers ends it', async () => {
    await using scene = await Scene.open(link);
    const { path } = scene.source(1000);
    const sender = scene.send(['--file', path, ...PATIENT]);
    await sender.event('announced');
    sender.signal(signal);
    await expectExit(sender, code);
    await scene.expectNothingLeft();
  });

  it('to a sender that is held up by a full sink ends both', async () => {
    await using scene = await Scene.open(link);
    await scene.lab.b.run(['mkfifo', scene.target('fifo')]);
    const reader = scene.lab.b.start(['sh', '-c', 'exec sleep 1000 <"$0"', scene.target('fifo')]);
    const receiver = await scene.receive(['--file', scene.target('fifo'), '--once', ...PATIENT]);
    const { path } = scene.source(256 * 1024 * 1024);
    const sender = scene.send(['--file', path, ...PATIENT]);
    await sender.event('progress', (event) => event['bottleneck'] === 'sink');
    sender.signal(signal);
    await expectExit(sender, code);
    await expectExit(receiver, 1);
    reader.signal('SIGKILL');
    await reader.exit;
    await scene.expectNothingLeft(['fifo']);
  });
});

describe.each(['raw', 'udp'] as const)('a side that is gone without a word, %s', (link) => {
  it('the sender: the receiver gives up after --timeout and leaves nothing', async () => {
    await using scene = await Scene.open(link);
    const receiver = await scene.receive(['--file', scene.target(), '--once', '--timeout', '1500ms']);
    const { sender } = await scene.openTransfer(receiver);
    sender.signal('SIGKILL');
    await expectExit(receiver, 3);
    expect(failure(receiver).code).toBe('PEER_LOST');
    await scene.expectNothingLeft();
  });

  it('the receiver: the sender gives up after --timeout', async () => {
    await using scene = await Scene.open(link);
    const receiver = await scene.receive(['--file', scene.target()]);
    const { sender, first } = await scene.openTransfer(receiver, ['--timeout', '1500ms']);
    receiver.signal('SIGKILL');
    await receiver.exit;
    await write(sender, first).catch(() => undefined);
    await expectExit(sender, 3);
    expect(failure(sender).code).toBe('PEER_LOST');
    expect(await scene.lab.b.promiscuity()).toBe(0);
    expect(scene.lab.processes()).toEqual([]);
  });
});

/** How long the receiver is stopped: the figure that was promised. */
const STOPPED_MS = 10_000;

describe.each(['raw', 'udp'] as const)('a receiver stopped for ten seconds and continued, %s', (link) => {
  it('completes, every byte the same', async () => {
    await using scene = await Scene.open(link);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    const { sender, first } = await scene.openTransfer(receiver);
    receiver.signal('SIGSTOP');
    const { content } = scene.source(96 * 1024 * 1024);
    const written = write(sender, content);
    await new Promise((resolve) => setTimeout(resolve, STOPPED_MS));
    expect(sender.running).toBe(true);
    receiver.signal('SIGCONT');
    await written;
    sender.stdin.end();
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), Buffer.concat([first, content]));
    await scene.expectNothingLeft(['out']);
  });
});

it('a sender stopped and continued within the timeout completes', async () => {
  await using scene = await Scene.open('raw');
  const receiver = await scene.receive(['--file', scene.target(), '--once']);
  const { sender, first } = await scene.openTransfer(receiver);
  sender.signal('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  sender.signal('SIGCONT');
  sender.stdin.end();
  await expectExit(sender, 0);
  await expectExit(receiver, 0);
  expectSame(scene.target(), first);
});
