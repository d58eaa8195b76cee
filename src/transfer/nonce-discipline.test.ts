// The invariant that sealing rests on: no (key, nonce) pair ever seals two plaintexts. Seen from outside: what is sealed
// here is zeros, so that the ciphertext is the keystream, and a keystream that comes twice is a pair that came twice.
// Senders and receivers are started anew with the same key files at random, with the same salt even, and with recorded
// announcements; records go on, are tried again, and cross epochs; both directions talk.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEpochSealer } from '../seal/epoch-seal.ts';
import { ReceiverHandshake, SenderHandshake } from '../seal/handshake.ts';
import { KeyPair } from '../seal/key-pair.ts';
import type { RecordSealer } from '../seal/record-seal.ts';
import { EPOCH_RECORDS, openSuiteKeys, type SessionKeys } from '../seal/session-keys.ts';
import { Memory } from '../sys/memory.ts';
import { ANNOUNCE_CLEAR_BYTES, decodeAnnounceClear } from '../wire/announce.ts';
import { MessageType } from '../wire/segment.ts';
import { keyedSuite } from '../wire/suite.ts';
import { ControlChannel } from './control-channel.ts';

const SENDER = KeyPair.generate();
const RECEIVER = KeyPair.generate();
const PSK = new Uint8Array(32).fill(1);
const ZEROS = new Uint8Array(32);

type Step =
  | { readonly kind: 'transfer'; readonly oneWay: boolean; readonly psk: boolean; readonly aes: boolean }
  | { readonly kind: 'receiver restarts' }
  | { readonly kind: 'records'; readonly count: number; readonly skip: number }
  | { readonly kind: 'the same number again'; readonly back: number }
  | { readonly kind: 'control'; readonly count: number };

const STEPS: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('transfer' as const),
    oneWay: fc.boolean(),
    psk: fc.boolean(),
    aes: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('receiver restarts' as const) }),
  fc.record({
    kind: fc.constant('records' as const),
    count: fc.integer({ min: 1, max: 8 }),
    skip: fc.constantFrom(0, 0, 1, EPOCH_RECORDS - 3, EPOCH_RECORDS, 3 * EPOCH_RECORDS + 1),
  }),
  fc.record({ kind: fc.constant('the same number again' as const), back: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ kind: fc.constant('control' as const), count: fc.integer({ min: 1, max: 5 }) }),
);

const own = (identity: KeyPair, psk: boolean): { identity: KeyPair; psk?: Uint8Array } =>
  psk ? { identity, psk: PSK } : { identity };

/** One transfer after another, under the same long-lived keys and ids. */
class Life {
  readonly keystreams: string[] = [];
  readonly #memory: Memory = Memory.allocate(4096);
  #announce: Uint8Array | undefined;
  #psk = false;
  #next = 0;
  #sealer: RecordSealer | undefined;
  #sides: ControlChannel[] = [];

  begin({ oneWay, psk, aes }: Extract<Step, { kind: 'transfer' }>): void {
    const options = {
      transferIdHigh: 1,
      transferIdLow: 2,
      suite: keyedSuite(oneWay, psk, aes ? 'aes-256-gcm' : 'chacha20-poly1305'),
      own: own(SENDER, psk),
      receiverKey: RECEIVER.publicKey,
      salt: ZEROS,
      senderTimeNs: 3n,
    };
    const handshake = new SenderHandshake(options, ZEROS);
    this.#announce = handshake.announce;
    this.#psk = psk;
    const sealed = handshake.announce.subarray(ANNOUNCE_CLEAR_BYTES + 48);
    this.#keep(sealed);
    const answer = oneWay ? undefined : this.#readAnnounce()?.answer();
    const keys = answer === undefined ? handshake.oneWayKeys() : handshake.readJoin(answer.joinClear);
    if (keys === undefined) throw new Error('no keys');
    this.#adopt(keys, answer?.keys);
  }

