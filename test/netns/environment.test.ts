// Bad input and bad luck: a clear error with a code, a way out, the right exit code, and nothing lost.
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { expectExit, expectSame, failure, Scene } from './scene.ts';

describe('the interface', () => {
  it.each(['send', 'receive'] as const)('is missing: %s names those that exist', async (role) => {
    await using scene = await Scene.open('raw');
    const { path } = scene.source(1000);
    const side = role === 'send' ? scene.lab.a : scene.lab.b;
    const flags =
      role === 'send' ? ['--file', path, '--destination-ip', '198.18.0.2'] : ['--file', scene.target()];
    const program = side.zwire([role, '--interface', 'nosuch0', ...flags, '--json']);
    await expectExit(program, 5);
    const { code, message, hint } = failure(program);
    expect(code).toBe('INTERFACE_MISSING');
    expect(message).toContain('nosuch0');
    expect(hint + message).toContain(side.interface);
  });

  it.each(['send', 'receive'] as const)('is down: %s says so', async (role) => {
    await using scene = await Scene.open('raw');
    const { path } = scene.source(1000);
    const side = role === 'send' ? scene.lab.a : scene.lab.b;
    await side.run(['ip', 'link', 'set', side.interface, 'down']);
    const program =
      role === 'send' ? scene.send(['--file', path]) : scene.startReceive(['--file', scene.target()]);
    await expectExit(program, 5);
    expect(failure(program).code).toBe('INTERFACE_DOWN');
    expect(failure(program).hint).toMatch(new RegExp(`ip link set (dev )?${side.interface} up`));
  });

  it.each(['send', 'receive'] as const)('needs a privilege that is missing: %s names it', async (role) => {
    await using scene = await Scene.open('raw');
    const { path } = scene.source(1000);
    const without = { without: ['net_raw', 'net_admin'] };
    const program =
      role === 'send'
        ? scene.send(['--file', path], without)
        : scene.startReceive(['--file', scene.target()], without);
    await expectExit(program, 5);
    const { code, message, hint } = failure(program);
    expect(code).toBe('PRIVILEGE_MISSING');
    expect(message + hint).toMatch(/CAP_NET_RAW/i);
    expect(hint).toMatch(/setcap|sudo/);
  });

  it('needs a privilege that is missing: a program that tries again hears the same', async () => {
    await using scene = await Scene.open('raw');
    const source = fileURLToPath(new URL('receive-twice.mjs', import.meta.url));
    const program = scene.lab.b.start([process.execPath, source, scene.lab.b.interface], {
      without: ['net_raw', 'net_admin'],
    });
    await expectExit(program, 0);
    expect(program.stdout.toString()).toBe('PRIVILEGE_MISSING PRIVILEGE_MISSING\n');
  });

  it('has a smaller MTU than --framesize', async () => {
    await using scene = await Scene.open('raw', { mtuBytes: 1500 });
    const { path } = scene.source(1000);
    const sender = scene.send(['--file', path, '--framesize', '9000']);
    await expectExit(sender, 2);
    expect(failure(sender).code).toBe('FRAME_TOO_LARGE');
    expect(failure(sender).message).toContain('1500');
  });

  it('goes down in the middle of a transfer: both sides end with an error', async () => {
    await using scene = await Scene.open('raw');
    const receiver = await scene.receive(['--file', scene.target(), '--once', '--timeout', '2s']);
    const { sender } = await scene.openTransfer(receiver, ['--timeout', '2s']);
    await scene.lab.b.run(['ip', 'link', 'set', 'vzb', 'down']);
    expect((await sender.exit).code).toBeGreaterThan(0);
    expect((await receiver.exit).code).toBeGreaterThan(0);
    await scene.expectNothingLeft();
  });
});

