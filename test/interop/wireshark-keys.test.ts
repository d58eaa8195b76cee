// Captures of transfers with keys: closed to whoever has only the capture, open with the key log of either side.
import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSecret } from '../../src/cli/keys/key-file.ts';
import { ReceiverHandshake, SenderHandshake } from '../../src/seal/handshake.ts';
import { KeyPair } from '../../src/seal/key-pair.ts';
import { PAYLOAD_SECRET_BYTES } from '../../src/seal/noise.ts';
import { controlSegment } from '../../src/transfer/control-channel.ts';
import { logHandshake } from '../../src/transfer/key-log.ts';
import { decodeAnnounceClear } from '../../src/wire/announce.ts';
import { geometryForMtu } from '../../src/wire/geometry.ts';
import { MessageType } from '../../src/wire/segment.ts';
import { SUITES, type Suite } from '../../src/wire/suite.ts';
import { buildFrame } from '../netns/frame.ts';
import { expectExit, failure, Scene } from '../netns/scene.ts';
import { type Captured, capturedTransfer } from './captures.ts';
import { ADDRESSES, segment } from './frames.ts';
import { type Row, Tshark, writeCapture } from './tshark.ts';

let tshark: Tshark;
beforeAll(() => {
  tshark = new Tshark();
});
afterAll(() => tshark[Symbol.dispose]());

const MTU_BYTES = 1500;
const ONE_WAY = ['--one-way', '--rate', '200Mbit'];
const isKeyed = (name: string): name is Suite => name !== 'open' && Object.hasOwn(SUITES, name);
const isTrue = (value: string): boolean => value === '1' || value === 'True';
const ofType = (rows: readonly Row[], type: keyof typeof MessageType): Row[] =>
  rows.filter((row) => row.numbers('type').includes(MessageType[type]));

const control = (rows: readonly Row[]): Row[] => rows.filter((row) => row.has('opened'));
const remarks = (rows: readonly Row[]): string[] => rows.flatMap((row) => row.all('_ws.expert.message'));

const KEY_LINE = 'zwire-keys1';
const HANDSHAKE_LINE = 'zwire-handshake1';
/** What stands in a key log of one transfer: what opens its announcement, then what opens everything else. */
const keyLogOf = (id: string, cipher: string): RegExp =>
  new RegExp(
    `^${HANDSHAKE_LINE} ${id} ${cipher} [0-9a-f]{64} [0-9a-f]{64}\n${KEY_LINE} ${id} ${cipher} [0-9a-f]{64}\n$`,
  );

/** Without a key log: who announces to whom is hidden, and nothing is known of what was announced. */
function expectSealed(rows: readonly Row[], suite: Suite): void {
  const announces = ofType(rows, 'announce');
  expect(announces.length).toBeGreaterThan(0);
  for (const row of announces) {
    expect(row.number('announce.suite')).toBe(SUITES[suite].number);
    expect(row.has('announce.sealed_key')).toBe(true);
    expect(row.has('announce.body')).toBe(false);
    expect(row.has('json.key')).toBe(false);
    expect(row.has('from')).toBe(false);
    expect(remarks([row]).join()).toMatch(/sealed by a handshake and needs a key log/);
  }
  expect(rows.flatMap((row) => row.all('opened')).some(isTrue)).toBe(false);
  expect(rows.some((row) => row.has('announced_in'))).toBe(false);
}

