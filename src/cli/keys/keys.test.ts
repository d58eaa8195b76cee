import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyPair } from '../../seal/key-pair.ts';
import { formatPublicKey } from '../../seal/public-key.ts';
import { parseAuthorizedSenders } from './authorized-senders.ts';
import { readKeyText, readKeyTextIfAny, readSecret, writeSecret } from './key-file.ts';
import { keyPlaces } from './key-places.ts';
import { findReceiver } from './known-receivers.ts';
import { receiverKeys, senderKeys } from './transfer-keys.ts';

const ONE = KeyPair.generate().publicKey;
const TWO = KeyPair.generate().publicKey;
const LINE_ONE = formatPublicKey(ONE, 'root@web1');
const LINE_TWO = formatPublicKey(TWO);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zwire-keys-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const senders = (text: string): ReturnType<typeof parseAuthorizedSenders> =>
  parseAuthorizedSenders(text, 'list');
const coded = (code: string): unknown => expect.objectContaining({ code });

describe('authorized_senders', () => {
  it('has a key a line, with comments and options as in SSH', () => {
    const text = [
      '# the web servers',
      '',
      `into="backup/web 1" max-rate=2Gbit  max-bytes=1T kinds=dataset,delta raw-only ${LINE_ONE}  first`,
      `\t${LINE_TWO}\r`,
    ].join('\n');
    expect(senders(text)).toEqual([
      {
        publicKey: ONE,
        name: 'root@web1 first',
        rules: {
          into: 'backup/web 1',
          bitsPerSecondMax: 2e9,
          bytesMax: 1n << 40n,
          kinds: ['dataset', 'delta'],
          rawOnly: true,
        },
      },
      { publicKey: TWO, name: Buffer.from(TWO).toString('base64'), rules: { rawOnly: false } },
    ]);
    expect(senders('')).toEqual([]);
  });

  it.each([
    ['web1', 'it holds no key'],
    ['zwire1', 'not a key of 44 characters'],
    [LINE_TWO.slice(0, -1), 'not a key of 44 characters'],
    [LINE_TWO.replace('zwire1', 'zwire2'), 'it holds no key'],
    [`no-such-option ${LINE_TWO}`, '"no-such-option" is no option'],
    [`restrict=all ${LINE_TWO}`, 'there is no option restrict'],
    [`raw-only=yes ${LINE_TWO}`, 'there is no option raw-only'],
    [`raw-only raw-only ${LINE_TWO}`, 'raw-only is given twice'],
    [`into= ${LINE_TWO}`, '"into" is no option'],
    [`into=a@b ${LINE_TWO}`, 'into: '],
    [`max-rate=5G ${LINE_TWO}`, 'max-rate: "5G" is not a rate'],
    [`kinds=dataset,bookmark ${LINE_TWO}`, 'not "bookmark"'],
    [`into="backup ${LINE_TWO}`, 'it holds no key'],
    [`${LINE_ONE}\n${LINE_ONE}`, 'its key is that of line 2'],
  ])('refuses %s, with the line', (line, why) => {
    const number = line.includes('\n') ? 3 : 2;
    expect(() => senders(`${LINE_TWO.startsWith(line) ? '' : '#'}\n${line}`)).toThrow(
      expect.objectContaining({
        code: 'KEY_MALFORMED',
        message: expect.stringMatching(
          new RegExp(`^line ${number} of list cannot be read: .*${escaped(why)}`),
        ),
      }),
    );
  });
});

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

