// The vectors of keyed suites in test/vectors/keyed-suites.txt, which docs/protocol.md shows. What is given there was
// chosen; what follows is computed twice: from the words of the specification (Noise by
// src/seal/noise.ts, which is held against published vectors, all else by HMAC, AEAD and offsets), and by the code.
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createControlOpener } from '../src/seal/control-seal.ts';
import { ReceiverHandshake, SenderHandshake, sharedKeyPairs } from '../src/seal/handshake.ts';
import { KeyId } from '../src/seal/key-id.ts';
import { KeyPair } from '../src/seal/key-pair.ts';
import { HandshakeState, type NoisePattern } from '../src/seal/noise.ts';
import { nextEpoch, type SessionKeys } from '../src/seal/session-keys.ts';
import { decodeAnnounceClear, decodeAnnouncement } from '../src/wire/announce.ts';
import { decodeJoin, decodeJoinClear, encodeJoinClear } from '../src/wire/join.ts';
import { decodeProbe } from '../src/wire/probe.ts';
import { decodeSegmentHeader, emptySegmentHeader } from '../src/wire/segment.ts';
import { SUITES, suiteOf } from '../src/wire/suite.ts';
import { specifiedHeader, type SpecifiedKey, specifiedSegment } from './specified-segment.ts';

const FILE = readFileSync(new URL('vectors/keyed-suites.txt', import.meta.url), 'utf8');
const DOC = readFileSync(new URL('../docs/protocol.md', import.meta.url), 'utf8');

type Vector = ReadonlyMap<string, string>;

const BLOCKS: readonly string[] = FILE.split('\n\n')
  .map((block) => block.trim())
  .filter((block) => block.startsWith('suite '));
const VECTORS: readonly Vector[] = BLOCKS.map(
  (block) =>
    new Map(Array.from(block.matchAll(/^(.+?) *= (\w+)$/gm), ([, name = '', hex = '']) => [name, hex])),
);

const UNDECIDED = Buffer.from('0200', 'hex');
const PROBE_AT_1_S = Buffer.from('00000000000f4240', 'hex');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const hmac = (key: Uint8Array, ...data: Uint8Array[]): Buffer =>
  createHmac('sha256', key).update(Buffer.concat(data)).digest();

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not there');
  return value;
}

/** One vector, read. */
class Given {
  readonly #vector: Vector;

  constructor(vector: Vector) {
    this.#vector = vector;
  }

