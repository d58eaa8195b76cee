import { describe, expect, test } from 'vitest';
import { ANNOUNCE_CLEAR_BYTES, decodeAnnounceClear, SEALED_KEY_BYTES } from '../wire/announce.ts';
import type { Suite } from '../wire/suite.ts';
import { keyedSuite, SUITES } from '../wire/suite.ts';
import {
  type HandshakeExtras,
  type OwnKeys,
  ReceiverHandshake,
  SenderHandshake,
  sharedKeyPairs,
  type TransferId,
} from './handshake.ts';
import { type AnnounceHeader, KeyId } from './key-id.ts';
import { KeyPair } from './key-pair.ts';
import { CipherState, PAYLOAD_SECRET_BYTES } from './noise.ts';
import type { SessionKeys } from './session-keys.ts';

const SENDER = KeyPair.generate();
const RECEIVER = KeyPair.generate();
const PSK = new Uint8Array(32).fill(5);
const ID = { transferIdHigh: 0xffff_0001, transferIdLow: 2 };
const BODY = new TextEncoder().encode('{"kind":"file"}');
const CASES = [true, false].flatMap((oneWay) =>
  [true, false].flatMap((psk) =>
    (['aes-256-gcm', 'chacha20-poly1305'] as const).map((cipher) => keyedSuite(oneWay, psk, cipher)),
  ),
);

const hasPsk = (suite: Suite): boolean => suite.includes('psk');
const isOneWay = (suite: Suite): boolean => suite.startsWith('X');
const own = (identity: KeyPair, suite: Suite): OwnKeys =>
  hasPsk(suite) ? { identity, psk: PSK } : { identity };

function begin(suite: Suite, sender: KeyPair = SENDER, extras: HandshakeExtras = {}): SenderHandshake {
  const options = {
    ...ID,
    suite,
    own: own(sender, suite),
    receiverKey: RECEIVER.publicKey,
    salt: new Uint8Array(32).fill(7),
    senderTimeNs: 1_700_000_000_000_000_000n,
    ...extras,
  };
  return new SenderHandshake(options, BODY);
}

function read(
  payload: Uint8Array,
  keys: OwnKeys,
  id: { readonly transferIdHigh: number; readonly transferIdLow: number } = ID,
  extras: HandshakeExtras = {},
): ReceiverHandshake | undefined {
  const clear = decodeAnnounceClear(payload);
  return ReceiverHandshake.read(
    keys,
    { ...id, record: 0, payloadBytes: payload.length },
    clear,
    payload,
    extras,
  );
}

function isFor(
  payload: Uint8Array,
  receiverKey: Uint8Array,
  id: Partial<AnnounceHeader> & TransferId = ID,
): boolean {
  const header = { record: 0, ...id, payloadBytes: payload.length };
  return new KeyId(receiverKey).fits(header, payload);
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing was read');
  return value;
}

const hexKeys = (keys: SessionKeys): string =>
  [keys.data, keys.senderControl, keys.receiverControl]
    .map(
      ({ cipher, key, noncePrefix }) => `${cipher} ${Buffer.from(key).toString('hex')} ${noncePrefix.join()}`,
    )
    .join('\n');