/** With it: every field of the announcement, and what depends on it. */
function expectAnnounced(rows: readonly Row[], suite: Suite, run: Captured): void {
  const announces = ofType(rows, 'announce');
  const [first] = announces;
  const firstFrame = first?.number('frame.number');
  for (const row of announces) {
    expect(row.number('announce.suite')).toBe(SUITES[suite].number);
    expect(row.one('announce.zero')).toBe('00000000000000');
    expect(row.one('announce.key_id')).toMatch(/^0x[0-9a-f]{16}$/);
    expect(row.one('announce.key_id')).not.toBe('0x0000000000000000');
    expect(row.one('announce.salt')).toMatch(/^[0-9a-f]{64}$/);
    expect(row.one('announce.ephemeral_key')).toMatch(/^(?!0{64})[0-9a-f]{64}$/);
    expect(row.one('announce.time')).toContain(String(new Date().getUTCFullYear()));
    expect(row.one('announce.sealed_key')).toMatch(/^[0-9a-f]{96}$/);
    expect(row.one('from')).toBe('sender');
    expect(row.all('opened').every(isTrue)).toBe(true);
    expect(row.number('counter')).toBe(0);
    const oneWay = suite.startsWith('X');
    const body: unknown = JSON.parse(row.one('announce.body'));
    expect(body).toMatchObject({
      kind: 'file',
      name: 'source',
      recursive: false,
      sizeBytes: String(run.content.length),
      segmentPayloadBytes: geometryForMtu(MTU_BYTES).segmentPayloadBytes,
      fecDataRecords: 0,
      fecParityRecords: 0,
      feedback: oneWay ? 'none' : 'one',
      timeoutMs: expect.any(Number),
      features: expect.any(Array),
    });
    // As Wireshark's own JSON dissector reads it.
    expect(row.all('json.key')).toEqual(expect.arrayContaining(Object.keys(Object(body))));
    expect(row.all('json.value.string')).toEqual(expect.arrayContaining(['file', 'source']));
  }
  for (const row of rows) {
    if (row.number('frame.number') > (firstFrame ?? 0))
      expect(row.number('announced_in'), String(row)).toBe(firstFrame);
  }
}

function write(scene: Scene, name: string, text: string): string {
  const path = join(scene.directory, name);
  writeFileSync(path, text);
  return path;
}

