// Transfers with keys, and everyone on the segment who has none, the wrong ones, or yesterday's frames.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeSecret } from '../../src/cli/keys/key-file.ts';
import { KeyPair } from '../../src/seal/key-pair.ts';
import { formatPublicKey } from '../../src/seal/public-key.ts';
import { openSuiteKeys } from '../../src/seal/session-keys.ts';
import { ControlChannel } from '../../src/transfer/control-channel.ts';
import { encodeAbort } from '../../src/wire/abort.ts';
import { encodeEnd } from '../../src/wire/end.ts';
import { MessageType } from '../../src/wire/segment.ts';
import { buildFrame, parseFrame } from './frame.ts';
import type { Program } from './program.ts';
import { expectExit, expectSame, failure, numberOf, Scene, write } from './scene.ts';
import { sendFrames, sniff } from './wire-tools.ts';

/** Single datagrams that anyone can capture and send again. */
const SINGLE = ['--no-gso'];
const QUICK = ['--timeout', '1s'];
const ONE_WAY = ['--one-way', '--rate', '200Mbit'];

/** Files with keys for both sides of a scene. */
class Keyring {
  readonly directory: string;
  readonly sender: KeyPair = KeyPair.generate();
  readonly receiver: KeyPair = KeyPair.generate();

  constructor(scene: Scene) {
    this.directory = join(scene.directory, 'keys');
    mkdirSync(this.directory);
    this.secret('sender', this.sender);
    this.secret('receiver', this.receiver);
    this.list('authorized', `# known\n${formatPublicKey(this.sender.publicKey, 'sender')}\n`);
  }

  secret(name: string, pair: KeyPair): string {
    const path = join(this.directory, name);
    writeSecret(path, 'zwire-secret1', pair.secret(), 'of a test');
    return path;
  }

  list(name: string, text: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, text);
    return path;
  }

  get receive(): string[] {
    const at = (name: string): string => join(this.directory, name);
    return [
      ['--identity', at('receiver')],
      ['--authorized-senders', at('authorized')],
      ['--state-dir', at('state')],
    ].flat();
  }

  get send(): string[] {
    return this.sendTo(this.receiver.publicKey);
  }

  sendTo(publicKey: Uint8Array, identity = 'sender'): string[] {
    return ['--identity', join(this.directory, identity), '--receiver-key', formatPublicKey(publicKey)];
  }
}

const typeOf = (frame: Buffer): number => parseFrame(frame).payload[3] ?? 0;
const idOf = (frame: Buffer): string => parseFrame(frame).payload.subarray(8, 16).toString('hex');
const isLast = (frame: Buffer): boolean => typeOf(frame) === MessageType.abort;

/** The same frame with other bytes in its payload, its sums right again. */
function changed(frame: Buffer, change: (payload: Buffer) => void): Buffer {
  const parsed = parseFrame(frame);
  const payload = Buffer.from(parsed.payload);
  change(payload);
  return buildFrame({ ...parsed, payload });
}

/** The same frame with its sums right: a captured one may have been summed up by nobody yet. */
const same = (frame: Buffer): Buffer => changed(frame, () => undefined);

/** A transfer that is known to have passed after everything that was sent before it. */
async function honestTransfer(scene: Scene, keys: Keyring, name: string): Promise<void> {
  const { path } = scene.source(100_000, name);
  await expectExit(scene.send(['--file', path, ...keys.send]), 0);
}

const strangers = (receiver: Program): string[] =>
  receiver
    .eventsNamed('warning')
    .filter((event) => event['code'] === 'STRANGERS_IGNORED')
    .map((event) => String(event['message']));

/** Counts the UDP datagrams that come to side a. */
async function countAnswers(scene: Scene): Promise<() => Promise<number>> {
  await scene.lab.a.run(
    ['nft', '-f', '-'],
    `table netdev back {
       chain in {
         type filter hook ingress device "vza" priority 0; policy accept;
         ip protocol udp counter
       }
     }\n`,
  );
  return async () => {
    const table = await scene.lab.a.run(['nft', 'list', 'table', 'netdev', 'back']);
    return Number(/counter packets (\d+)/.exec(table)?.[1]);
  };
}

describe.each(['raw', 'udp'] as const)('with keys, %s', (link) => {
  it.each([
    ['two-way', []],
    ['one-way', ONE_WAY],
    ['two-way, ChaCha20-Poly1305', ['--cipher', 'chacha20']],
  ] as const)('a file arrives, %s', async (_name, flags) => {
    await using scene = await Scene.open(link);
    const keys = new Keyring(scene);
    const { path, content } = scene.source(8 * 1024 * 1024 + 77);
    const receiver = await scene.receive(['--file', scene.target(), '--once', ...keys.receive]);
    const sender = scene.send(['--file', path, ...flags, ...keys.send]);
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
    expect(strangers(receiver)).toEqual([]);
    await scene.expectNothingLeft(['out']);
  });
});