  bytes(name: string): Buffer {
    return Buffer.from(must(this.#vector.get(name)), 'hex');
  }

  pair(name: string): KeyPair {
    return KeyPair.fromSecret(this.bytes(name));
  }

  get suite(): keyof typeof SUITES {
    return must(suiteOf(Number(this.#vector.get('suite'))));
  }

  get parts(): { readonly pattern: NoisePattern; readonly cipher: SpecifiedKey['cipher'] } {
    const { pattern, cipher } = SUITES[this.suite];
    if (pattern === 'none') throw new Error('the open suite');
    return { pattern, cipher };
  }

  get oneWay(): boolean {
    return this.parts.pattern.startsWith('X');
  }

  get psk(): { readonly psk?: Buffer } {
    return this.#vector.has('shared key') ? { psk: this.bytes('shared key') } : {};
  }

  get announceClear(): Buffer {
    const clear = Buffer.alloc(88);
    clear[0] = SUITES[this.suite].number;
    this.bytes('salt').copy(clear, 16);
    Buffer.from(this.pair('sender ephemeral secret').publicKey).copy(clear, 48);
    this.bytes('sender time').copy(clear, 80);
    return clear;
  }
}

/** What follows from what is given, by the words of the specification. */
function follows(given: Given): Map<string, string> {
  const { pattern, cipher } = given.parts;
  const transferId = given.bytes('transfer id');
  const body = given.bytes('announce body');
  const receiver = given.pair('receiver secret');
  const payloadBytes = 88 + 48 + body.length + 16;
  const message = { transferId, type: 1, number: 0, body };
  const prologue = Buffer.concat([specifiedHeader(message, payloadBytes, false), given.announceClear]);
  const keyIdKey = createHash('sha256').update('zwire v1 key id').update(receiver.publicKey).digest();
  const keyId = hmac(keyIdKey, prologue).subarray(0, 8);

  const shared = { pattern, cipher, prologue, ...given.psk };
  const s = given.pair('sender secret');
  const e = given.pair('sender ephemeral secret');
  const initiator = new HandshakeState({ ...shared, initiator: true, s, rs: receiver.publicKey, e });
  const first = must(initiator.writeMessage(body));
  const clear = Buffer.from(given.announceClear);
  keyId.copy(clear, 8);
  const announce = Buffer.concat([specifiedHeader(message, payloadBytes, true), clear, first.subarray(32)]);

  let joinClear: Buffer | undefined;
  if (!given.oneWay) {
    const late = given.pair('receiver ephemeral secret');
    const responder = new HandshakeState({ ...shared, initiator: false, s: receiver, e: late });
    responder.readMessage(first);
    const second = must(responder.writeMessage(new Uint8Array(0)));
    initiator.readMessage(second);
    joinClear = Buffer.concat([second.subarray(32), Buffer.alloc(16), second.subarray(0, 32)]);
  }
  const { initiatorKey, responderKey, hash } = initiator.split();
  const prk = hmac(given.bytes('salt'), initiatorKey, responderKey, hash);
  const expand = (from: Uint8Array, label: string, bytes: number): Buffer =>
    hmac(from, Buffer.from(`zwire v1 ${label}`), Buffer.of(1)).subarray(0, bytes);
  const keyOf = (name: string): SpecifiedKey => ({
    cipher,
    key: expand(prk, `${name} key`, 32),
    noncePrefix: expand(prk, `${name} nonce`, 4),
  });
  const next = expand(prk, 'data next', 32);
  const [data, s2r, r2s] = [keyOf('data'), keyOf('control s2r'), keyOf('control r2s')];
  const probe = { transferId, type: 9, number: 1, body: PROBE_AT_1_S };
  const record = { transferId, type: 2, number: 0, body: Buffer.from('zwire') };
  const last = { transferId, type: 2, number: 1, last: true, body: Buffer.alloc(0) };
  const found: [string, Uint8Array][] = [
    ['sender public', s.publicKey],
    ['receiver public', receiver.publicKey],
    ['prologue', prologue],
    ['key id', keyId],
    ['announce segment', announce],
    ['handshake k1', initiatorKey],
    ['handshake k2', responderKey],
    ['handshake h', hash],
    ['data key', data.key],
    ['data nonce', data.noncePrefix],
    ['data next', next],
    ['epoch 1 data key', expand(next, 'data key', 32)],
    ['epoch 1 data nonce', expand(next, 'data nonce', 4)],
    ['control s2r key', s2r.key],
    ['control s2r nonce', s2r.noncePrefix],
    ['control r2s key', r2s.key],
    ['control r2s nonce', r2s.noncePrefix],
  ];
  if (joinClear !== undefined) {
    const join = { transferId, type: 6, number: 1, clear: joinClear, body: UNDECIDED };
    found.push(['join segment', specifiedSegment(r2s, join)]);
  }
  found.push(['probe segment', specifiedSegment(s2r, probe)]);
  found.push(['record 0 segment', specifiedSegment(data, record)]);
  found.push(['record 1 segment', specifiedSegment(data, last)]);
  return new Map(found.map(([name, bytes]) => [name, hex(bytes)]));
}

function shownKeys(keys: SessionKeys): Record<string, string> {
  const { data, senderControl, receiverControl } = keys;
  const next = nextEpoch(data);
  return {
    'data key': hex(data.key),
    'data nonce': hex(data.noncePrefix),
    'epoch 1 data key': hex(next.key),
    'epoch 1 data nonce': hex(next.noncePrefix),
    'control s2r key': hex(senderControl.key),
    'control s2r nonce': hex(senderControl.noncePrefix),
    'control r2s key': hex(receiverControl.key),
    'control r2s nonce': hex(receiverControl.noncePrefix),
  };
}

/** The body of a control segment, opened by the code. */
function opened(segment: Buffer, key: SessionKeys['senderControl'], clearBytes = 0): Uint8Array {
  const header = emptySegmentHeader();
  const view = new DataView(segment.buffer, segment.byteOffset, segment.length);
  expect(decodeSegmentHeader(view, 0, segment.length, header)).toBe('');
  using opener = createControlOpener(key);
  return must(opener.open({ ...header, counter: header.record }, segment.subarray(32), clearBytes));
}

test('docs/protocol.md shows exactly these', () => {
  const shown = DOC.slice(DOC.indexOf('### Keyed suites, vectors'), DOC.indexOf('## Appendix A'));
  const blocks = Array.from(shown.matchAll(/```text\n([^`]+)\n```/g), ([, block = '']) => block);
  expect(blocks).toEqual(BLOCKS);
  expect(VECTORS.map((vector) => vector.get('suite'))).toEqual(['1', '5', '4']);
});

describe.each(VECTORS.map((vector): [string, Vector] => [vector.get('suite') ?? '', vector]))(
  'suite %s',
  (_suite, vector) => {
    const given = new Given(vector);

    test('everything follows from the words of the specification', () => {
      const computed = follows(given);
      const stated = new Map(Array.from(vector).filter(([name]) => computed.has(name)));
      expect(Object.fromEntries(stated)).toEqual(Object.fromEntries(computed));
      // Nothing but what is given stands beside it.
      const left = Array.from(vector.keys()).filter((name) => !computed.has(name));
      const nothingElse = /^(?:suite|transfer id|salt|shared key|.* secret|sender time|announce body)$/;
      expect(left.filter((name) => !nothingElse.test(name))).toEqual([]);
    });

    test('both sides of the code come to the same bytes', () => {
      const id = given.bytes('transfer id');
      const ids = { transferIdHigh: id.readUInt32BE(0), transferIdLow: id.readUInt32BE(4) };
      const sender = new SenderHandshake(
        {
          ...ids,
          suite: given.suite,
          own: { identity: given.pair('sender secret'), ...given.psk },
          receiverKey: given.bytes('receiver public'),
          salt: given.bytes('salt'),
          senderTimeNs: given.bytes('sender time').readBigUInt64BE(),
          ephemeral: given.pair('sender ephemeral secret'),
        },
        given.bytes('announce body'),
      );
      const payload = given.bytes('announce segment').subarray(32);
      expect(hex(sender.announce)).toBe(hex(payload));
      const clear = decodeAnnounceClear(payload);
      const header = { ...ids, record: 0, payloadBytes: payload.length };
      const keyId = new KeyId(given.bytes('receiver public'));
      expect(keyId.fits(header, given.bytes('announce segment'), 32)).toBe(true);
      const own = { identity: given.pair('receiver secret'), ...given.psk };
      const late = given.oneWay ? {} : { ephemeral: given.pair('receiver ephemeral secret') };
      const receiver = must(ReceiverHandshake.read(own, header, clear, payload, late));
      expect(hex(receiver.senderKey)).toBe(vector.get('sender public'));
      expect(decodeAnnouncement(receiver.body)).toMatchObject({ name: 'zwire', sizeBytes: 5n });

      const answer = given.oneWay ? undefined : receiver.answer();
      const keys = answer?.keys ?? receiver.oneWayKeys();
      expect(Object.fromEntries(vector)).toMatchObject(shownKeys(keys));
      expect(decodeProbe(opened(given.bytes('probe segment'), keys.senderControl))).toEqual({
        timeUs: 1_000_000,
      });
      if (answer === undefined) {
        expect(shownKeys(sender.oneWayKeys())).toEqual(shownKeys(keys));
        return;
      }
      const join = given.bytes('join segment');
      expect(shownKeys(must(sender.readJoin(decodeJoinClear(join.subarray(32)))))).toEqual(shownKeys(keys));
      expect(hex(encodeJoinClear(answer.joinClear))).toBe(hex(join.subarray(32, 96)));
      expect(decodeJoin(opened(join, keys.receiverControl, 64))).toEqual({ accepted: 'undecided' });
    });
  },
);

test('in the third both key pairs follow from the shared key', () => {
  const vector = new Given(must(VECTORS[2]));
  const { sender, receiver } = sharedKeyPairs(vector.bytes('shared key'));
  expect([hex(sender.secret()), hex(receiver.secret())]).toEqual([
    hex(vector.bytes('sender secret')),
    hex(vector.bytes('receiver secret')),
  ]);
});