describe.each(CASES)('%s', (suite) => {
  test('both sides come to the same keys, and the receiver knows who and what', () => {
    const sender = begin(suite);
    expect(isFor(sender.announce, RECEIVER.publicKey)).toBe(true);
    const receiver = must(read(sender.announce, own(RECEIVER, suite)));
    expect(receiver.senderKey).toEqual(SENDER.publicKey);
    expect(receiver.body).toEqual(BODY);
    expect(receiver.oneWay).toBe(isOneWay(suite));
    if (isOneWay(suite)) {
      expect(hexKeys(receiver.oneWayKeys())).toBe(hexKeys(sender.oneWayKeys()));
    } else {
      const { joinClear, keys } = receiver.answer();
      expect(hexKeys(must(sender.readJoin(joinClear)))).toBe(hexKeys(keys));
    }
  });

  test('no flipped bit of the announcement is read, and none is answered cheaply but those of the sealed part', () => {
    const { announce } = begin(suite);
    for (let at = 1; at < announce.length; at++) {
      const damaged = announce.slice();
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      if (at < 8) continue; // reserved: malformed before it gets here
      const isKeyId = at < 16;
      // The key id costs nothing more than the look; everything else is in the handshake.
      if (!isKeyId) expect(read(damaged, own(RECEIVER, suite))).toBeUndefined();
      if (at < ANNOUNCE_CLEAR_BYTES) expect(isFor(damaged, RECEIVER.publicKey)).toBe(false);
    }
  });

  test('what opens the body of the announcement is the same on both sides, and nothing is left of a forged one', () => {
    const [ours, theirs] = [new Uint8Array(PAYLOAD_SECRET_BYTES), new Uint8Array(PAYLOAD_SECRET_BYTES)];
    const { announce } = begin(suite, SENDER, { payloadSecret: ours });
    const forged = announce.slice();
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    const extras = { payloadSecret: theirs };
    expect(read(forged, own(RECEIVER, suite), ID, extras)).toBeUndefined();
    expect(theirs).toEqual(new Uint8Array(PAYLOAD_SECRET_BYTES));
    const receiver = must(read(announce, own(RECEIVER, suite), ID, extras));
    const opener = new CipherState(SUITES[suite].cipher);
    opener.initializeKey(theirs.slice(0, 32));
    const sealedBody = announce.subarray(ANNOUNCE_CLEAR_BYTES + SEALED_KEY_BYTES);
    expect(opener.decryptWithAd(theirs.subarray(32), sealedBody)).toEqual(BODY);
    if (!isOneWay(suite)) receiver.answer();
    expect(theirs).toEqual(ours);
  });

  test('another transfer, length, counter, receiver or shared key reads nothing', () => {
    const { announce } = begin(suite);
    const other = { ...ID, transferIdLow: 3 };
    expect(isFor(announce, RECEIVER.publicKey, other)).toBe(false);
    expect(isFor(announce, RECEIVER.publicKey, { ...ID, record: 1 })).toBe(false);
    expect(read(announce, own(RECEIVER, suite), other)).toBeUndefined();
    expect(read(announce.subarray(0, -1), own(RECEIVER, suite))).toBeUndefined();
    expect(isFor(announce, SENDER.publicKey)).toBe(false);
    expect(read(announce, own(KeyPair.generate(), suite))).toBeUndefined();
    const swapped: OwnKeys = hasPsk(suite) ? { identity: RECEIVER } : { identity: RECEIVER, psk: PSK };
    expect(read(announce, swapped)).toBeUndefined();
    if (hasPsk(suite) && isOneWay(suite)) {
      expect(read(announce, { identity: RECEIVER, psk: new Uint8Array(32).fill(6) })).toBeUndefined();
    }
  });

  test('a stolen key id opens nothing: it belongs to one announcement', () => {
    const honest = begin(suite).announce;
    const forged = begin(suite, KeyPair.generate()).announce;
    forged.set(honest.subarray(8, 16), 8);
    expect(isFor(forged, RECEIVER.publicKey)).toBe(false);
  });

  test('every handshake has its own keys', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const sender = begin(suite);
      const receiver = must(read(sender.announce, own(RECEIVER, suite)));
      seen.add(hexKeys(isOneWay(suite) ? receiver.oneWayKeys() : receiver.answer().keys));
    }
    expect(seen.size).toBe(5);
  });
});

describe('an answer', () => {
  test('makes new keys each time, though the announcement is a recorded one', () => {
    const { announce } = begin('IK_AESGCM');
    const answers = [0, 1].map(() => hexKeys(must(read(announce, { identity: RECEIVER })).answer().keys));
    expect(answers[0]).not.toBe(answers[1]);
  });

  test('that is forged is not taken, and does not spoil the real one', () => {
    const sender = begin('IKpsk2_ChaChaPoly');
    const receiver = must(read(sender.announce, own(RECEIVER, 'IKpsk2_ChaChaPoly')));
    const { joinClear, keys } = receiver.answer();
    const flip = (bytes: Uint8Array, at: number): Uint8Array =>
      bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    for (let at = 0; at < 32; at++) {
      expect(sender.readJoin({ ...joinClear, nonce: flip(joinClear.nonce, at) })).toBeUndefined();
      expect(
        sender.readJoin({ ...joinClear, ephemeralPublic: flip(joinClear.ephemeralPublic, at) }),
      ).toBeUndefined();
    }
    expect(hexKeys(must(sender.readJoin(joinClear)))).toBe(hexKeys(keys));
  });

  test('of another receiver, or with another shared key, is not taken', () => {
    const sender = begin('IKpsk2_AESGCM');
    const receiver = must(read(sender.announce, { identity: RECEIVER, psk: new Uint8Array(32).fill(6) }));
    expect(sender.readJoin(receiver.answer().joinClear)).toBeUndefined();
  });
});

test('a receiver key of small order is refused by the sender', () => {
  const options = {
    ...ID,
    suite: 'X_AESGCM',
    own: { identity: SENDER },
    receiverKey: new Uint8Array(32),
    salt: new Uint8Array(32),
    senderTimeNs: 0n,
  } as const;
  expect(() => new SenderHandshake(options, BODY)).toThrow(RangeError);
});

test('a shared key stands for the same two pairs on both sides, and another for others', () => {
  const { sender, receiver } = sharedKeyPairs(PSK);
  const again = sharedKeyPairs(PSK.slice());
  expect(again.sender.publicKey).toEqual(sender.publicKey);
  expect(again.receiver.publicKey).toEqual(receiver.publicKey);
  expect(sender.publicKey).not.toEqual(receiver.publicKey);
  expect(sharedKeyPairs(new Uint8Array(32)).sender.publicKey).not.toEqual(sender.publicKey);
});
