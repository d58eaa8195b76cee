// The list of senders is another one while the receiver runs: who is new gets in, who is gone loses what is under way.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Program } from './program.ts';
import { expectExit, expectSame, failure, Scene, write } from './scene.ts';

const warned = (code: string) => (event: { readonly [name: string]: unknown }) => event['code'] === code;

it('is read again when it changes, and on SIGHUP', async () => {
  await using scene = await Scene.open('udp');
  const at = (name: string): string => join(scene.directory, name);
  const lines: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    const made = scene.lab.a.zwire(['keygen', '--output', at(name)]);
    await expectExit(made, 0);
    writeFileSync(at(`${name}.pub`), made.stdout);
    lines.push(made.stdout.toString());
  }
  const [first = '', , second = ''] = lines;
  writeFileSync(at('list'), first);
  const keys = ['--identity', at('b'), '--authorized-senders', at('list'), '--state-dir', at('state')];
  const receiver = await scene.receive(['--file', scene.target(), ...keys]);
  const flags = (name: string): string[] => ['--identity', at(name), '--receiver-key', at('b.pub')];
  const { path, content } = scene.source(300_000, 'file');
  const send = (name: string): Program => scene.send(['--file', path, '--timeout', '1s', ...flags(name)]);
  await expectExit(send('c'), 3);

  // One that cannot be read changes nothing.
  writeFileSync(at('list'), `nonsense ${first}`);
  receiver.signal('SIGHUP');
  await receiver.event('warning', warned('KEY_MALFORMED'));
  await expectExit(send('a'), 0);
  expectSame(scene.target(), content);

  // A sender that is taken out loses the transfer that is under way.
  const live = await scene.openTransfer(receiver, flags('a'));
  writeFileSync(at('list'), second);
  await expectExit(live.sender, 4);
  expect(failure(live.sender).code).toBe('SENDER_NOT_ALLOWED');
  await receiver.event('warning', warned('SENDERS_READ'));
  expect(receiver.eventsNamed('finished').at(-1)).toMatchObject({ error: { code: 'SENDER_NOT_ALLOWED' } });
  expectSame(scene.target(), content);
  await expectExit(send('a'), 3);
  await expectExit(send('c'), 0);

  // One whose line stays goes on.
  const staying = await scene.openTransfer(receiver, flags('c'));
  const reads = (): number => receiver.eventsNamed('warning').filter(warned('SENDERS_READ')).length;
  const before = reads();
  writeFileSync(at('list'), first + second);
  receiver.signal('SIGHUP');
  await receiver.event('warning', () => reads() > before);
  await write(staying.sender, staying.first);
  staying.sender.stdin.end();
  await expectExit(staying.sender, 0);
  await expectExit(send('a'), 0);
  receiver.signal('SIGTERM');
  await expectExit(receiver, 143);
});