  /** The receiver gets the recorded announcement again, and seals what it says under whatever comes of it. */
  restartReceiver(): void {
    const handshake = this.#readAnnounce();
    if (handshake === undefined || handshake.oneWay) return;
    const { keys } = handshake.answer();
    using channel = new ControlChannel(keys.receiverControl, keys.senderControl, 1, 2);
    for (let times = 0; times < 3; times++) this.#say(channel);
  }

  records(count: number, skip: number): void {
    this.#next += skip;
    for (let times = 0; times < count; times++) this.#seal(this.#next++);
  }

  again(back: number): void {
    if (this.#sealer === undefined || this.#next === 0) return;
    const record = Math.max(0, this.#next - 1 - back);
    expect(() => this.#seal(record)).toThrow(RangeError);
  }

  control(count: number): void {
    for (let times = 0; times < count; times++) for (const side of this.#sides) this.#say(side);
  }

  #readAnnounce(): ReceiverHandshake | undefined {
    const payload = this.#announce;
    if (payload === undefined) return undefined;
    const header = { transferIdHigh: 1, transferIdLow: 2, record: 0, payloadBytes: payload.length };
    return ReceiverHandshake.read(own(RECEIVER, this.#psk), header, decodeAnnounceClear(payload), payload);
  }

  #adopt(sender: SessionKeys, receiver: SessionKeys | undefined): void {
    this.dispose();
    this.#next = 0;
    this.#sealer = createEpochSealer(sender.data, 1, 2);
    this.#sides = [new ControlChannel(sender.senderControl, sender.receiverControl, 1, 2)];
    if (receiver !== undefined)
      this.#sides.push(new ControlChannel(receiver.receiverControl, receiver.senderControl, 1, 2));
  }

  #seal(record: number): void {
    this.#memory.bytes.fill(0, 0, 32);
    this.#sealer?.seal(record, false, this.#memory, 0, 32, this.#memory, 1024);
    if (this.#sealer !== undefined) this.#keep(this.#memory.bytes.subarray(1024, 1056));
  }

  #say(channel: ControlChannel): void {
    this.#keep(channel.write(MessageType.status, ZEROS).subarray(32));
  }

  #keep(ciphertext: Uint8Array): void {
    this.keystreams.push(Buffer.from(ciphertext.subarray(0, 32)).toString('hex'));
  }

  dispose(): void {
    this.#sealer?.[Symbol.dispose]();
    for (const side of this.#sides) side[Symbol.dispose]();
    this.#sides = [];
    this.#sealer = undefined;
  }

  end(): void {
    this.dispose();
    this.#memory[Symbol.dispose]();
  }
}

function live(life: Life, step: Step): void {
  switch (step.kind) {
    case 'transfer':
      life.begin(step);
      break;
    case 'receiver restarts':
      life.restartReceiver();
      break;
    case 'records':
      life.records(step.count, step.skip);
      break;
    case 'the same number again':
      life.again(step.back);
      break;
    case 'control':
      life.control(step.count);
  }
}

test('no key and nonce seal twice, whatever is started again', () => {
  let sealed = 0;
  fc.assert(
    fc.property(fc.array(STEPS, { minLength: 5, maxLength: 40 }), (steps) => {
      const life = new Life();
      try {
        for (const step of steps) live(life, step);
        expect(new Set(life.keystreams).size).toBe(life.keystreams.length);
        sealed += life.keystreams.length;
      } finally {
        life.end();
      }
    }),
    { numRuns: 200 },
  );
  // Some three thousand in random lives; the property would hold of none at all.
  expect(sealed).toBeGreaterThan(1000);
});

test('the method sees a pair that comes twice: the open suite with one salt', () => {
  const channels = [0, 1].map(() => {
    const { senderControl, receiverControl } = openSuiteKeys(ZEROS);
    return new ControlChannel(senderControl, receiverControl, 1, 2);
  });
  const [one, two] = channels.map((channel) => channel.write(MessageType.status, ZEROS).subarray(32, 64));
  expect(one).toEqual(two);
  for (const channel of channels) channel[Symbol.dispose]();
});
