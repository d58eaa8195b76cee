// What a receiver's owner writes into the line of a sender, end to end: what is over it is refused or broken off, what
// is within it arrives.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Program } from './program.ts';
import { expectExit, expectSame, failure, Scene, write } from './scene.ts';

/** Makes a key; gives its public line. */
async function makeKey(scene: Scene, path: string): Promise<string> {
  const program = scene.lab.a.zwire(['keygen', '--output', path]);
  await expectExit(program, 0);
  const line = /^zwire1 \S+.*$/m.exec(program.stdout.toString())?.[0];
  if (line === undefined) throw new Error(`no public line: ${program.describe()}`);
  return line;
}

it('is enforced', async () => {
  await using scene = await Scene.open('udp');
  const paths = ['a.key', 'b.key', 'authorized', 'b.pub'].map((name) => join(scene.directory, name));
  const [aKey = '', bKey = '', authorized = '', bPublic = ''] = paths;
  const sender = await makeKey(scene, aKey);
  writeFileSync(bPublic, `${await makeKey(scene, bKey)}\n`);
  writeFileSync(authorized, `max-bytes=1M max-rate=800Mbit kinds=file ${sender}\n`);
  const receiver = await scene.receive([
    '--file',
    scene.target(),
    '--authorized-senders',
    authorized,
    '--identity',
    bKey,
    '--state-dir',
    scene.directory,
  ]);
  const send = (args: readonly string[], stdin?: 'pipe'): Program =>
    scene.send([...args, '--identity', aKey, '--receiver-key', bPublic], stdin ? { stdin } : {});

  const tooLong = scene.source(3_000_000, 'too long');
  const refused = send(['--file', tooLong.path]);
  await expectExit(refused, 4);
  expect(failure(refused).message).toMatch(/1048576 bytes/);

  const unsaid = send(['--file', '-'], 'pipe');
  const written = write(unsaid, tooLong.content).catch(() => undefined);
  await expectExit(unsaid, 4);
  await written;
  expect(failure(unsaid).code).toBe('SENDER_LIMIT');
  expect(existsSync(scene.target())).toBe(false);

  const { path, content } = scene.source(1_000_000, 'within');
  await expectExit(send(['--file', path]), 0);
  expectSame(scene.target(), content);
  expect(receiver.running).toBe(true);
});