describe('known_receivers', () => {
  const text = `backup.example,198.18.0.2 ${LINE_ONE}\nother ${LINE_TWO}\n`;

  it('finds a host by any of its names', () => {
    for (const host of ['backup.example', 'Backup.EXAMPLE', '198.18.0.2'])
      expect(findReceiver(text, 'known', host)).toEqual(ONE);
    expect(findReceiver(text, 'known', 'other')).toEqual(TWO);
    expect(findReceiver(text, 'known', 'backup')).toBeUndefined();
  });

  it('refuses a host with two keys, a key without a host, and what it cannot read', () => {
    for (const bad of [`${text}other ${LINE_ONE}`, `${text}${LINE_ONE}`, `a b ${LINE_ONE}`, 'a zwire1 x'])
      expect(() => findReceiver(bad, 'known', 'other')).toThrow(coded('KEY_MALFORMED'));
    expect(findReceiver(`${text}other ${LINE_TWO}`, 'known', 'other')).toEqual(TWO);
  });
});

describe('a file with a secret', () => {
  const secret = new Uint8Array(32).fill(9);

  it('is new, is for its owner alone, and gives the secret back', () => {
    const path = join(directory, 'a', 'host_key');
    writeSecret(path, 'zwire-secret1', secret, 'a note');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readSecret(path, 'zwire-secret1')).toEqual(secret);
    expect(() => writeSecret(path, 'zwire-secret1', secret, '')).toThrow(coded('KEY_FILE_EXISTS'));
    expect(() => readSecret(path, 'zwire-shared1')).toThrow(coded('KEY_MALFORMED'));
  });

  it.each([0o640, 0o604, 0o610, 0o666])('of mode %o is refused', (mode) => {
    const path = join(directory, 'key');
    writeSecret(path, 'zwire-secret1', secret, '');
    chmodSync(path, mode);
    expect(() => readSecret(path, 'zwire-secret1')).toThrow(coded('KEY_FILE_EXPOSED'));
  });

  it('that cannot be made says where to', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() =>
      writeSecret(join(directory, 'file', 'key'), 'zwire-secret1', new Uint8Array(32), ''),
    ).toThrow(coded('FILE_UNWRITABLE'));
  });

  it('that holds something else, or is not there, is refused', () => {
    const path = join(directory, 'key');
    for (const text of ['', LINE_ONE, 'zwire-secret1 AAAA', `zwire-secret1 ${'A'.repeat(44)}`]) {
      writeFileSync(path, text, { mode: 0o600 });
      expect(() => readSecret(path, 'zwire-secret1')).toThrow(coded('KEY_MALFORMED'));
    }
    expect(() => readSecret(join(directory, 'none'), 'zwire-secret1')).toThrow(coded('KEY_FILE_UNREADABLE'));
    expect(readKeyTextIfAny(join(directory, 'none'))).toBeUndefined();
    expect(() => readKeyTextIfAny(directory)).toThrow(coded('KEY_FILE_UNREADABLE'));
  });
});

it.each([0o644, 0o600, 0o620, 0o602, 0o666])(
  'a list of keys of mode %o is refused if others can write it',
  (mode) => {
    const path = join(directory, 'authorized_senders');
    writeFileSync(path, LINE_ONE);
    chmodSync(path, mode);
    if ((mode & 0o022) === 0) expect(readKeyText(path)).toBe(LINE_ONE);
    else expect(() => readKeyText(path)).toThrow(coded('KEY_FILE_EXPOSED'));
  },
);

