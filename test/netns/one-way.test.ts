// Nothing ever comes back: what arrives whole is delivered, what does not is said to be missing.
import { describe, expect, it } from 'vitest';
import { MessageType } from '../../src/wire/segment.ts';
import { expectExit, expectSame, failure, numberOf, Scene } from './scene.ts';
import { startRelay, treated } from './wire-tools.ts';

const BYTES = 12 * 1024 * 1024 + 321;
const ONE_WAY = ['--one-way', '--rate', '400Mbit'];

/** What the relay, a test program, passes on for certain. */
const RELAY_BYTES = 3 * 1024 * 1024 + 5;
const GENTLE = ['--one-way', '--rate', '60Mbit'];

describe.each([
  { link: 'raw', mtuBytes: 9000 },
  { link: 'raw', mtuBytes: 1500 },
  { link: 'udp', mtuBytes: 1500 },
] as const)('one-way, $link, MTU $mtuBytes', (way) => {
  it('delivers over a clean wire, and the receiver sends nothing', async () => {
    await using scene = await Scene.open(way.link, way);
    await scene.lab.a.run(
      ['nft', '-f', '-'],
      `table netdev back {
         chain in {
           type filter hook ingress device "vza" priority 0; policy accept;
           ip protocol udp counter
         }
       }\n`,
    );
    const { path, content } = scene.source(BYTES);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    const sender = scene.send(['--file', path, ...ONE_WAY]);
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
    expect(await sender.event('finished')).toMatchObject({ outcome: 'delivered', bytes: BYTES });
    expect(await receiver.event('finished')).toMatchObject({ outcome: 'committed', bytes: BYTES });
    expect(await scene.lab.a.run(['nft', 'list', 'table', 'netdev', 'back'])).toMatch(/counter packets 0 /);
    await scene.expectNothingLeft(['out']);
  });

  it('with loss ends with a non-zero exit code, says what is missing, and leaves no file', async () => {
    await using scene = await Scene.open(way.link, way);
    await scene.lab.singleDatagrams();
    await scene.lab.loseAtB(2);
    const { path } = scene.source(BYTES);
    const receiver = await scene.receive(['--file', scene.target(), '--once', '--timeout', '5s']);
    const sender = scene.send(['--file', path, ...ONE_WAY]);
    await expectExit(sender, 0);
    await expectExit(receiver, 1);
    expect(await scene.lab.lostAtB()).toBeGreaterThan(5);
    expect(failure(receiver).code).toBe('DATA_LOST');
    expect(failure(receiver).message).toMatch(/\d+/);
    expect(await receiver.event('finished')).toMatchObject({ outcome: 'failed' });
    await scene.expectNothingLeft();
  });
});

describe('a one-way wire that loses chosen frames', () => {
  const { announce, data, end } = MessageType;

  it.each([
    { name: 'many ENDs', rules: [{ from: 'left', types: [end], until: 50, action: 'drop' }] },
    { name: 'repeated ANNOUNCEs', rules: [{ from: 'left', types: [announce], after: 1, action: 'drop' }] },
  ] as const)('delivers without $name', async ({ rules }) => {
    await using scene = await Scene.open('raw', { mtuBytes: 1500, middle: 'relay' });
    const relay = await startRelay(scene.lab, rules);
    const { path, content } = scene.source(RELAY_BYTES);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    await expectExit(scene.send(['--file', path, ...GENTLE]), 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
    await relay.event('treated', () => treated(relay, 'drop') > 0);
  });

  it.each([
    { name: 'one DATA', rules: [{ from: 'left', types: [data], after: 500, until: 501, action: 'drop' }] },
    {
      name: 'a damaged DATA',
      rules: [{ from: 'left', types: [data], after: 500, until: 501, action: 'damage' }],
    },
    { name: 'every END', rules: [{ from: 'left', types: [end], action: 'drop' }] },
    { name: 'the tail, ENDs included', rules: [{ from: 'left', after: 1000, action: 'drop' }] },
  ] as const)('never delivers in silence without $name', async ({ rules }) => {
    await using scene = await Scene.open('raw', { mtuBytes: 1500, middle: 'relay' });
    const relay = await startRelay(scene.lab, rules);
    const { path } = scene.source(RELAY_BYTES);
    const receiver = await scene.receive(['--file', scene.target(), '--once', '--timeout', '2s']);
    await expectExit(scene.send(['--file', path, ...GENTLE]), 0);
    expect((await receiver.exit).code).toBeGreaterThan(0);
    expect(['DATA_LOST', 'PEER_LOST']).toContain(failure(receiver).code);
    await relay.event('treated', () => treated(relay, rules[0].action) > 0);
    expect(scene.inboxNames()).toEqual([]);
  });

  it('takes the same frames twice without harm', async () => {
    await using scene = await Scene.open('raw', { mtuBytes: 1500, middle: 'relay' });
    await startRelay(scene.lab, [{ from: 'left', action: 'duplicate' }]);
    const { path, content } = scene.source(RELAY_BYTES);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    await expectExit(scene.send(['--file', path, ...GENTLE]), 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
    expect(numberOf(await receiver.event('finished'), 'bytes')).toBe(RELAY_BYTES);
  });
});

it('a one-way sender needs no receiver at all', async () => {
  await using scene = await Scene.open('raw');
  const { path } = scene.source(100_000);
  const sender = scene.send(['--file', path, ...ONE_WAY]);
  await expectExit(sender, 0);
  expect(await sender.event('finished')).toMatchObject({ outcome: 'delivered', bytes: 100_000 });
});
