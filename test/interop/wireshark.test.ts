// What Wireshark says of what zwire puts on the wire. Transfers between two namespaces are captured with `zwire
// capture` and read by tshark with the dissector that `zwire dissector` prints; IPv4 and UDP are judged by Wireshark's
// own dissectors, with the validation of checksums on.
import { readFileSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ABORT_CODES } from '../../src/wire/abort.ts';
import { geometryForMtu } from '../../src/wire/geometry.ts';
import { MessageType } from '../../src/wire/segment.ts';
import { STATUS_STATES } from '../../src/wire/status.ts';
import { buildFrame } from '../netns/frame.ts';
import { type LinkKind, numberOf, Scene } from '../netns/scene.ts';
import { type Captured, capturedTransfer, startCapture } from './captures.ts';
import { ADDRESSES } from './frames.ts';
import { type Row, Tshark, writeCapture } from './tshark.ts';

let tshark: Tshark;
beforeAll(() => {
  tshark = new Tshark();
});
afterAll(() => tshark[Symbol.dispose]());

const MTU_BYTES = 1500;
const BYTES = 700_001;
const geometry = geometryForMtu(MTU_BYTES);

/** Every frame's IPv4 and UDP headers are right, and Wireshark has looked. */
function expectRightHeaders(rows: readonly Row[]): void {
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) {
    expect([row.one('ip.checksum.status'), row.one('udp.checksum.status')], 'checksums good').toEqual([
      '1',
      '1',
    ]);
    expect(row.number('udp.length')).toBe(row.number('ip.len') - row.number('ip.hdr_len'));
    expect(row.number('frame.len')).toBeGreaterThanOrEqual(row.number('ip.len') + 14);
  }
}

/** What Wireshark and the dissector have to remark. */
const remarks = (rows: readonly Row[]): string[] => rows.flatMap((row) => [...row.all('_ws.expert.message')]);

const ofType = (rows: readonly Row[], type: keyof typeof MessageType): Row[] =>
  rows.filter((row) => row.numbers('type').includes(MessageType[type]));

const isTrue = (value: string): boolean => value === '1' || value === 'True';
const completed = (rows: readonly Row[]): Row[] =>
  rows.filter((row) => row.all('reassembled.complete').some(isTrue));
const repeatsIn = (rows: readonly Row[]): number =>
  rows.reduce((sum, row) => sum + row.all('flags.repair').filter(isTrue).length, 0);

/** Records and segments in the capture are those of the run. */
function expectRun(rows: readonly Row[], run: Captured): void {
  const whole = completed(rows).flatMap((row) => row.numbers('reassembled.length'));
  expect(whole.length).toBe(numberOf(run.sent, 'records'));
  expect(whole.reduce((sum, bytes) => sum + bytes - 16, 0)).toBe(run.content.length);
  const segments = whole.reduce((sum, bytes) => sum + Math.ceil(bytes / geometry.segmentPayloadBytes), 0);
  expect(repeatsIn(rows)).toBe(numberOf(run.sent, 'repeats'));
  const data = rows.flatMap((row) => row.numbers('type')).filter((type) => type === MessageType.data);
  expect(data.length).toBe(segments + numberOf(run.sent, 'repeats'));
}

/** The fields of the header and of the messages that every transfer has. */
function expectMessages(rows: readonly Row[], run: Captured, feedback: string): void {
  for (const row of rows) {
    expect(new Set(row.all('magic'))).toEqual(new Set(['0x5a57']));
    expect(new Set(row.all('version'))).toEqual(new Set(['1']));
    expect(new Set(row.all('parity_row'))).toEqual(new Set(['0']));
    expect(new Set(row.all('reserved'))).toEqual(new Set(['0x00000000']));
    if (ofType([row], 'filler').length > 0) continue;
    expect(new Set(row.all('transfer'))).toEqual(new Set([`0x${String(run.sent['transfer'])}`]));
    expect(new Set(row.all('stream'))).toEqual(new Set(['0']));
    if (ofType([row], 'data').length === 0) expect(row.all('opened').every(isTrue)).toBe(true);
  }
  const [announce] = ofType(rows, 'announce');
  expect(announce?.one('announce.suite')).toBe('0');
  expect(announce?.one('announce.zero')).toBe('00000000000000');
  expect(announce?.one('announce.key_id')).toBe('0x0000000000000000');
  expect(announce?.one('announce.salt')).toMatch(/^[0-9a-f]{64}$/);
  expect(announce?.one('announce.ephemeral_key')).toBe('0'.repeat(64));
  expect(announce?.one('announce.time')).toContain(String(new Date().getUTCFullYear()));
  expect(JSON.parse(announce?.one('announce.body') ?? '')).toMatchObject({
    kind: 'file',
    name: 'source',
    sizeBytes: String(run.content.length),
    segmentPayloadBytes: geometry.segmentPayloadBytes,
    feedback,
  });
  const [end] = ofType(rows, 'end');
  expect(end?.number('end.records')).toBe(numberOf(run.sent, 'records'));
  expect(end?.number('end.bytes')).toBe(run.content.length);
  expect(end?.one('end.digest')).toMatch(/^[0-9a-f]{64}$/);
  expect(end?.one('from')).toBe('sender');
  const last = rows.filter((row) => row.all('flags.last').some(isTrue));
  expect(last[0]?.numbers('record').at(-1)).toBe(numberOf(run.sent, 'records') - 1);
}