describe('what was recorded, or is shared', () => {
  it('a recorded two-way transfer is worth nothing, to the same receiver or another', async () => {
    await using scene = await Scene.open('raw', { mtuBytes: 1500 });
    const keys = new Keyring(scene);
    const { path } = scene.source(400_000);
    const receiver = await scene.receive(['--file', scene.target(), ...keys.receive]);
    const capture = await sniff(scene.lab.b, 1337);
    await expectExit(scene.send(['--file', path, ...SINGLE, ...keys.send]), 0);
    const recorded = (await capture.take(100, isLast)).map(same);
    await sendFrames(scene.lab.a, recorded);
    await honestTransfer(scene, keys, 'later');
    expect(receiver.eventsNamed('finished').length).toBe(2);
    receiver.signal('SIGINT');
    await receiver.exit;

    const again = await scene.receive(['--file', scene.target('again'), ...keys.receive]);
    await sendFrames(scene.lab.a, recorded);
    await honestTransfer(scene, keys, 'last');
    expect(again.eventsNamed('announced').length).toBe(1);
    expect(strangers(again).length).toBeLessThanOrEqual(1);
    expect(scene.inboxNames()).toEqual(['again', 'out']);
  });

  it('a recorded one-way transfer is refused, by a new receiver too', async () => {
    await using scene = await Scene.open('udp', { mtuBytes: 1500 });
    const keys = new Keyring(scene);
    const { path, content } = scene.source(300_000);
    const receiver = await scene.receive(['--file', scene.target(), '--once', ...keys.receive]);
    const capture = await sniff(scene.lab.b, 1337);
    await expectExit(scene.send(['--file', path, ...SINGLE, ...ONE_WAY, ...keys.send]), 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), content);
    const recorded = (await capture.take(200)).map(same);

    const again = await scene.receive(['--file', scene.target('again'), ...keys.receive]);
    await sendFrames(scene.lab.a, recorded);
    const refused = await again.event('refused');
    expect(refused).toMatchObject({ code: 'REPLAYED' });
    await honestTransfer(scene, keys, 'later');
    // Said once, however many of its frames came.
    expect(again.eventsNamed('refused').length).toBe(1);
    expect(again.eventsNamed('accepted').length).toBe(1);
    expect(scene.inboxNames()).toEqual(['again', 'out']);
  });

  it('a shared key is enough, and another one is not', async () => {
    await using scene = await Scene.open('raw');
    const keys = new Keyring(scene);
    const psk = (name: string, fill: number): string[] => {
      const path = join(keys.directory, name);
      writeSecret(path, 'zwire-shared1', new Uint8Array(32).fill(fill), 'of a test');
      return ['--psk-file', path];
    };
    const state = ['--state-dir', join(keys.directory, 'state')];
    const ours = psk('ours', 1);
    const { path, content } = scene.source(1_000_000);
    const receiver = await scene.receive(['--file', scene.target(), ...state, ...ours]);
    await expectExit(scene.send(['--file', path, ...QUICK, ...psk('theirs', 2)]), 3);
    expect(scene.inboxNames()).toEqual([]);
    await expectExit(scene.send(['--file', path, ...ours]), 0);
    expectSame(scene.target(), content);
    expect(receiver.eventsNamed('announced').length).toBe(1);
  });
});

describe('who is not let in gets no answer, and leaves nothing', () => {
  it.each([
    [
      'who is not on the list',
      (keys: Keyring) => keys.sendTo(keys.receiver.publicKey, 'stranger'),
      /not on the list/,
    ],
    [
      'who takes us for another',
      (keys: Keyring) => keys.sendTo(KeyPair.generate().publicKey),
      /another receiver/,
    ],
    ['who has no keys', () => [], /without keys/],
  ] as const)('%s', async (_name, flagsOf, why) => {
    await using scene = await Scene.open('udp');
    const keys = new Keyring(scene);
    const stranger = KeyPair.generate();
    keys.secret('stranger', stranger);
    const answers = await countAnswers(scene);
    const receiver = await scene.receive(['--file', scene.target(), ...keys.receive]);
    const { path } = scene.source(100_000);
    for (const way of [[], ONE_WAY]) {
      const sender = scene.send(['--file', path, ...QUICK, ...way, ...flagsOf(keys)]);
      await expectExit(sender, way.length === 0 ? 3 : 0);
      if (way.length === 0) expect(failure(sender).code).toBe('NO_RECEIVER');
    }
    expect(await answers()).toBe(0);
    await honestTransfer(scene, keys, 'later');
    expect(receiver.eventsNamed('announced').length).toBe(1);
    const said = strangers(receiver);
    expect(said[0]).toMatch(why);
    expect(said.length).toBeLessThanOrEqual(2);
    if (why.source === 'not on the list') expect(said[0]).toContain(formatPublicKey(stranger.publicKey));
  });

  it('a receiver without keys does not understand a sender with keys, and says so', async () => {
    await using scene = await Scene.open('udp');
    const keys = new Keyring(scene);
    const receiver = await scene.receive(['--file', scene.target()]);
    const { path } = scene.source(100_000);
    await expectExit(scene.send(['--file', path, ...QUICK, ...keys.send]), 3);
    expect(strangers(receiver)[0]).toMatch(/this one has none/);
    expect(scene.inboxNames()).toEqual([]);
  });
});

