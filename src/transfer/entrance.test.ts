import { expect, test } from 'vitest';
import { ANNOUNCEMENT, announceKeyed, announceOpen, arrived, type Arrived } from '../../test/announced.ts';
import { KeyPair } from '../seal/key-pair.ts';
import { decodeJoin, decodeJoinClear, type Join, JOIN_CLEAR_BYTES } from '../wire/join.ts';
import { encodeProbe } from '../wire/probe.ts';
import { MessageType } from '../wire/segment.ts';
import { ControlChannel } from './control-channel.ts';
import { CreditPool } from './credit-pool.ts';
import { type Admitted, Entrance, type EntranceLink } from './entrance.ts';
import { dismiss } from './waiting-room.ts';
import type { DoorKeys } from './worker-message.ts';

const SENDER = KeyPair.generate();
const RECEIVER = KeyPair.generate();
const PEER = { ip: 0xc612_0001, port: 40_000, localIp: 0xc612_0002, mac: undefined };

/** An entrance, and what it has said. */
class Scene {
  readonly said: Uint8Array[] = [];
  readonly entrance: Entrance;

  constructor(keys?: DoorKeys, maxTransfers = 4) {
    const link: EntranceLink = {
      inbound: { peer: () => PEER, sourceIp: () => PEER.ip },
      reply: (_peer, segment) => void this.said.push(Uint8Array.from(segment)),
    };
    const data = { maxTransfers, ...(keys === undefined ? {} : { keys }) };
    this.entrance = new Entrance(data, link, new CreditPool(64, maxTransfers));
  }

  announce({ header, payload }: Arrived, nowMs = 0): Admitted | undefined {
    if (this.entrance.turnsAway(header, payload, 0, nowMs)) return undefined;
    return this.entrance.onAnnounce(header, payload, nowMs);
  }
}

function readJoin(channel: ControlChannel, segment: Uint8Array | undefined): Join {
  const { header, payload } = arrived(segment ?? new Uint8Array(0));
  const body = channel.read(header, payload, JOIN_CLEAR_BYTES);
  if (body === undefined) throw new Error('the JOIN is not authentic');
  return decodeJoin(body);
}

test('of the open suite whoever fits is let in at once, and nothing is said', () => {
  const scene = new Scene();
  const announced = announceOpen();
  using _channel = announced.channel;
  const admitted = scene.announce(announced);
  expect(admitted?.visitor.announcement).toEqual(ANNOUNCEMENT);
  expect(scene.said).toEqual([]);
  if (admitted !== undefined) dismiss(admitted.visitor);
});

test('what it cannot do is refused, and the very same words are said again to whoever asks again', () => {
  const scene = new Scene();
  const many = announceOpen({ ...ANNOUNCEMENT, feedback: 'many' });
  using channel = many.channel;
  expect(scene.announce(many)).toBeUndefined();
  expect(readJoin(channel, scene.said[0])).toMatchObject({ accepted: false, code: 'UNSUPPORTED' });
  expect(scene.announce(many)).toBeUndefined();
  expect(scene.said[1]).toEqual(scene.said[0]);
});

test('refusals are said again a bounded number of times a second', () => {
  const scene = new Scene();
  const many = announceOpen({ ...ANNOUNCEMENT, feedback: 'many' });
  using _channel = many.channel;
  for (let times = 0; times < 1000; times++) scene.announce(many);
  expect(scene.said.length).toBe(101);
});

test('one transfer too many is refused by name of the limit', () => {
  const scene = new Scene(undefined, 1);
  const first = announceOpen(ANNOUNCEMENT, 1);
  const second = announceOpen(ANNOUNCEMENT, 2);
  using channel = second.channel;
  first.channel[Symbol.dispose]();
  const admitted = scene.announce(first);
  expect(scene.announce(second)).toBeUndefined();
  expect(readJoin(channel, scene.said[0])).toMatchObject({ accepted: false, code: 'LIMIT' });
  if (admitted !== undefined) dismiss(admitted.visitor);
});

