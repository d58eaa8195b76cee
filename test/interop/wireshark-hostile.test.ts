// Bytes that are no transfer: what the receiver drops, and why, the dissector must say in the same words, and nothing
// may make it fail. The captures are written here; no network is needed.
import { createCipheriv, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createControlSealer } from '../../src/seal/control-seal.ts';
import { type DirectionKey, EPOCH_RECORDS, nextEpoch, openSuiteKeys } from '../../src/seal/session-keys.ts';
import { ANNOUNCE_CLEAR_BYTES, encodeAnnounceClear } from '../../src/wire/announce.ts';
import {
  AAD_BYTES,
  decodeSegmentHeader,
  emptySegmentHeader,
  MessageType,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  writeAad,
} from '../../src/wire/segment.ts';
import { buildFrame } from '../netns/frame.ts';
import { ADDRESSES, segment } from './frames.ts';
import { type Row, Tshark, writeCapture } from './tshark.ts';

let tshark: Tshark;
beforeAll(() => {
  tshark = new Tshark();
});
afterAll(() => tshark[Symbol.dispose]());

async function shown(payloads: readonly Uint8Array[], preferences: readonly string[] = []): Promise<Row[]> {
  const path = tshark.path('hostile.pcap');
  writeCapture(
    path,
    payloads.map((payload) => buildFrame({ ...ADDRESSES, payload })),
  );
  const rows = await tshark.read(path, { preferences });
  expect(rows.length).toBe(payloads.length);
  return rows;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** Why the receiver would drop the rest of a datagram, '' when it takes all of it. */
function reasonFor(payload: Uint8Array): string {
  const header = emptySegmentHeader();
  for (let at = 0; at < payload.length; at += SEGMENT_HEADER_BYTES + header.payloadBytes) {
    const reason = decodeSegmentHeader(viewOf(payload), at, payload.length - at, header);
    if (reason !== '') return reason;
  }
  return '';
}

const DATA = { type: MessageType.data, segmentIndex: 1, segmentCount: 3, recordBytes: 3000 };

/** A valid segment with one byte of its header changed in every way that a bit makes. */
function damagedHeaders(): Uint8Array[] {
  const valid = [
    segment(DATA, new Uint8Array(1440)),
    segment({ ...DATA, segmentIndex: 2 }, new Uint8Array(120)),
    segment({ type: MessageType.status }, new Uint8Array(56)),
    segment({ type: MessageType.filler }, new Uint8Array(3)),
    segment({ ...DATA, type: MessageType.parity, parityRow: 3 }, new Uint8Array(1440)),
  ];
  return valid.flatMap((bytes) =>
    Array.from({ length: SEGMENT_HEADER_BYTES * 8 }, (_, bit) => {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return damaged;
    }),
  );
}

/** A record of one segment, sealed as the specification says. */
function sealedRecord(key: DirectionKey, record: number, text: string): Uint8Array {
  const recordBytes = text.length + 16;
  const nonce = Buffer.alloc(12);
  nonce.set(key.noncePrefix);
  nonce.writeBigUInt64BE(BigInt(record), 4);
  const aad = new Uint8Array(AAD_BYTES);
  writeAad(viewOf(aad), 0, MessageType.data, 0, 7, record, recordBytes, false);
  const cipher = createCipheriv('aes-256-gcm', key.key, nonce).setAAD(aad);
  const body = cipher.update(text);
  cipher.final();
  return segment({ type: MessageType.data, record }, Buffer.concat([body, cipher.getAuthTag()]));
}

describe('a segment that a receiver drops', () => {
  it('is shown with the reason by which the receiver counts it', async () => {
    const payloads = damagedHeaders();
    const rows = await shown(payloads, ['zwire.v0:FALSE']);
    const reasons = payloads.map(reasonFor);
    expect(new Set(reasons)).toEqual(
      new Set(['', 'truncated', 'magic', 'version', 'type', 'flags', 'reserved', 'index', 'length']),
    );
    for (const [i, row] of rows.entries()) expect(row.one('fault'), `segment ${i}`).toBe(reasons[i]);
  });

  it('of random bytes on the port, of any length', async () => {
    const payloads = Array.from({ length: 300 }, (_, i) => randomBytes(i));
    for (const payload of payloads) if (payload.length > 0) payload[0] = (payload[0] ?? 0) | 0x80; // neither v1 nor v0
    const rows = await shown(payloads);
    for (const [i, row] of rows.entries())
      expect(row.one('fault')).toBe(reasonFor(payloads[i] ?? Buffer.of()));
  });

  it('behind a valid one in the same datagram', async () => {
    const first = segment({ type: MessageType.filler }, new Uint8Array(40));
    const [row] = await shown([Buffer.concat([first, first, Buffer.alloc(9)])]);
    expect(row?.numbers('type')).toEqual([MessageType.filler, MessageType.filler]);
    expect(row?.all('fault')).toEqual(['truncated']);
  });
});

describe('a record', () => {
  const piece = (index: number, fill: number, header: Partial<SegmentHeader> = {}): Uint8Array => {
    const last = index === 2;
    const payload = new Uint8Array(last ? 200 : 512).fill(fill);
    return segment({ ...DATA, recordBytes: 1224, segmentIndex: index, ...header }, payload);
  };

  it('is put together from segments in any order, once, with its repeats marked', async () => {
    const repeat = piece(0, 9, { flags: 1 });
    const rows = await shown([piece(2, 3), piece(0, 1), piece(0, 1), repeat, piece(1, 2), piece(1, 2)]);
    expect(rows.map((row) => row.one('reassembled.segments'))).toEqual(['1', '2', '2', '2', '3', '']);
    const isComplete = (row: Row): boolean => /^(1|True)$/.test(row.one('reassembled.complete'));
    expect(rows.map(isComplete)).toEqual([false, false, false, false, true, false]);
    expect(rows.map((row) => row.one('first_frame'))).toEqual(['', '', '2', '2', '', '5']);
    expect(rows[2]?.all('_ws.expert.message')).toEqual(['Duplicate segment']);
    expect(rows[3]?.all('_ws.expert.message')).toEqual(['Repeated segment']);
    expect(rows[4]?.one('reassembled.length')).toBe('1224');
  });

  it('whose segments contradict each other says so', async () => {
    const rows = await shown([piece(0, 1), piece(1, 1, { recordBytes: 1225 })]);
    expect(rows[1]?.all('_ws.expert.message')).toEqual(['Earlier segments say 3 segments, 1224 bytes']);
  });

  it('is not kept when there are more bytes than the memory that was allowed', async () => {
    const rows = await shown([piece(0, 1), piece(1, 1), piece(2, 1)], ['zwire.memory:0']);
    expect(rows[2]?.one('reassembled.segments')).toBe('3');
    expect(rows[2]?.has('reassembled.data')).toBe(false);
  });
});

describe('a control message', () => {
  const salt = randomBytes(32);
  const clear = encodeAnnounceClear({
    suite: 'open',
    keyId: new Uint8Array(8),
    salt,
    ephemeralPublic: new Uint8Array(32),
    senderTimeNs: 1_700_000_000_123_456_789n,
  });
  const keys = openSuiteKeys(salt);

  function sealed(type: number, counter: number, clearPart: Uint8Array, body: Uint8Array): Uint8Array {
    using sealer = createControlSealer(keys.senderControl);
    const payload = sealer.seal({ type, transferIdHigh: 0, transferIdLow: 7, counter }, clearPart, body);
    return segment({ type, record: counter }, payload);
  }

  it('with a wrong tag is not opened, and one of a transfer without announcement cannot be', async () => {
    const none = new Uint8Array(0);
    const probe = sealed(MessageType.probe, 2, none, Buffer.from('00000000000f4240', 'hex'));
    const announce = sealed(MessageType.announce, 1, clear, Buffer.from('{"kind":"file"}'));
    const spoiled = probe.slice();
    spoiled[40] = (spoiled[40] ?? 0) ^ 1;
    const rows = await shown([probe, announce, spoiled, probe]);
    expect(rows.map((row) => /^(1|True)$/.test(row.one('opened')))).toEqual([false, true, false, true]);
    expect(rows[0]?.one('_ws.expert.message')).toMatch(/no announcement/);
    expect(rows[1]?.one('announce.body')).toBe('{"kind":"file"}');
    expect(rows[1]?.one('announce.time')).toMatch(/22:13:20\.123456789/);
    expect(rows[2]?.one('_ws.expert.message')).toMatch(/tag does not fit/);
    expect(rows[3]?.one('probe.time')).toBe('1000000');
  });

  it('opens the records of its transfer, in the first epoch of keys and in a later one', async () => {
    const announce = sealed(MessageType.announce, 1, clear, Buffer.from('{}'));
    const first = sealedRecord(keys.data, 3, 'in the first');
    const later = sealedRecord(nextEpoch(nextEpoch(keys.data)), 2 * EPOCH_RECORDS + 3, 'in the third');
    const wrong = sealedRecord(keys.data, EPOCH_RECORDS, 'under a key of the epoch before');
    const absurd = sealedRecord(keys.data, 2 ** 47, 'after more epochs than there can be');
    const rows = await shown([announce, first, later, wrong, absurd], ['zwire.open_records:TRUE']);
    const text = (row: Row | undefined): string =>
      Buffer.from(row?.one('reassembled.opened') ?? '', 'hex').toString();
    expect(rows.slice(1).map(text)).toEqual(['in the first', 'in the third', '', '']);
    expect(rows[3]?.all('_ws.expert.message')).toContain('The tag of the record does not fit');
    expect(rows[4]?.all('_ws.expert.message')).toContain('Cannot be opened: too many epochs of keys');
  });

  it('with a body of any bytes is shown without an error in Lua', async () => {
    const announce = sealed(MessageType.announce, 1, clear, Buffer.from('{}'));
    const bodies = Array.from({ length: 150 }, (_, i) => {
      const type = [MessageType.end, MessageType.probe, MessageType.abort, MessageType.announce][i % 4] ?? 5;
      return sealed(
        type,
        i + 2,
        type === MessageType.announce ? clear : new Uint8Array(0),
        randomBytes(i >> 1),
      );
    });
    const rows = await shown([announce, ...bodies]);
    expect(ANNOUNCE_CLEAR_BYTES).toBe(clear.length);
    for (const row of rows) expect(row.one('opened')).toMatch(/^(1|True)$/);
    // An END of another length than 48, for one.
    expect(
      rows.filter((row) => row.all('_ws.expert.message').some((text) => text.startsWith('Malformed body')))
        .length,
    ).toBeGreaterThan(50);
  });

  it('of the receiver with a body of any bytes, too', async () => {
    const announce = sealed(MessageType.announce, 1, clear, Buffer.from('{}'));
    using sealer = createControlSealer(keys.receiverControl);
    const bodies = Array.from({ length: 150 }, (_, i) => {
      const type = i % 2 === 0 ? MessageType.status : MessageType.join;
      const body = randomBytes(i);
      if (type === MessageType.status && i > 2) body[0] = i % 5;
      const header = { type, transferIdHigh: 0, transferIdLow: 7, counter: i + 1 };
      return segment(
        { type, record: i + 1 },
        sealer.seal(header, new Uint8Array(type === MessageType.join ? 64 : 0), body),
      );
    });
    const rows = await shown([announce, ...bodies]);
    for (const row of rows.slice(1)) expect(row.one('from')).toBe('receiver');
  });
});