describe('a transfer with keys', () => {
  it.each([
    ['IKpsk2_AESGCM', [], 'send'],
    ['IKpsk2_ChaChaPoly', ['--cipher', 'chacha20'], 'receive'],
    ['Xpsk1_AESGCM', ONE_WAY, 'receive'],
    ['Xpsk1_ChaChaPoly', [...ONE_WAY, '--cipher', 'chacha20'], 'send'],
  ] as const)('%s: opens with the key log of one side', async (suite, flags, side) => {
    await using scene = await Scene.open('raw', { mtuBytes: MTU_BYTES });
    await scene.lab.withoutOffloads();
    const psk = join(scene.directory, 'shared');
    const keyLog = join(scene.directory, 'keys.log');
    writeSecret(psk, 'zwire-shared1', new Uint8Array(32).fill(5), 'of a test');
    const log = ['--key-log', keyLog];
    const run = await capturedTransfer(scene, {
      bytes: 20_001,
      sendFlags: ['--psk-file', psk, ...flags, ...(side === 'send' ? log : [])],
      receiveFlags: [
        '--psk-file',
        psk,
        '--state-dir',
        join(scene.directory, 'state'),
        ...(side === 'receive' ? log : []),
      ],
    });
    const cipher = SUITES[suite].cipher;
    expect(statSync(keyLog).mode & 0o777).toBe(0o600);
    const lines = readFileSync(keyLog, 'utf8');
    expect(lines).toMatch(keyLogOf(String(run.sent['transfer']), cipher));

    expectSealed(await tshark.read(run.b), suite);
    const unknown = write(scene, 'cipher.log', lines.replaceAll(cipher, 'rot13'));
    expectSealed(await tshark.read(run.b, { preferences: [`zwire.key_log:${unknown}`] }), suite);

    const rows = await tshark.read(run.b, {
      preferences: [`zwire.key_log:${keyLog}`, 'zwire.open_records:TRUE'],
    });
    expect(control(rows).length).toBeGreaterThan(0);
    for (const row of control(rows)) expect(row.all('opened').every(isTrue), String(row)).toBe(true);
    expectAnnounced(rows, suite, run);
    expect(remarks(rows)).toEqual([]);
    const [end] = ofType(rows, 'end');
    expect(end?.number('end.bytes')).toBe(run.content.length);
    const oneWay = suite.startsWith('X');
    const answers = ofType(rows, 'join').map((row) => row.one('join.answer'));
    expect([answers[0], answers.at(-1)]).toEqual(oneWay ? [undefined, undefined] : ['2', '1']);
    expect(ofType(rows, 'status').some((row) => row.has('status.result.text'))).toBe(!oneWay);
    const opened = rows.flatMap((row) => row.all('reassembled.opened'));
    expect(Buffer.from(opened.join(''), 'hex').equals(run.content)).toBe(true);

    // Without the line that opens everything else, what was announced is still shown: nothing may have answered it.
    const alone = write(scene, 'announcement.log', lines.replace(/^zwire-keys1.*\n/m, ''));
    chmodSync(alone, 0o600);
    const announced = await tshark.read(run.b, { preferences: [`zwire.key_log:${alone}`] });
    expectAnnounced(announced, suite, run);
    expect(
      ofType(announced, 'end')
        .flatMap((row) => row.all('opened'))
        .some(isTrue),
    ).toBe(false);
  });

  it('of every suite: its announcement opens by what either side logs, and the data that should follow is missed', async () => {
    const sender = KeyPair.generate();
    const receiver = KeyPair.generate();
    const psk = new Uint8Array(32).fill(5);
    const suites = Object.keys(SUITES).filter(isKeyed);
    const keyLog = tshark.path('suites.log');
    const file = openSync(keyLog, 'a', 0o600);
    const payloads = suites.flatMap((suite, i) => {
      const id = { transferIdHigh: 7, transferIdLow: i };
      const own = SUITES[suite].pattern.includes('psk') ? { psk } : {};
      const options = {
        ...id,
        suite,
        own: { identity: sender, ...own },
        receiverKey: receiver.publicKey,
        salt: new Uint8Array(32).fill(i),
        senderTimeNs: 1_700_000_000_123_456_789n,
      };
      const [ours, theirs] = [new Uint8Array(PAYLOAD_SECRET_BYTES), new Uint8Array(PAYLOAD_SECRET_BYTES)];
      const body = Buffer.from(`{"kind":"file","name":"${suite}"}`);
      const { announce } = new SenderHandshake({ ...options, payloadSecret: ours }, body);
      ReceiverHandshake.read(
        { identity: receiver, ...own },
        { ...id, record: 0, payloadBytes: announce.length },
        decodeAnnounceClear(announce),
        announce,
        { payloadSecret: theirs },
      );
      expect(theirs).toEqual(ours);
      expect(ours.some((byte) => byte !== 0)).toBe(true);
      logHandshake(file, id, SUITES[suite].cipher, i % 2 === 0 ? ours : theirs);
      const said = controlSegment(MessageType.announce, id, 0, announce);
      const later = segment({ ...id, type: MessageType.data, record: 1 }, randomBytes(500));
      return [said, said, later];
    });
    closeSync(file);
    expect(suites.length).toBe(8);
    const capture = tshark.path('suites.pcap');
    writeCapture(
      capture,
      payloads.map((payload) => buildFrame({ ...ADDRESSES, payload })),
    );
    const rows = await tshark.read(capture, { preferences: [`zwire.key_log:${keyLog}`] });
    expect(rows.length).toBe(suites.length * 3);
    for (const [i, suite] of suites.entries()) {
      const [first, again, later] = rows.slice(i * 3, i * 3 + 3);
      const frame = first?.one('frame.number');
      for (const announce of [first, again]) {
        expect(announce?.number('announce.suite')).toBe(SUITES[suite].number);
        expect(announce?.one('announce.time')).toMatch(/22:13:20\.123456789/);
        expect(announce?.one('announce.body')).toBe(`{"kind":"file","name":"${suite}"}`);
        expect(announce?.all('_ws.expert.message')).toEqual([]);
      }
      expect([again?.one('announced_in'), later?.one('announced_in')]).toEqual([frame, frame]);
      expect(later?.all('_ws.expert.message')).toEqual(['Gap: record 0 segment 0 was expected']);
    }
  });

  it.each([
    ['aes-256-gcm', []],
    ['chacha20-poly1305', ['--cipher', 'chacha20']],
  ])(
    'the key log of another transfer opens nothing, and lines that are none do no harm: %s',
    async (cipher, flags) => {
      await using scene = await Scene.open('raw');
      const psk = join(scene.directory, 'shared');
      writeSecret(psk, 'zwire-shared1', new Uint8Array(32).fill(5), 'of a test');
      const run = await capturedTransfer(scene, {
        bytes: 1000,
        sendFlags: ['--psk-file', psk, ...flags],
        receiveFlags: ['--psk-file', psk, ...flags],
      });
      const id = String(run.sent['transfer']);
      const wrong = 'ab'.repeat(32);
      const keyLog = write(
        scene,
        'other.log',
        `${[
          '# a note',
          `${HANDSHAKE_LINE} ${id} ${cipher} ${wrong}`,
          `${HANDSHAKE_LINE} ${id} ${cipher} ${wrong} ${wrong.slice(2)}`,
          `${HANDSHAKE_LINE} 0123456789abcdef ${cipher} ${wrong} ${wrong}`,
          `${KEY_LINE} ${id} ${cipher} ${wrong} ${wrong}`,
          `zwire-keys1 ${id} rot13 ${wrong}`,
          `zwire-keys1 ${id} ${cipher} ${wrong.slice(2)}`,
          `zwire-keys1 0123456789abcdef ${cipher} ${wrong}`,
        ].join('\n')}\n`,
      );
      const preferences = [`zwire.key_log:${keyLog}`];
      const rows = await tshark.read(run.b, { preferences });
      expect(
        control(rows)
          .flatMap((row) => row.all('opened'))
          .some(isTrue),
      ).toBe(false);
      for (const type of ['announce', 'join', 'end'] as const) {
        const said = remarks(ofType(rows, type)).join('\n');
        expect(said).toMatch(/needs a key log/);
        expect(said).not.toMatch(/tag does not fit/);
      }
      const lies = [
        `${HANDSHAKE_LINE} ${id} ${cipher} ${wrong} ${wrong}`,
        `${KEY_LINE} ${id} ${cipher} ${wrong}`,
      ];
      const lying = write(scene, 'lying.log', `${lies.join('\n')}\n`);
      const refused = await tshark.read(run.b, { preferences: [`zwire.key_log:${lying}`] });
      for (const type of ['announce', 'join', 'end'] as const)
        expect(remarks(ofType(refused, type)).join('\n')).toMatch(/tag does not fit/);
      expect(refused.flatMap((row) => row.all('opened')).some(isTrue)).toBe(false);
    },
  );
});