test('a one-way sender that is refused hears nothing', () => {
  const scene = new Scene();
  const oneWay = announceOpen({ ...ANNOUNCEMENT, feedback: 'none', fecDataRecords: 8, fecParityRecords: 1 });
  using _channel = oneWay.channel;
  expect(scene.announce(oneWay)).toBeUndefined();
  expect(scene.said).toEqual([]);
});

/** A sender with a key that has announced itself and read the answer. */
function knocked(scene: Scene): { readonly channel: ControlChannel; readonly announced: Arrived } {
  const announced = announceKeyed(SENDER, RECEIVER.publicKey, false);
  expect(scene.announce(announced)).toBeUndefined();
  const { payload } = arrived(scene.said[0] ?? new Uint8Array(0));
  const keys = announced.handshake.readJoin(decodeJoinClear(payload.subarray(0, JOIN_CLEAR_BYTES)));
  if (keys === undefined) throw new Error('the answer is not the receiver’s');
  const channel = new ControlChannel(keys.senderControl, keys.receiverControl, 0, 1);
  expect(readJoin(channel, scene.said[0])).toEqual({ accepted: 'undecided' });
  return { channel, announced };
}

const keys = (): DoorKeys => ({ identity: RECEIVER.secret(), authorized: [SENDER.publicKey] });

test('with keys a sender waits until it has spoken under the new ones', () => {
  const scene = new Scene(keys());
  const { channel, announced } = knocked(scene);
  using _channel = channel;
  // Said again by somebody who saw it, it opens nothing.
  expect(scene.announce(announced)).toBeUndefined();
  const probe = arrived(channel.write(MessageType.probe, encodeProbe({ timeUs: 7 })));
  const forged = { ...probe, payload: probe.payload.map((byte) => byte ^ 1) };
  expect(scene.entrance.onMessage(forged.header, forged.payload)).toBeUndefined();
  const admitted = scene.entrance.onMessage(probe.header, probe.payload);
  expect(admitted?.visitor.keyed?.senderKey).toEqual(SENDER.publicKey);
  expect(scene.entrance.onMessage(probe.header, probe.payload)).toBeUndefined();
  if (admitted !== undefined) dismiss(admitted.visitor);
});

test('who goes away again, or says nothing for seconds, is forgotten', () => {
  const left = new Scene(keys());
  const { channel } = knocked(left);
  const abort = arrived(channel.write(MessageType.abort, new Uint8Array(4)));
  const probe = arrived(channel.write(MessageType.probe, encodeProbe({ timeUs: 7 })));
  expect(left.entrance.onMessage(abort.header, abort.payload)).toBeUndefined();
  expect(left.entrance.onMessage(probe.header, probe.payload)).toBeUndefined();
  channel[Symbol.dispose]();

  const silent = new Scene(keys());
  using quiet = knocked(silent).channel;
  const late = arrived(quiet.write(MessageType.probe, encodeProbe({ timeUs: 7 })));
  const told: string[] = [];
  for (let nowMs = 0; nowMs < 6000; nowMs += 20) told.push(silent.entrance.serve(nowMs)?.message ?? '');
  expect(told.join('')).toContain('said a recorded announcement again');
  expect(silent.entrance.onMessage(late.header, late.payload)).toBeUndefined();
});

test('who answers while the receiver stands still has answered in time', () => {
  const scene = new Scene(keys());
  scene.entrance.serve(0);
  using channel = knocked(scene).channel;
  const probe = arrived(channel.write(MessageType.probe, encodeProbe({ timeUs: 7 })));
  scene.entrance.serve(20);
  // What has come meanwhile is read after this.
  expect(scene.entrance.serve(20_000)).toBeUndefined();
  const admitted = scene.entrance.onMessage(probe.header, probe.payload);
  expect(admitted?.visitor.keyed?.senderKey).toEqual(SENDER.publicKey);
  if (admitted !== undefined) dismiss(admitted.visitor);
});
