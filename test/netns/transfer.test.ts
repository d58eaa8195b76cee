// A file crosses the wire and every byte arrives: links, frame sizes, sizes of files, one after another, at once.
import { describe, expect, it } from 'vitest';
import { geometryForMtu } from '../../src/wire/geometry.ts';
import { expectExit, expectSame, type LinkKind, numberOf, Scene } from './scene.ts';

const ODD_BYTES = 24 * 1024 * 1024 + 12_345;

interface Way {
  readonly link: LinkKind;
  readonly mtuBytes: number;
  readonly flags: readonly string[];
  readonly userNamespace?: boolean;
}

const WAYS: readonly Way[] = [
  { link: 'raw', mtuBytes: 9000, flags: [] },
  { link: 'raw', mtuBytes: 1500, flags: [] },
  { link: 'raw', mtuBytes: 9000, flags: ['--no-gso'] },
  { link: 'raw', mtuBytes: 1500, flags: ['--no-gso'] },
  { link: 'udp', mtuBytes: 9000, flags: [] },
  { link: 'udp', mtuBytes: 1500, flags: [] },
  { link: 'udp', mtuBytes: 9000, flags: ['--no-gso'] },
  { link: 'udp', mtuBytes: 1500, flags: ['--no-gso'] },
  { link: 'raw', mtuBytes: 9000, flags: [], userNamespace: true },
  { link: 'udp', mtuBytes: 9000, flags: [], userNamespace: true },
  { link: 'raw', mtuBytes: 9000, flags: ['--framesize', '4000'] },
  { link: 'raw', mtuBytes: 576, flags: [] },
];

function wayName({ link, mtuBytes, flags, userNamespace }: Way): string {
  const words = [
    `${link}, MTU ${mtuBytes}`,
    ...flags,
    ...(userNamespace === true ? ['in a user namespace'] : []),
  ];
  return words.join(' ');
}

describe('one file', () => {
  it.each(WAYS.map((way) => [wayName(way), way] as const))('arrives: %s', async (_name, way) => {
    await using scene = await Scene.open(way.link, way);
    const { path, content } = scene.source(ODD_BYTES);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    const sender = scene.send(['--file', path, ...way.flags]);
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
    const announced = await sender.event('announced');
    expect(announced['mtuBytes']).toBe(way.flags[0] === '--framesize' ? 4000 : way.mtuBytes);
    if (way.flags[0] === '--no-gso') expect(announced['gso']).toBe(false);
    for (const side of [sender, receiver]) {
      const finished = await side.event('finished');
      expect(finished).toMatchObject({ outcome: 'committed', bytes: ODD_BYTES, rejected: 0 });
      expect(finished['transfer']).toMatch(/^[0-9a-f]{16}$/);
      expect(numberOf(finished, 'records')).toBeGreaterThan(0);
    }
    await scene.expectNothingLeft(['out']);
  });
});

describe.each([
  { link: 'raw', mtuBytes: 9000 },
  { link: 'raw', mtuBytes: 1500 },
  { link: 'udp', mtuBytes: 1500 },
] as const)('sizes around a record: $link at MTU $mtuBytes', (way) => {
  it('arrive one after another in one receiver, each replacing the one before', async () => {
    await using scene = await Scene.open(way.link, way);
    const record = geometryForMtu(way.mtuBytes).plaintextBytes;
    const receiver = await scene.receive(['--file', scene.target()]);
    for (const bytes of [record, 0, 1, record - 1, record + 1, 2 * record, 0, 97 * record + 5]) {
      const { path, content } = scene.source(bytes);
      const sender = scene.send(['--file', path]);
      await expectExit(sender, 0);
      expectSame(scene.target(), content);
      expect(await sender.event('finished')).toMatchObject({ outcome: 'committed', bytes });
    }
    expect(receiver.eventsNamed('finished').map((event) => event['outcome'])).toEqual(
      Array(8).fill('committed'),
    );
    receiver.signal('SIGINT');
    await expectExit(receiver, 130);
    await scene.expectNothingLeft(['out']);
  });
});

describe.each(['raw', 'udp'] as const)('several transfers at once, %s', (link) => {
  it('go into one receiver without disturbing each other', async () => {
    await using scene = await Scene.open(link);
    const receiver = await scene.receive(['--file', '/dev/null']);
    const bytes = [ODD_BYTES, 1_000_003, ODD_BYTES + 77, 5];
    const open = await scene.openTransfer(receiver);
    const senders = bytes.map((size, i) => scene.send(['--file', scene.source(size, `source-${i}`).path]));
    for (const sender of senders) await expectExit(sender, 0);
    open.sender.stdin.end();
    await expectExit(open.sender, 0);
    const finished = receiver.eventsNamed('finished');
    expect(finished.map((event) => event['outcome'])).toEqual(Array(5).fill('committed'));
    expect(new Set(finished.map((event) => event['transfer'])).size).toBe(5);
    expect(finished.map((event) => numberOf(event, 'bytes')).sort((a, b) => a - b)).toEqual(
      [...bytes, open.first.length].sort((a, b) => a - b),
    );
  });
});

describe('two transfers into the same file', () => {
  it('leave one of the two, whole; the other is refused or was there before', async () => {
    await using scene = await Scene.open('raw');
    const receiver = await scene.receive(['--file', scene.target()]);
    const open = await scene.openTransfer(receiver);
    const second = scene.source(3_000_000);
    const sender = scene.send(['--file', second.path]);
    const { code } = await sender.exit;
    expect([0, 4]).toContain(code);
    if (code === 0) expectSame(scene.target(), second.content);
    open.sender.stdin.end();
    await expectExit(open.sender, 0);
    expectSame(scene.target(), open.first);
    expect(scene.inboxNames()).toEqual(['out']);
  });
});

it('--once ends with the result of the first transfer', async () => {
  await using scene = await Scene.open('raw');
  const receiver = await scene.receive(['--file', scene.target(), '--once', '--timeout', '1s']);
  const { sender } = await scene.openTransfer(receiver);
  sender.signal('SIGKILL');
  await expectExit(receiver, 3);
});

it('a receiver takes the next transfer after one that failed', async () => {
  await using scene = await Scene.open('raw');
  const receiver = await scene.receive(['--file', scene.target(), '--timeout', '1s']);
  const lost = await scene.openTransfer(receiver);
  lost.sender.signal('SIGKILL');
  expect(await receiver.event('finished')).toMatchObject({ outcome: 'failed', error: { code: 'PEER_LOST' } });
  expect(scene.inboxNames()).toEqual([]);
  const { path, content } = scene.source(1_000_000);
  await expectExit(scene.send(['--file', path]), 0);
  expectSame(scene.target(), content);
  expect(receiver.running).toBe(true);
});
