// Captures of transfers with keys: closed to whoever has only the capture, open with the key log of either side.
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSecret } from '../../src/cli/keys/key-file.ts';
import { MessageType } from '../../src/wire/segment.ts';
import { SUITES } from '../../src/wire/suite.ts';
import { expectExit, failure, Scene } from '../netns/scene.ts';
import { capturedTransfer } from './captures.ts';
import { type Row, Tshark } from './tshark.ts';

let tshark: Tshark;
beforeAll(() => {
  tshark = new Tshark();
});
afterAll(() => tshark[Symbol.dispose]());

const ONE_WAY = ['--one-way', '--rate', '200Mbit'];
const isTrue = (value: string): boolean => value === '1' || value === 'True';
const ofType = (rows: readonly Row[], type: keyof typeof MessageType): Row[] =>
  rows.filter((row) => row.numbers('type').includes(MessageType[type]));

/** Control messages under the keys of the transfer: all but those of the handshake, which come before these. */
const control = (rows: readonly Row[]): Row[] =>
  rows.filter((row) => row.has('opened') && ofType([row], 'announce').length === 0);

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
    await using scene = await Scene.open('raw');
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
    expect(readFileSync(keyLog, 'utf8')).toMatch(
      new RegExp(`^zwire-keys1 ${String(run.sent['transfer'])} ${cipher} [0-9a-f]{64}\n$`),
    );

    const closed = await tshark.read(run.b);
    expect(ofType(closed, 'announce')[0]?.number('announce.suite')).toBe(SUITES[suite].number);
    expect(closed.flatMap((row) => row.all('opened')).some(isTrue)).toBe(false);

    const rows = await tshark.read(run.b, {
      preferences: [`zwire.key_log:${keyLog}`, 'zwire.open_records:TRUE'],
    });
    expect(control(rows).length).toBeGreaterThan(0);
    for (const row of control(rows)) expect(row.all('opened').every(isTrue), String(row)).toBe(true);
    const [end] = ofType(rows, 'end');
    expect(end?.number('end.bytes')).toBe(run.content.length);
    const oneWay = suite.startsWith('X');
    expect(ofType(rows, 'join').some((row) => row.one('join.answer') === '1')).toBe(!oneWay);
    expect(ofType(rows, 'status').some((row) => row.has('status.result.text'))).toBe(!oneWay);
    const opened = rows.flatMap((row) => row.all('reassembled.opened'));
    expect(Buffer.from(opened.join(''), 'hex').equals(run.content)).toBe(true);
    expect(rows.flatMap((row) => row.all('_ws.expert.message')).join('\n')).not.toMatch(/tag does not fit/);
  });

  it('the key log of another transfer opens nothing, and lines that are none do no harm', async () => {
    await using scene = await Scene.open('raw');
    const psk = join(scene.directory, 'shared');
    writeSecret(psk, 'zwire-shared1', new Uint8Array(32).fill(5), 'of a test');
    const run = await capturedTransfer(scene, {
      bytes: 1000,
      sendFlags: ['--psk-file', psk],
      receiveFlags: ['--psk-file', psk],
    });
    const id = String(run.sent['transfer']);
    const wrong = 'ab'.repeat(32);
    const keyLog = write(
      scene,
      'other.log',
      `${[
        '# a note',
        `zwire-keys1 ${id} rot13 ${wrong}`,
        `zwire-keys1 ${id} aes-256-gcm ${wrong.slice(2)}`,
        `zwire-keys1 0123456789abcdef aes-256-gcm ${wrong}`,
      ].join('\n')}\n`,
    );
    const preferences = [`zwire.key_log:${keyLog}`];
    const rows = await tshark.read(run.b, { preferences });
    expect(
      control(rows)
        .flatMap((row) => row.all('opened'))
        .some(isTrue),
    ).toBe(false);
    expect(rows.flatMap((row) => row.all('_ws.expert.message')).join('\n')).toMatch(/needs a key log/);
    const lying = write(scene, 'lying.log', `zwire-keys1 ${id} aes-256-gcm ${wrong}\n`);
    const refused = await tshark.read(run.b, { preferences: [`zwire.key_log:${lying}`] });
    expect(refused.flatMap((row) => row.all('_ws.expert.message')).join('\n')).toMatch(/tag does not fit/);
  });
});

it('a key log that others can read is refused before anything is sent', async () => {
  await using scene = await Scene.open('udp');
  const keyLog = write(scene, 'keys.log', '');
  chmodSync(keyLog, 0o644);
  const sender = scene.send(['--file', scene.source(10).path, '--key-log', keyLog]);
  await expectExit(sender, 5);
  expect(failure(sender)).toMatchObject({ code: 'KEY_FILE_EXPOSED' });
});
