// A bad wire, two-way: what is lost, doubled, late or damaged is brought again, and the file is the same.
import { describe, expect, it } from 'vitest';
import { MessageType } from '../../src/wire/segment.ts';
import { expectExit, expectSame, type LinkKind, numberOf, Scene } from './scene.ts';
import { type RelayRule, startRelay, treated } from './wire-tools.ts';

const BYTES = 32 * 1024 * 1024 + 1;
const RELAY_BYTES = 6 * 1024 * 1024 + 1;

interface LossCase {
  readonly link: LinkKind;
  readonly mtuBytes: number;
  readonly percent: number;
  readonly what: 'datagrams' | 'super-frames';
}

const LOSSES: readonly LossCase[] = [
  { link: 'raw', mtuBytes: 9000, percent: 2, what: 'datagrams' },
  { link: 'raw', mtuBytes: 1500, percent: 2, what: 'datagrams' },
  { link: 'raw', mtuBytes: 9000, percent: 5, what: 'super-frames' },
  { link: 'raw', mtuBytes: 1500, percent: 5, what: 'super-frames' },
  { link: 'raw', mtuBytes: 1500, percent: 25, what: 'datagrams' },
  { link: 'udp', mtuBytes: 9000, percent: 2, what: 'datagrams' },
  { link: 'udp', mtuBytes: 1500, percent: 2, what: 'datagrams' },
  { link: 'udp', mtuBytes: 1500, percent: 5, what: 'super-frames' },
];

describe('random loss', () => {
  it.each(LOSSES)('of $percent % of the $what is repaired: $link, MTU $mtuBytes', async (loss) => {
    await using scene = await Scene.open(loss.link, loss);
    if (loss.what === 'datagrams') await scene.lab.singleDatagrams();
    await scene.lab.loseAtB(loss.percent);
    const { path, content } = scene.source(BYTES);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    const sender = scene.send(['--file', path]);
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
    expect(await scene.lab.lostAtB()).toBeGreaterThan(5);
    expect(numberOf(await sender.event('finished'), 'repeats')).toBeGreaterThan(5);
  });
});

interface RelayCase {
  readonly name: string;
  readonly rules: readonly RelayRule[];
  /** The receiver must say that it turned segments away. */
  readonly rejects?: boolean;
}

const { announce, data, status, end, join, probe } = MessageType;
const left = { from: 'left' } as const;
const right = { from: 'right' } as const;

// A record with one damaged segment is lost whole, so damage must be rarer than records are long.
const MISTREATMENTS: readonly RelayCase[] = [
  {
    name: 'every frame comes twice',
    rules: [
      { ...left, action: 'duplicate' },
      { ...right, action: 'duplicate' },
    ],
  },
  {
    name: 'every third DATA comes late',
    rules: [{ ...left, types: [data], every: 3, by: 40, action: 'hold' }],
  },
  {
    name: 'every second STATUS comes late',
    rules: [{ ...right, types: [status], every: 2, by: 7, action: 'hold' }],
  },
  {
    name: 'a DATA is damaged',
    rules: [{ ...left, types: [data], every: 500, action: 'damage' }],
    rejects: true,
  },
  {
    name: 'a DATA is cut short',
    rules: [{ ...left, types: [data], every: 50, by: 33, action: 'cut' }],
    rejects: true,
  },
  { name: 'a DATA is spoiled', rules: [{ ...left, types: [data], every: 500, action: 'spoil' }] },
  {
    name: 'control messages are damaged',
    rules: [{ ...left, types: [end, probe], until: 3, action: 'damage' }],
  },
  { name: 'the first ANNOUNCEs are lost', rules: [{ ...left, types: [announce], until: 3, action: 'drop' }] },
  { name: 'the first JOINs are lost', rules: [{ ...right, types: [join], until: 3, action: 'drop' }] },
  { name: 'two of three STATUS are lost', rules: [statusLoss(3), statusLoss(2)] },
  { name: 'the first ENDs are lost', rules: [{ ...left, types: [end], until: 4, action: 'drop' }] },
  { name: 'the first DATA are lost', rules: [{ ...left, types: [data], until: 100, action: 'drop' }] },
  { name: 'both ways go dark for a while', rules: [dark('left', 150, 400), dark('right', 20, 45)] },
];

function statusLoss(every: number): RelayRule {
  return { ...right, types: [status], every, action: 'drop' };
}

/** Frames are counted, not time: an idle receiver speaks ten times a second, so few of its frames are a long time. */
function dark(from: 'left' | 'right', after: number, until: number): RelayRule {
  return { from, after, until, action: 'drop' };
}

describe('a wire that mistreats chosen frames', () => {
  it.each(MISTREATMENTS)('$name', async ({ rules, rejects }) => {
    await using scene = await Scene.open('raw', { mtuBytes: 1500, middle: 'relay' });
    const relay = await startRelay(scene.lab, rules);
    const { path, content } = scene.source(RELAY_BYTES);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    const sender = scene.send(['--file', path]);
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
    const action = rules[0]?.action ?? 'drop';
    await relay.event('treated', () => treated(relay, action) > 0);
    const finished = await receiver.event('finished');
    if (rejects === true) expect(numberOf(finished, 'rejected')).toBeGreaterThan(0);
  });

  it('the same over UDP sockets, with every kind of mistreatment at once', async () => {
    await using scene = await Scene.open('udp', { mtuBytes: 1500, middle: 'relay' });
    const relay = await startRelay(scene.lab, [
      { ...left, types: [data], every: 31, action: 'drop' },
      { ...left, types: [data], every: 17, action: 'duplicate' },
      { ...left, types: [data], every: 11, by: 25, action: 'hold' },
      { ...left, types: [data], every: 401, action: 'damage' },
      { ...right, every: 5, action: 'drop' },
    ]);
    const { path, content } = scene.source(RELAY_BYTES);
    const receiver = await scene.receive(['--file', scene.target(), '--once']);
    await expectExit(scene.send(['--file', path]), 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
    await relay.event('treated', () => treated(relay, 'damage') > 0 && treated(relay, 'drop') > 0);
  });
});
