import { afterEach, describe, expect, test } from 'vitest';
import { ANNOUNCEMENT, announceKeyed, announceOpen, type Arrived } from '../../test/announced.ts';
import { KeyPair } from '../seal/key-pair.ts';
import { formatPublicKey } from '../seal/public-key.ts';
import type { Announcement } from '../wire/announce.ts';
import { Doorkeeper, type Visitor } from './doorkeeper.ts';
import { dismiss, WaitingRoom } from './waiting-room.ts';

const SENDER = KeyPair.generate();
const RECEIVER = KeyPair.generate();
const keyed = (identity: KeyPair, oneWay: boolean, announcement?: Announcement, id?: number): Arrived =>
  announceKeyed(identity, RECEIVER.publicKey, oneWay, announcement, id);

function open(): Arrived {
  const { channel, ...announced } = announceOpen();
  channel[Symbol.dispose]();
  return announced;
}

const visitors: Visitor[] = [];
afterEach(() => {
  for (const visitor of visitors.splice(0)) dismiss(visitor);
});

function look(door: Doorkeeper, { header, payload }: Arrived, nowMs = 0, source = 1): Visitor | undefined {
  const stays = door.turnsAway(header, payload, 0, nowMs, source);
  const visitor = stays ? undefined : door.look(header, payload, nowMs, source);
  if (visitor !== undefined) visitors.push(visitor);
  return visitor;
}

const doorWith = (...authorized: KeyPair[]): Doorkeeper =>
  new Doorkeeper({ identity: RECEIVER.secret(), authorized: authorized.map((pair) => pair.publicKey) });