describe('the keys of a transfer', () => {
  const link = { kind: 'udp', host: 'backup', port: 1337 } as const;
  const places = () => keyPlaces({ HOME: directory });

  function makeHostKey(): void {
    writeSecret(places().hostKey, 'zwire-secret1', KeyPair.generate().secret(), '');
  }

  it('are none where nothing names any', () => {
    expect(senderKeys({}, link, places())).toBeUndefined();
    expect(receiverKeys({}, places())).toBeUndefined();
  });

  it('come from the usual places', () => {
    makeHostKey();
    writeFileSync(places().knownReceivers, `backup ${LINE_ONE}\n`);
    writeFileSync(places().authorizedSenders, `${LINE_TWO}\n`);
    expect(senderKeys({}, link, places())).toMatchObject({ receiverKey: ONE });
    expect(senderKeys({}, { ...link, host: 'elsewhere' }, places())).toBeUndefined();
    const keys = receiverKeys({}, places());
    expect(keys?.authorized.map(({ publicKey }) => publicKey)).toEqual([TWO]);
    expect(keys?.stateDirectory).toBe(join(directory, '.local', 'state', 'zwire'));
  });

  it('come from flags, as text or as a file', () => {
    makeHostKey();
    const path = join(directory, 'receiver.pub');
    writeFileSync(path, `${LINE_ONE}\n`);
    const [, base64 = ''] = LINE_ONE.split(' ');
    for (const receiverKey of [LINE_ONE, base64, path])
      expect(senderKeys({ receiverKey }, link, places())).toMatchObject({ receiverKey: ONE });
    expect(() => senderKeys({ receiverKey: 'nonsense' }, link, places())).toThrow(coded('KEY_MALFORMED'));
    const none = Buffer.alloc(32).toString('base64');
    expect(() => senderKeys({ receiverKey: none }, link, places())).toThrow(coded('KEY_MALFORMED'));
  });

  it('need the host key', () => {
    expect(() => senderKeys({ receiverKey: LINE_ONE }, link, places())).toThrow(coded('KEY_FILE_UNREADABLE'));
    mkdirSync(join(directory, '.config', 'zwire'), { recursive: true });
    writeFileSync(places().authorizedSenders, `${LINE_TWO}\n`);
    expect(() => receiverKeys({}, places())).toThrow(coded('KEY_FILE_UNREADABLE'));
    const absent = { authorizedSendersPath: join(directory, 'absent') };
    expect(() => receiverKeys(absent, places())).toThrow(coded('KEY_FILE_UNREADABLE'));
  });

  it('are never left out where one was named: nothing goes out in clear that was to be sealed', () => {
    const identityPath = join(directory, 'me');
    writeSecret(identityPath, 'zwire-secret1', new Uint8Array(32).fill(3), '');
    expect(() => senderKeys({ identityPath }, link, places())).toThrow(coded('USAGE'));
    expect(() => receiverKeys({ identityPath }, places())).toThrow(coded('USAGE'));
  });

  it('a list that names nobody lets nobody in, which is said', () => {
    const [identityPath, authorizedSendersPath] = [join(directory, 'me'), join(directory, 'list')];
    writeSecret(identityPath, 'zwire-secret1', new Uint8Array(32).fill(3), '');
    writeFileSync(authorizedSendersPath, '# nobody yet\n');
    const told: string[] = [];
    const watch = {
      say: (_: string, message: string) => void told.push(message),
      onRequest: () => undefined,
    };
    expect(receiverKeys({ identityPath, authorizedSendersPath }, places(), watch)?.authorized).toEqual([]);
    expect(told).toEqual([`${authorizedSendersPath} names no sender: nobody is let in`]);
  });

  it('a receiver key that is neither a file nor a key is quoted', () => {
    expect(() => senderKeys({ receiverKey: 'backup.pbu' }, link, places())).toThrow(
      '--receiver-key: "backup.pbu" is no file, and no public key',
    );
  });

  it('a shared key alone fits both sides, and keeps no copy outside shared memory', () => {
    const pskPath = join(directory, 'shared');
    writeSecret(pskPath, 'zwire-shared1', new Uint8Array(32).fill(3), '');
    const sender = senderKeys({ pskPath }, link, places());
    const receiver = receiverKeys({ pskPath }, places());
    const publicOf = (secret: Uint8Array | undefined): Uint8Array =>
      KeyPair.fromSecret(secret ?? new Uint8Array(32)).publicKey;
    expect(sender?.receiverKey).toEqual(publicOf(receiver?.identity));
    expect(receiver?.authorized.map(({ publicKey }) => publicKey)).toEqual([publicOf(sender?.identity)]);
    for (const secret of [sender?.identity, sender?.psk, receiver?.identity, receiver?.psk])
      expect(secret?.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(readFileSync(pskPath, 'latin1')).toContain('zwire-shared1');
  });
});