/** The fields of the messages that come back. */
function expectAnswers(rows: readonly Row[], scene: Scene): void {
  const [join] = ofType(rows, 'join');
  expect(join?.one('join.answer')).toBe('1');
  expect(join?.one('join.nonce')).toMatch(/^[0-9a-f]{64}$/);
  expect(join?.one('join.have')).toBe('{"snapshots":[]}');
  expect(join?.number('join.credit_limit')).toBeGreaterThan(0);
  expect(join?.number('join.window')).toBeGreaterThan(0);
  expect(join?.one('from')).toBe('receiver');
  expect(join?.number('announced_in')).toBe(ofType(rows, 'announce')[0]?.number('frame.number'));
  const statuses = ofType(rows, 'status');
  const committed = STATUS_STATES.indexOf('committed');
  for (const status of statuses) {
    const final = status.number('status.state') === committed;
    expect(status.number('status.cumulative')).toBeLessThanOrEqual(status.number('status.highest'));
    expect(status.number('status.delivered')).toBeLessThanOrEqual(status.number('status.cumulative'));
    expect(status.number('status.ring_drops')).toBe(0);
    expect(status.number('status.bad_records')).toBe(0);
    expect(status.has('status.result.text')).toBe(final);
    if (final) expect(JSON.parse(status.one('status.result.text'))).toEqual({ target: scene.target() });
  }
  expect(statuses[0]?.number('status.state')).toBe(STATUS_STATES.indexOf('receiving'));
  expect(statuses.at(-1)?.number('status.state')).toBe(committed);
  const aborts = ofType(rows, 'abort').flatMap((row) => row.numbers('abort.code'));
  expect(new Set(aborts)).toEqual(new Set([ABORT_CODES.DONE]));
}

describe.each<LinkKind>(['raw', 'udp'])('a two-way transfer over %s', (link) => {
  it('is right in every header, and every message is shown with its fields', async () => {
    await using scene = await Scene.open(link, { mtuBytes: MTU_BYTES });
    await scene.lab.withoutOffloads();
    const run = await capturedTransfer(scene, { bytes: BYTES });
    const a = await tshark.read(run.a);
    const b = await tshark.read(run.b);
    expectRightHeaders(b);
    for (const rows of [a, b]) {
      expect(remarks(rows)).toEqual([]);
      expectRun(rows, run);
    }
    expectMessages(b, run, 'one');
    expectAnswers(b, scene);
  });

  it('is put together again, byte for byte, from super-frames captured on the sender', async () => {
    await using scene = await Scene.open(link, { mtuBytes: MTU_BYTES });
    const run = await capturedTransfer(scene, { bytes: 2 * geometry.plaintextBytes + 7 });
    const rows = await tshark.read(run.a, { preferences: ['zwire.open_records:TRUE'] });
    const first = rows.find((row) => row.number('segments') === geometry.segmentsPerRecord);
    const count = geometry.segmentsPerRecord;
    const all = (value: number): number[] => Array.from({ length: count }, () => value);
    expect(first?.number('frame.len')).toBe(42 + count * geometry.segmentBytes);
    expect(first?.number('ip.len')).toBe(28 + count * geometry.segmentBytes);
    expect(first?.number('udp.length')).toBe(8 + count * geometry.segmentBytes);
    expect(first?.numbers('segment')).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(first?.numbers('segment_count')).toEqual(all(count));
    expect(first?.numbers('record')).toEqual(all(0));
    expect(first?.numbers('payload_length')).toEqual(all(geometry.segmentPayloadBytes));
    const opened = rows.flatMap((row) => row.all('reassembled.opened')).join('');
    expect(Buffer.from(opened, 'hex').equals(run.content)).toBe(true);
  });
});

