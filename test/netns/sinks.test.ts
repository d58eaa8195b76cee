// Where bytes come from and go to: standard streams, FIFOs and devices in place, regular files aside and renamed.
import { existsSync, linkSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expectExit, expectSame, expectSameBytes, Scene, write } from './scene.ts';

const BYTES = 9_000_001;

describe.each(['raw', 'udp'] as const)('standard streams, %s', (link) => {
  it('carry data from standard input to standard output', async () => {
    await using scene = await Scene.open(link);
    const receiver = await scene.receive(['--file', '-'], { eventsOn: 'stderr' });
    const { content } = scene.source(BYTES);
    const sender = scene.send(['--file', '-'], { stdin: 'pipe' });
    await write(sender, content);
    sender.stdin.end();
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSameBytes(receiver.stdout, content, 'standard output');
  });

  it('carry an empty stream', async () => {
    await using scene = await Scene.open(link);
    const receiver = await scene.receive(['--file', '-'], { eventsOn: 'stderr' });
    const sender = scene.send(['--file', '-']);
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expect(receiver.stdout.length).toBe(0);
  });
});

describe('sinks that are no regular file', () => {
  it('a FIFO is written in place', async () => {
    await using scene = await Scene.open('raw');
    const { path, content } = scene.source(BYTES);
    await scene.lab.b.run(['mkfifo', scene.target('fifo')]);
    const reader = scene.lab.b.start(['cat', scene.target('fifo')]);
    const receiver = await scene.receive(['--file', scene.target('fifo'), '--once']);
    await expectExit(scene.send(['--file', path]), 0);
    await expectExit(receiver, 0);
    await expectExit(reader, 0);
    expectSameBytes(reader.stdout, content, 'what came out of the FIFO');
    expect(lstatSync(scene.target('fifo')).isFIFO()).toBe(true);
    expect(scene.inboxNames()).toEqual(['fifo']);
  });

  it('a FIFO without a reader does not hang the receiver for ever', async () => {
    await using scene = await Scene.open('raw');
    const { path } = scene.source(1000);
    await scene.lab.b.run(['mkfifo', scene.target('fifo')]);
    const receiver = await scene.receive(['--file', scene.target('fifo'), '--timeout', '2s']);
    const sender = scene.send(['--file', path, '--timeout', '2s']);
    expect((await sender.exit).code).not.toBe(0);
    receiver.signal('SIGINT');
    await expectExit(receiver, 130);
    expect(lstatSync(scene.target('fifo')).isFIFO()).toBe(true);
  });

  it('a FIFO that nobody reads in time gives its place to the next transfer', async () => {
    await using scene = await Scene.open('raw');
    const { path, content } = scene.source(BYTES);
    const fifo = scene.target('fifo');
    await scene.lab.b.run(['mkfifo', fifo]);
    const receiver = await scene.receive(['--file', fifo, '--timeout', '2s', '--max-transfers', '1']);
    // It ends before anybody reads, and never asks what became of it.
    await expectExit(scene.send(['--file', path, '--one-way']), 0);
    const { error } = await receiver.event('finished');
    expect(error).toMatchObject({ code: 'SINK_FAILED', message: expect.stringContaining('2 s') });
    const reader = scene.lab.b.start(['cat', fifo]);
    await expectExit(scene.send(['--file', path]), 0);
    await expectExit(reader, 0);
    expectSameBytes(reader.stdout, content, 'what came out of the FIFO');
  });

  it('/dev/null stays a device, also through a link', async () => {
    await using scene = await Scene.open('raw');
    const { path } = scene.source(BYTES);
    symlinkSync('/dev/null', scene.target('link'));
    const receiver = await scene.receive(['--file', scene.target('link'), '--once']);
    await expectExit(scene.send(['--file', path]), 0);
    await expectExit(receiver, 0);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    expect(lstatSync(scene.target('link')).isSymbolicLink()).toBe(true);
  });

  it('a FIFO that nobody writes to can be given up', async () => {
    await using scene = await Scene.open('raw');
    const fifo = `${scene.directory}/fifo`;
    await scene.lab.a.run(['mkfifo', fifo]);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    const sender = scene.send(['--file', fifo]);
    await sender.event('accepted');
    sender.signal('SIGINT');
    await expectExit(sender, 130);
    await expectExit(receiver, 1);
    await scene.expectNothingLeft();
  });

  it('a FIFO can be the source', async () => {
    await using scene = await Scene.open('raw');
    const { path, content } = scene.source(BYTES);
    const fifo = `${scene.directory}/fifo`;
    await scene.lab.a.run(['mkfifo', fifo]);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    const sender = scene.send(['--file', fifo]);
    scene.lab.a.start(['sh', '-c', `exec cat ${path} >${fifo}`]);
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
  });
});

describe('a regular file', () => {
  it('keeps its old content until the new is complete, and is then replaced', async () => {
    await using scene = await Scene.open('raw');
    writeFileSync(scene.target(), 'old');
    linkSync(scene.target(), `${scene.directory}/witness`);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    const { sender, first } = await scene.openTransfer(receiver);
    expect(readFileSync(scene.target(), 'utf8')).toBe('old');
    sender.stdin.end();
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), first);
    expect(readFileSync(`${scene.directory}/witness`, 'utf8')).toBe('old');
    expect(scene.inboxNames()).toEqual(['out']);
  });

  it('is untouched by a transfer that fails', async () => {
    await using scene = await Scene.open('raw');
    writeFileSync(scene.target(), 'old');
    const receiver = await scene.receive(['--file', scene.target(), '--once', '--timeout', '1s']);
    const { sender } = await scene.openTransfer(receiver);
    sender.signal('SIGKILL');
    await expectExit(receiver, 3);
    expect(readFileSync(scene.target(), 'utf8')).toBe('old');
    expect(scene.inboxNames()).toEqual(['out']);
  });

  it('in a directory that does not exist is refused before anything is sent', async () => {
    await using scene = await Scene.open('raw');
    const { path } = scene.source(1000);
    const receiver = scene.startReceive(['--file', scene.target('no/such/directory/out'), '--once']);
    const listening = receiver.event('listening').catch(() => undefined);
    if ((await Promise.race([listening, receiver.exit.then(() => undefined)])) !== undefined)
      expect((await scene.send(['--file', path]).exit).code).not.toBe(0);
    expect((await receiver.exit).code).not.toBe(0);
    expect(existsSync(scene.target('no'))).toBe(false);
  });
});
