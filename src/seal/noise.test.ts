import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Cipher } from './cipher.ts';
import { KeyPair } from './key-pair.ts';
import { CipherState, HandshakeState, type NoisePattern } from './noise.ts';

type Vector = Readonly<Record<string, string>>;

const VECTORS: readonly Vector[] = readFileSync(
  new URL('../../test/vectors/noise.txt', import.meta.url),
  'utf8',
)
  .split('\n\n')
  .filter((block) => block.startsWith('handshake='))
  .map((block) =>
    Object.fromEntries(
      block
        .trim()
        .split('\n')
        .map((line): string[] => line.split('=')),
    ),
  );

const hex = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? 'nothing' : Buffer.from(bytes).toString('hex');
const bytes = (text: string | undefined): Uint8Array => new Uint8Array(Buffer.from(text ?? '', 'hex'));

const PATTERNS: readonly NoisePattern[] = ['X', 'Xpsk1', 'IK', 'IKpsk2'];

function protocolOf(vector: Vector): { pattern: NoisePattern; cipher: Cipher } {
  const [, name, , cipher] = vector['handshake']?.split('_') ?? [];
  const pattern = PATTERNS.find((known) => known === name);
  if (pattern === undefined) throw new Error(`no pattern ${name}`);
  return { pattern, cipher: cipher === 'AESGCM' ? 'aes-256-gcm' : 'chacha20-poly1305' };
}

function sides(vector: Vector): { initiator: HandshakeState; responder: HandshakeState } {
  const { pattern, cipher } = protocolOf(vector);
  const pair = (name: string): KeyPair => KeyPair.fromSecret(bytes(vector[name]));
  const psk = vector['preshared_key'] === undefined ? {} : { psk: bytes(vector['preshared_key']) };
  const shared = { pattern, cipher, prologue: bytes(vector['prologue']), ...psk };
  const responderStatic = pair('resp_static');
  const late = vector['gen_resp_ephemeral'] === undefined ? {} : { e: pair('gen_resp_ephemeral') };
  return {
    initiator: new HandshakeState({
      ...shared,
      initiator: true,
      s: pair('init_static'),
      rs: responderStatic.publicKey,
      e: pair('gen_init_ephemeral'),
    }),
    responder: new HandshakeState({ ...shared, initiator: false, s: responderStatic, ...late }),
  };
}

const named = VECTORS.map((vector): [string, Vector] => [
  `${vector['handshake']}, prologue ${vector['prologue'] === undefined ? 'without' : 'with'}, payload '${vector['msg_0_payload']}'`,
  vector,
]);

describe('the published vectors', () => {
  test('are there: four of each pattern and cipher', () => {
    expect(VECTORS.length).toBe(32);
    expect(new Set(VECTORS.map((vector) => vector['handshake'])).size).toBe(8);
  });

  test.each(named)('%s', (_name, vector) => {
    const { initiator, responder } = sides(vector);
    const { pattern, cipher } = protocolOf(vector);
    const messages = pattern.startsWith('X') ? 1 : 2;
    for (let index = 0; index < messages; index++) {
      const [writer, reader] = index === 0 ? [initiator, responder] : [responder, initiator];
      const message = writer.writeMessage(bytes(vector[`msg_${index}_payload`]));
      expect(hex(message)).toBe(vector[`msg_${index}_ciphertext`]);
      expect(hex(reader.readMessage(message ?? new Uint8Array(0)))).toBe(vector[`msg_${index}_payload`]);
    }
    expect(hex(responder.remoteStatic)).toBe(hex(KeyPair.fromSecret(bytes(vector['init_static'])).publicKey));
    const ours = initiator.split();
    const theirs = responder.split();
    expect({ ...theirs }).toEqual({ ...ours });
    const fromInitiator = new CipherState(cipher);
    fromInitiator.initializeKey(ours.initiatorKey);
    const fromResponder = new CipherState(cipher);
    fromResponder.initializeKey(ours.responderKey);
    let transported = 0;
    for (let index = messages; vector[`msg_${index}_payload`] !== undefined; index++, transported++) {
      // Their one-way vectors use both transport keys, too.
      const state = (index - messages) % 2 === 0 ? fromInitiator : fromResponder;
      const sealed = state.encryptWithAd(new Uint8Array(0), bytes(vector[`msg_${index}_payload`]));
      expect(hex(sealed)).toBe(vector[`msg_${index}_ciphertext`]);
    }
    expect(transported).toBeGreaterThan(0);
  });
});

describe.each(PATTERNS)('%s', (pattern) => {
  const withPayload = VECTORS.find(
    (vector) => protocolOf(vector).pattern === pattern && vector['msg_0_payload'] !== '',
  );
  if (withPayload === undefined) throw new Error('no vector');
  const message = bytes(withPayload['msg_0_ciphertext']);

  test('no flipped bit and no cut of the first message is read', () => {
    const { responder } = sides(withPayload);
    for (let at = 0; at < message.length; at++) {
      const damaged = message.slice();
      // Bit 255 of a public key means nothing in X25519, but the hash counts it.
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      expect(responder.readMessage(damaged)).toBeUndefined();
      expect(responder.readMessage(message.subarray(0, at))).toBeUndefined();
    }
    expect(responder.readMessage(message)).toBeDefined();
  });

  test('another prologue, responder key or pre-shared key reads nothing', () => {
    const others: Vector[] = [
      { ...withPayload, prologue: '00' },
      { ...withPayload, resp_static: '77'.repeat(32) },
      ...(pattern === 'Xpsk1' ? [{ ...withPayload, preshared_key: '77'.repeat(32) }] : []),
    ];
    for (const other of others) expect(sides(other).responder.readMessage(message)).toBeUndefined();
  });

  test('an ephemeral key of small order has no shared secret', () => {
    for (const first of [0, 1]) {
      const small = message.slice();
      small.fill(0, 0, 32);
      small[0] = first;
      expect(sides(withPayload).responder.readMessage(small)).toBeUndefined();
    }
  });
});

test('the second message of IK is only read by who began, and only from whom it was for', () => {
  const vector = VECTORS.find((one) => protocolOf(one).pattern === 'IK');
  if (vector === undefined) throw new Error('no vector');
  const { initiator, responder } = sides(vector);
  responder.readMessage(initiator.writeMessage(new Uint8Array(0)) ?? new Uint8Array(0));
  const answer = responder.writeMessage(new Uint8Array(0)) ?? new Uint8Array(0);
  const stranger = sides({ ...vector, gen_init_ephemeral: '55'.repeat(32) }).initiator;
  stranger.writeMessage(new Uint8Array(0));
  expect(stranger.readMessage(answer)).toBeUndefined();
  for (let at = 0; at < answer.length; at++) {
    const forged = answer.slice();
    forged[at] = (forged[at] ?? 0) ^ 1;
    expect(initiator.readMessage(forged)).toBeUndefined();
  }
  expect(initiator.readMessage(answer)).toBeDefined();
  expect({ ...initiator.split() }).toEqual({ ...responder.split() });
});