describe('an attacker who sees every frame', () => {
  it('changes any byte of an announcement, or says it again unchanged: nothing is opened', async () => {
    await using scene = await Scene.open('udp', { mtuBytes: 1500 });
    const keys = new Keyring(scene);
    const capture = await sniff(scene.lab.b, 1337);
    const { path } = scene.source(100_000);
    // Nobody listens yet: the announcement is all that there is.
    await expectExit(scene.send(['--file', path, '--timeout', '1s', ...keys.send]), 3);
    const [announce] = await capture.take(1);
    if (announce === undefined) throw new Error('nothing was announced');
    const receiver = await scene.receive(['--file', scene.target(), ...keys.receive]);
    const { payload } = parseFrame(announce);
    const forgeries = Array.from(payload, (_byte, at) =>
      changed(announce, (bytes) => {
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      }),
    );
    await sendFrames(scene.lab.a, forgeries);
    const before = receiver.peakRssBytes;
    for (let round = 0; round < 5; round++) await sendFrames(scene.lab.a, [...forgeries, announce]);
    await honestTransfer(scene, keys, 'later');
    expect(receiver.eventsNamed('announced').length).toBe(1);
    expect(receiver.peakRssBytes - before).toBeLessThan(64 << 20);
    expect(strangers(receiver).length).toBeLessThan(3);
  });

  it('forges the end, the abort and the answers of a live transfer with the keys of the open suite', async () => {
    await using scene = await Scene.open('udp', { mtuBytes: 1500 });
    const keys = new Keyring(scene);
    const receiver = await scene.receive(['--file', scene.target(), '--once', ...keys.receive]);
    const capture = await sniff(scene.lab.b, 1337);
    const { sender, first } = await scene.openTransfer(receiver, [...SINGLE, ...keys.send]);
    const accepted = await receiver.event('accepted');
    const frames = (await capture.take(10)).filter((frame) => idOf(frame) === accepted['transfer']);
    const announce = frames.find((frame) => typeOf(frame) === MessageType.announce);
    if (announce === undefined) throw new Error('nothing was announced');
    const { payload } = parseFrame(announce);
    const salt = payload.subarray(32 + 16, 32 + 48);
    const open = openSuiteKeys(salt);
    const [high, low] = [payload.readUInt32BE(8), payload.readUInt32BE(12)];
    using forger = new ControlChannel(open.senderControl, open.receiverControl, high, low);
    const abort = encodeAbort({ code: 'INTERRUPTED', message: 'go away' });
    const end = encodeEnd({ records: 1, bytes: 1n, digest: new Uint8Array(32) });
    const forged = [forger.write(MessageType.abort, abort), forger.write(MessageType.end, end)].map((bytes) =>
      buildFrame({ ...parseFrame(announce), payload: bytes }),
    );
    const recordedControls = frames.filter((frame) => typeOf(frame) !== MessageType.data).map(same);
    for (let round = 0; round < 4; round++) await sendFrames(scene.lab.a, [...forged, ...recordedControls]);
    await write(sender, first);
    sender.stdin.end();
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), Buffer.concat([first, first]));
    expect(numberOf(await receiver.event('finished'), 'rejected')).toBeGreaterThan(10);
  });

  it('floods with announcements of every kind while a transfer goes on', async () => {
    await using scene = await Scene.open('udp', { mtuBytes: 1500 });
    const keys = new Keyring(scene);
    const capture = await sniff(scene.lab.b, 1337);
    const { path } = scene.source(100_000);
    await expectExit(scene.send(['--file', path, '--timeout', '1s', ...keys.send]), 3);
    await expectExit(scene.send(['--file', path, '--timeout', '1s']), 3);
    const announcements = (await capture.take(2)).filter((frame) => typeOf(frame) === MessageType.announce);
    const receiver = await scene.receive(['--file', scene.target(), '--once', ...keys.receive]);
    const { sender, first } = await scene.openTransfer(receiver, [...keys.send]);
    const before = receiver.peakRssBytes;
    const flood = Array.from({ length: 20_000 }, (_, index) =>
      changed(announcements[index % announcements.length] ?? Buffer.alloc(0), (payload) => {
        payload.writeUInt32BE(index, 12);
      }),
    );
    await sendFrames(scene.lab.a, flood);
    await write(sender, first);
    sender.stdin.end();
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expectSame(scene.target(), Buffer.concat([first, first]));
    expect(receiver.peakRssBytes - before).toBeLessThan(96 << 20);
    expect(strangers(receiver).length).toBeLessThan(4);
  });
});