it('a one-way transfer has the same messages, and none that come back', async () => {
  await using scene = await Scene.open('raw', { mtuBytes: MTU_BYTES });
  await scene.lab.withoutOffloads();
  const run = await capturedTransfer(scene, { bytes: BYTES, sendFlags: ['--one-way', '--rate', '200Mbit'] });
  const rows = await tshark.read(run.b);
  expectRightHeaders(rows);
  expect(remarks(rows)).toEqual([]);
  expectRun(rows, run);
  expectMessages(rows, run, 'none');
  expect(new Set(rows.map((row) => row.one('ip.src')))).toEqual(new Set([scene.lab.a.ip]));
  expect(ofType(rows, 'announce').length).toBeGreaterThan(1);
  expect(ofType(rows, 'end').length).toBeGreaterThanOrEqual(200);
});

it('loss between the two sides shows as gaps and repeats, as many as the switch dropped', async () => {
  await using scene = await Scene.open('raw', { mtuBytes: MTU_BYTES, middle: 'bridge' });
  await scene.lab.withoutOffloads();
  const rule = 'udp dport 1337 udp length > 1000 numgen inc mod 50 == 7 counter drop';
  await scene.lab.middle.run(
    ['nft', '-f', '-'],
    `table netdev loss {\nchain ingress {\ntype filter hook ingress device "vma" priority 0\n${rule}\n}\n}\n`,
  );
  const run = await capturedTransfer(scene, { bytes: BYTES });
  const listing = await scene.lab.middle.run(['nft', 'list', 'table', 'netdev', 'loss']);
  const dropped = Number(/counter packets (\d+)/.exec(listing)?.[1] ?? 0);
  expect(dropped).toBeGreaterThan(5);
  const a = await tshark.read(run.a);
  const b = await tshark.read(run.b);
  expectRightHeaders(b);
  expectRun(a, run);
  const toReceiver = (rows: readonly Row[]): number =>
    rows.filter((row) => row.one('udp.dstport') === '1337').length;
  expect(toReceiver(a) - toReceiver(b)).toBe(dropped);
  // The sender's own capture has the first sending of everything that is repeated.
  const repeated = a.filter((row) => repeatsIn([row]) > 0);
  expect(repeated.length).toBeGreaterThan(0);
  for (const row of repeated) expect(row.all('first_frame').length).toBe(repeatsIn([row]));
  expect(remarks(a).filter((text) => text !== 'Repeated segment')).toEqual([]);
  // The receiver's does not, but for what was repeated for nothing.
  expect(remarks(b).some((text) => text.startsWith('Gap: record '))).toBe(true);
  expect(remarks(b)).toContain('Repeated segment, whose first sending is not in this capture');
  const lacking = b.filter((row) => row.number('status.entry_count') > 0);
  expect(lacking.length).toBeGreaterThan(0);
  for (const row of lacking)
    expect(row.all('status.entry.number').length).toBe(row.number('status.entry_count'));
  const whole = completed(b).flatMap((row) => row.all('reassembled'));
  expect(new Set(whole).size).toBe(numberOf(run.sent, 'records'));
});