describe('a door with keys', () => {
  test('lets in whom it knows, two-way with an answer and one-way without', () => {
    const twoWay = look(doorWith(SENDER), keyed(SENDER, false));
    expect(twoWay?.announcement).toEqual(ANNOUNCEMENT);
    expect(twoWay?.keyed?.senderKey).toEqual(SENDER.publicKey);
    expect(twoWay?.keyed?.joinClear).toBeDefined();
    const oneWay = look(doorWith(SENDER), keyed(SENDER, true, { ...ANNOUNCEMENT, feedback: 'none' }));
    expect(oneWay?.keyed?.joinClear).toBeUndefined();
  });

  test('keeps what opens an announcement only where keys are logged, until the visitor is dismissed', () => {
    const authorized = [SENDER.publicKey];
    for (const logsKeys of [false, true]) {
      const door = new Doorkeeper({ identity: RECEIVER.secret(), authorized }, logsKeys);
      const { header, payload } = keyed(SENDER, false);
      const visitor = door.look(header, payload, 0, 1);
      const secret = visitor?.keyed?.payloadSecret;
      expect(secret?.some((byte) => byte !== 0)).toBe(logsKeys ? true : undefined);
      if (visitor !== undefined) dismiss(visitor);
      expect(secret?.some((byte) => byte !== 0)).toBe(logsKeys ? false : undefined);
    }
  });

  test('lets in nobody else, and says whom it turned away', () => {
    for (const [announced, why] of [
      [keyed(KeyPair.generate(), false), 'not on the list'],
      [open(), 'without keys'],
    ] as const) {
      const door = doorWith(SENDER);
      expect(look(door, announced)).toBeUndefined();
      expect(door.report(0)?.message).toContain(why);
    }
    const stranger = KeyPair.generate();
    const door = doorWith();
    look(door, keyed(stranger, false));
    expect(door.report(0)?.message).toContain(formatPublicKey(stranger.publicKey));
  });

  test('hashes for a source no more than its share, and as before for all others', () => {
    const door = doorWith(SENDER);
    const forged = keyed(SENDER, false);
    forged.payload[8] = (forged.payload[8] ?? 0) ^ 1;
    for (let i = 0; i < 10_100; i++) look(door, forged);
    expect(door.report(0)?.count).toBe(10_000);
    const honest = keyed(SENDER, false);
    expect(look(door, honest)).toBeUndefined();
    expect(look(door, honest, 0, 2)).toBeDefined();
    expect(look(door, honest, 1001)).toBeDefined();
  });

  test('takes what is cut short, of an unknown suite, or not zero where it should be, for no reason to stop', () => {
    const { header, payload } = keyed(SENDER, false);
    const short = { header: { ...header, payloadBytes: 87 }, payload: payload.subarray(0, 87) };
    const changed = [0, 1, 7].map((at) => ({
      header,
      payload: payload.map((byte, i) => (i === at ? 99 : byte)),
    }));
    for (const door of [doorWith(SENDER), new Doorkeeper(undefined)]) {
      for (const senseless of [short, ...changed]) expect(look(door, senseless)).toBeUndefined();
      expect(door.report(0)).toMatchObject({ count: 4, message: expect.stringContaining('damaged') });
    }
  });

  test('goes by another list from the moment that it is given one', () => {
    const door = doorWith(SENDER);
    const other = KeyPair.generate();
    door.authorize([other.publicKey]);
    expect(look(door, keyed(SENDER, false))).toBeUndefined();
    expect(look(door, keyed(other, false))?.keyed?.senderKey).toEqual(other.publicKey);
  });

  test('objects two-way to the cipher that it does not want, and to nothing else', () => {
    const oneWay = keyed(SENDER, true, { ...ANNOUNCEMENT, feedback: 'none' });
    for (const [cipher, announced, code] of [
      ['chacha20-poly1305', keyed(SENDER, false), 'CIPHER'],
      ['aes-256-gcm', keyed(SENDER, false), undefined],
      ['chacha20-poly1305', oneWay, undefined],
    ] as const) {
      const door = new Doorkeeper({ identity: RECEIVER.secret(), authorized: [SENDER.publicKey], cipher });
      const visitor = look(door, announced);
      if (visitor === undefined) throw new Error('not let in');
      expect(door.objection(visitor)?.code).toBe(code);
    }
  });

  test('lets no suite in that contradicts the announcement', () => {
    for (const oneWay of [true, false]) {
      const other = { ...ANNOUNCEMENT, feedback: oneWay ? 'one' : 'none' } as const;
      expect(() => look(doorWith(SENDER), keyed(SENDER, oneWay, other))).toThrow();
    }
  });

  test('says once in ten seconds how many were turned away', () => {
    const door = doorWith();
    const stranger = open();
    for (let i = 0; i < 1000; i++) look(door, stranger);
    expect(door.report(0)?.count).toBe(1000);
    look(door, stranger);
    expect(door.report(9999)).toBeUndefined();
    expect(door.report(10_000)?.count).toBe(1);
    expect(door.report(30_000)).toBeUndefined();
  });

  test('forgeries do not use up the looks of those it knows; recorded announcements are looked at 100 times a second, 50 from one source', () => {
    const door = doorWith(SENDER);
    const forged = keyed(SENDER, false);
    forged.payload[8] = (forged.payload[8] ?? 0) ^ 1;
    for (let i = 0; i < 1000; i++) expect(look(door, forged)).toBeUndefined();
    const recorded = keyed(SENDER, false);
    let looked = 0;
    for (let i = 0; i < 150; i++) if (look(door, recorded) !== undefined) looked++;
    expect(looked).toBe(50);
    for (let i = 0; i < 150; i++) if (look(door, recorded, 0, 2) !== undefined) looked++;
    expect(looked).toBe(100);
    expect(look(door, recorded, 0, 3)).toBeUndefined();
    expect(look(door, recorded, 1001)).toBeDefined();
  });
});

test('a door without keys takes the open suite alone', () => {
  const door = new Doorkeeper(undefined);
  expect(look(door, open())?.keyed).toBeUndefined();
  expect(look(door, keyed(SENDER, false))).toBeUndefined();
  expect(door.report(0)?.message).toContain('this one has none');
});

describe('the waiting room', () => {
  test('has 64 places, and forgets who does not go on', () => {
    const room = new WaitingRoom();
    for (let i = 0; i < 80; i++) {
      const door = doorWith(SENDER);
      const { header, payload } = keyed(SENDER, false, ANNOUNCEMENT, i);
      const visitor = door.look(header, payload, 0, 1);
      if (visitor === undefined) throw new Error('not let in');
      room.add(String(i), { transferIdHigh: 0, transferIdLow: i }, visitor, i);
    }
    expect(room.get('15')).toBeUndefined();
    expect(room.get('16')).toBeDefined();
    // Its clock goes while somebody looks.
    for (let nowMs = 100; nowMs <= 5000; nowMs += 100) expect(room.expire(nowMs)).toBe(0);
    expect(room.expire(5016)).toBe(0);
    expect(room.expire(5018)).toBe(2);
    const taken = room.take('40');
    expect(room.get('40')).toBeUndefined();
    if (taken !== undefined) visitors.push(taken.visitor);
    room.clear();
    expect(room.expire(1e9)).toBe(0);
  });
});