it('a key log that grows while frames come is read again', async () => {
  const id = { transferIdHigh: 7, transferIdLow: 99 };
  const payloadSecret = new Uint8Array(PAYLOAD_SECRET_BYTES);
  const handshake = new SenderHandshake(
    {
      ...id,
      suite: 'IK_AESGCM',
      own: { identity: KeyPair.generate() },
      receiverKey: KeyPair.generate().publicKey,
      salt: new Uint8Array(32),
      senderTimeNs: 1_700_000_000_123_456_789n,
      payloadSecret,
    },
    Buffer.from('{"kind":"file","name":"x"}'),
  );
  const said = controlSegment(MessageType.announce, id, 0, handshake.announce);
  const frame = buildFrame({ ...ADDRESSES, payload: said });
  const keyLog = tshark.path('growing.log');
  const file = openSync(keyLog, 'a', 0o600);
  await using live = tshark.follow({ preferences: [`zwire.key_log:${keyLog}`] });
  expect((await live.show(frame)).has('announce.body')).toBe(false);
  logHandshake(file, id, 'aes-256-gcm', payloadSecret);
  closeSync(file);
  // It looks at the file once a second.
  let row = await live.show(frame);
  while (!row.has('announce.body')) row = await live.show(frame);
  expect(row.one('announce.body')).toContain('"name":"x"');
});

it('a key log that others can read is refused before anything is sent', async () => {
  await using scene = await Scene.open('udp');
  const keyLog = write(scene, 'keys.log', '');
  chmodSync(keyLog, 0o644);
  const sender = scene.send(['--file', scene.source(10).path, '--key-log', keyLog]);
  await expectExit(sender, 5);
  expect(failure(sender)).toMatchObject({ code: 'KEY_FILE_EXPOSED' });
});