describe('v0', () => {
  it('as we send it: right headers, every field, no gap', async () => {
    await using scene = await Scene.open('raw', { mtuBytes: MTU_BYTES });
    await scene.lab.withoutOffloads();
    const v0 = ['--wire', 'v0'];
    const sendFlags = [...v0, '--rate', '150Mbit'];
    const run = await capturedTransfer(scene, { bytes: 500_000, receiveFlags: v0, sendFlags });
    const rows = (await tshark.read(run.b)).filter((row) => row.has('v0.type'));
    expectRightHeaders(rows);
    expect(remarks(rows)).toEqual([]);
    const of = (type: number): Row[] => rows.filter((row) => row.number('v0.type') === type);
    expect(of(0).map((row) => row.one('v0.name'))).toEqual(['source', 'source', 'source']);
    expect(of(4).length).toBe(3);
    const chunks = of(3);
    expect(chunks.length).toBe(Math.ceil(500_000 / (MTU_BYTES - 55)));
    let previous = '0x00000000';
    for (const [i, chunk] of chunks.entries()) {
      expect(chunk.number('v0.transfer')).toBe(0);
      expect(chunk.number('v0.index')).toBe(i % 255);
      expect(chunk.number('v0.data_length')).toBe(chunk.one('v0.data').length / 2);
      expect(chunk.one('v0.previous_crc')).toBe(previous);
      previous = chunk.one('v0.crc');
    }
    const data = chunks.map((chunk) => chunk.one('v0.data')).join('');
    expect(Buffer.from(data, 'hex').equals(run.content)).toBe(true);
  });

  it('as the seed sends it: the wrong UDP length is got over', async () => {
    const chunks = ['abc', 'abd'].map((text, index) =>
      v0Chunk(index, Buffer.from(text), index === 0 ? '' : 'abc'),
    );
    const preflight = Buffer.from('\x00\x00\x06tank/x', 'latin1');
    const capture = tshark.path('seed.pcap');
    writeCapture(capture, seedFrames([preflight, ...chunks, Buffer.from([4, 0])]));
    const rows = await tshark.read(capture);
    expect(rows.map((row) => row.one('v0.type'))).toEqual(['0', '3', '3', '4']);
    expect(rows[0]?.one('v0.name')).toBe('tank/x');
    expect(rows.map((row) => row.one('v0.data'))).toEqual(['', '616263', '616264', '']);
    for (const row of rows) expect(row.has('v0.seed_length')).toBe(true);
    // What Wireshark itself thinks of such headers stays.
    for (const row of rows) expect(row.one('ip.checksum.status')).toBe('0');
    expect(remarks(rows).filter((text) => /CRC|Gap/.test(text))).toEqual([]);
  });

  it('with a chunk that is damaged and one that is missing', async () => {
    const chunks = ['a', 'b', 'c', 'd'].map((text, i, all) =>
      v0Chunk(i, Buffer.from(text), all[i - 1] ?? ''),
    );
    chunks[1]?.write('x', 9);
    const capture = tshark.path('trouble.pcap');
    writeCapture(capture, seedFrames([chunks[0], chunks[1], chunks[3]].flatMap((chunk) => chunk ?? [])));
    const rows = await tshark.read(capture);
    expect(remarks(rows.slice(1, 2))).toContain('The CRC does not fit');
    expect(remarks(rows.slice(2))).toContain('Gap: index 2 was expected');
  });

  it('with a chunk whose neighbour was another one than the capture has', async () => {
    const chunks = ['a', 'b', 'c', 'd'].map((text, i, all) =>
      v0Chunk(i, Buffer.from(text), i === 2 ? 'x' : (all[i - 1] ?? '')),
    );
    const capture = tshark.path('neighbour.pcap');
    writeCapture(capture, seedFrames(chunks));
    const rows = await tshark.read(capture);
    const gaps = rows.map((row) => remarks([row]).filter((text) => /CRC|Gap/.test(text)));
    const gap = 'Gap: the CRC of the chunk before is not that of the last chunk captured';
    expect(gaps).toEqual([[], [], [gap], []]);
  });
});

function v0Chunk(index: number, data: Buffer, before: string): Buffer {
  const chunk = Buffer.alloc(13 + data.length);
  chunk.writeUInt8(3, 0);
  chunk.writeUInt8(index, 2);
  chunk.writeUInt32BE(crc32(data), 3);
  chunk.writeUInt16BE(data.length, 7);
  data.copy(chunk, 9);
  chunk.writeUInt32BE(crc32(before), 9 + data.length);
  return chunk;
}

function seedFrames(messages: readonly Buffer[]): Buffer[] {
  return messages.map((payload) => buildFrame({ ...ADDRESSES, payload, seedFaults: true }));
}

/** Numbers of the frames that are not the same in both. */
function different(some: readonly Row[], others: readonly Row[]): string[] {
  const longer = some.length > others.length ? some : others;
  return longer.flatMap((row, i) => (String(some[i]) === String(others[i]) ? [] : [row.one('frame.number')]));
}

describe('captures that are not whole', () => {
  it('a file cut off in a frame is read up to there, and twice the same', async () => {
    await using scene = await Scene.open('raw', { mtuBytes: MTU_BYTES });
    const { b } = await capturedTransfer(scene, { bytes: 200_000 });
    const whole = readFileSync(b);
    const path = tshark.path('cut.pcap');
    writeFileSync(path, whole.subarray(0, whole.length - 20));
    const all = await tshark.read(b);
    expect(different(await tshark.read(path, { cut: true }), all.slice(0, -1))).toEqual([]);
    expect(different(await tshark.read(b, { twoPass: true }), all)).toEqual([]);
  });

  it('frames cut by --snaplen show their headers, and that the rest is not there', async () => {
    await using scene = await Scene.open('raw', { mtuBytes: MTU_BYTES });
    await scene.lab.withoutOffloads();
    const capture = await startCapture(scene.lab.b, `${scene.directory}/short.pcap`, ['--snaplen', '128']);
    await capturedTransfer(scene, { bytes: 100_000 });
    await capture.stop();
    const rows = ofType(await tshark.read(capture.path), 'data').filter(
      (row) => row.number('frame.len') > 1000,
    );
    expect(rows.length).toBeGreaterThan(60);
    for (const row of rows) {
      expect(row.number('frame.cap_len')).toBe(128);
      expect(row.has('segment')).toBe(true);
      expect(row.one('payload').length).toBe(2 * (128 - 42 - 32));
      expect(remarks([row])).toEqual(['Cut off by the capture']);
    }
  });
});