describe('udp', () => {
  it('works without any capability', async () => {
    await using scene = await Scene.open('udp');
    const without = { without: ['net_raw', 'net_admin', 'sys_admin'] };
    const { path, content } = scene.source(2_000_000);
    const receiver = await scene.receive(['--file', scene.target(), '--once'], without);
    await expectExit(scene.send(['--file', path], without), 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
  });

  it('finds the port taken', async () => {
    await using scene = await Scene.open('udp');
    const first = await scene.receive(['--file', scene.target()]);
    const second = scene.startReceive(['--file', scene.target('other')]);
    await expectExit(second, 5);
    expect(failure(second).code).toBe('PORT_TAKEN');
    expect(failure(second).message).toContain('1337');
    expect(first.running).toBe(true);
  });

  it('takes another port on both sides', async () => {
    await using scene = await Scene.open('udp');
    const { path, content } = scene.source(100_000);
    const receiver = await scene.receive(['--file', scene.target(), '--once', '--port', '4242']);
    await expectExit(scene.send(['--file', path, '--port', '4242']), 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
  });
});

describe.each(['raw', 'udp'] as const)('nobody answers, %s', (link) => {
  it('the sender gives up and says what to check', async () => {
    await using scene = await Scene.open(link);
    const { path } = scene.source(1000);
    const sender = scene.send(['--file', path]);
    await expectExit(sender, 3);
    expect(failure(sender).code).toBe('NO_RECEIVER');
    expect(failure(sender).hint).toMatch(/zwire receive/);
    await scene.expectNothingLeft();
  });

  it('a receiver on another port does not answer', async () => {
    await using scene = await Scene.open(link);
    const { path } = scene.source(1000);
    const receiver = await scene.receive(['--file', scene.target(), '--port', '4242']);
    await expectExit(scene.send(['--file', path]), 3);
    expect(receiver.eventsNamed('announced')).toEqual([]);
  });
});

describe('the disk of the receiver is full', () => {
  it('both sides say so, and nothing half-made stays', async () => {
    await using scene = await Scene.open('raw');
    await scene.lab.b.run(['mount', '-t', 'tmpfs', '-o', 'size=8m', 'none', scene.inbox]);
    const { path } = scene.source(64 * 1024 * 1024);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    const sender = scene.send(['--file', path]);
    await expectExit(sender, 1);
    await expectExit(receiver, 1);
    for (const side of [sender, receiver]) expect(failure(side).message).toMatch(/ENOSPC|no space/i);
    expect(failure(receiver).code).toBe('SINK_FAILED');
    expect(await scene.lab.b.run(['ls', '-A', scene.inbox])).toBe('');
  });
});

describe('the source', () => {
  it('does not exist: nothing is announced', async () => {
    await using scene = await Scene.open('raw');
    const receiver = await scene.receive(['--file', scene.target()]);
    const sender = scene.send(['--file', `${scene.directory}/absent`]);
    expect((await sender.exit).code).toBeGreaterThan(0);
    expect(failure(sender).message).toContain('absent');
    expect(receiver.eventsNamed('announced')).toEqual([]);
  });

  it('is a directory: said so', async () => {
    await using scene = await Scene.open('raw');
    const sender = scene.send(['--file', scene.directory]);
    expect((await sender.exit).code).toBeGreaterThan(0);
    expect(failure(sender).message).toMatch(/directory/i);
  });

  it('cannot be read: nobody is asked to take it', async () => {
    await using scene = await Scene.open('raw');
    const { path } = scene.source(1000);
    await scene.lab.a.run(['chmod', '0', path]);
    const sender = scene.send(['--file', path], { without: ['dac_override', 'dac_read_search'] });
    expect((await sender.exit).code).toBeGreaterThan(0);
    expect(failure(sender).message).toMatch(/EACCES|permission/i);
  });
});

describe('malformed values', () => {
  it.each([
    { flags: ['--destination-mac', 'e2:ff:48:6e:a9'], code: 'MAC_MALFORMED' },
    { flags: ['--destination-mac', 'zz:ff:48:6e:a9:fe'], code: 'MAC_MALFORMED' },
    { flags: ['--source-ip', '198.18.0.256'], code: 'IPV4_MALFORMED' },
    { flags: ['--rate', 'fast'], code: 'FLAG_MALFORMED' },
    { flags: ['--rate', '5'], code: 'FLAG_MALFORMED' },
    { flags: ['--timeout', '-1'], code: 'FLAG_MALFORMED' },
    { flags: ['--port', '70000'], code: 'FLAG_MALFORMED' },
  ])('$flags.0 $flags.1', async ({ flags, code }) => {
    await using scene = await Scene.open('raw');
    const { path } = scene.source(10);
    const program = scene.send(['--file', path, ...flags]);
    await expectExit(program, 2);
    expect(program.stderr + program.stdout.toString()).toContain(flags[1]);
    if (failure(program).code !== '') expect(failure(program).code).toBe(code);
  });
});
