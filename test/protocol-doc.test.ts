// docs/protocol.md against the code: its test vectors are computed here from the words of the specification alone
// (HMAC, AES-GCM and offsets; nothing of src/seal/), then read by the codecs; its tables name every code.
import { createDecipheriv, createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createControlOpener } from '../src/seal/control-seal.ts';
import { openSuiteKeys } from '../src/seal/session-keys.ts';
import { ABORT_CODES } from '../src/wire/abort.ts';
import { decodeAnnounceClear } from '../src/wire/announce.ts';
import { decodeEnd } from '../src/wire/end.ts';
import { geometryForMtu } from '../src/wire/geometry.ts';
import { REFUSAL_CODES } from '../src/wire/join.ts';
import { LIMITS } from '../src/wire/limits.ts';
import { decodeProbe } from '../src/wire/probe.ts';
import {
  decodeSegmentHeader,
  emptySegmentHeader,
  FLAG_LAST,
  MessageType,
  type SegmentHeader,
} from '../src/wire/segment.ts';
import { specifiedSegment } from './specified-segment.ts';

const DOC = readFileSync(new URL('../docs/protocol.md', import.meta.url), 'utf8');

/** The `name = hex` lines of the document's test vectors for the open suite. */
const OPEN = DOC.slice(DOC.indexOf('### Open suite, vectors'), DOC.indexOf('### Keyed suites, vectors'));
const VECTORS = new Map(
  Array.from(OPEN.matchAll(/^([a-z0-9 ]+?) *= ([0-9a-f]+)$/gm), (match) => [match[1] ?? '', match[2] ?? '']),
);

function vector(name: string): Buffer {
  const hex = VECTORS.get(name);
  if (hex === undefined) throw new Error(`docs/protocol.md has no vector "${name}"`);
  return Buffer.from(hex, 'hex');
}

const hmac = (key: Uint8Array, data: Uint8Array): Buffer => createHmac('sha256', key).update(data).digest();

/** HKDF as RFC 5869 writes it; every key here is one block or less. */
function derive(label: string, bytes: number): Buffer {
  const prk = hmac(vector('salt'), Buffer.from('zwire open suite v1'));
  return hmac(prk, Buffer.concat([Buffer.from(`zwire v1 ${label}`), Buffer.of(1)])).subarray(0, bytes);
}

function sealedSegment(
  name: string,
  type: number,
  number: number,
  last: boolean,
  clear: Buffer,
  body: Buffer,
): Buffer {
  const key = derive(`${name} key`, 32);
  const noncePrefix = derive(`${name} nonce`, 4);
  const message = { transferId: vector('transfer id'), type, number, last, clear, body };
  return specifiedSegment({ cipher: 'aes-256-gcm', key, noncePrefix }, message);
}

function announceClear(): Buffer {
  const clear = Buffer.alloc(88);
  vector('salt').copy(clear, 16);
  clear.writeBigUInt64BE(1_700_000_000_000_000_000n, 80);
  return clear;
}

function endBody(): Buffer {
  const body = Buffer.alloc(48);
  body.writeUIntBE(2, 2, 6);
  body.writeBigUInt64BE(5n, 8);
  const tags = [vector('record 0 segment'), vector('record 1 segment')].map((segment) =>
    segment.subarray(-16),
  );
  createHash('sha256').update(Buffer.concat(tags)).digest().copy(body, 16);
  return body;
}

function headerOf(segment: Uint8Array): SegmentHeader {
  const header = emptySegmentHeader();
  const view = new DataView(segment.buffer, segment.byteOffset, segment.length);
  expect(decodeSegmentHeader(view, 0, segment.length, header)).toBe('');
  return header;
}

/** The body of a control segment of the sender, opened by the code under test. */
function openedBody(name: string, clearBytes: number): Uint8Array {
  const segment = vector(name);
  const header = headerOf(segment);
  const { type, transferIdHigh, transferIdLow, record } = header;
  const key = openSuiteKeys(vector('salt')).senderControl;
  const control = { type, transferIdHigh, transferIdLow, counter: record };
  const body = createControlOpener(key).open(control, segment.subarray(32), clearBytes);
  if (body === undefined) throw new Error(`${name} does not open`);
  return body;
}

describe('test vectors of docs/protocol.md', () => {
  const none = Buffer.alloc(0);
  const probeBody = Buffer.from('00000000000f4240', 'hex'); // 1 s

  test.each<[string, () => Buffer]>([
    ['data key', () => derive('data key', 32)],
    ['data nonce', () => derive('data nonce', 4)],
    ['control s2r key', () => derive('control s2r key', 32)],
    ['control s2r nonce', () => derive('control s2r nonce', 4)],
    ['control r2s key', () => derive('control r2s key', 32)],
    ['control r2s nonce', () => derive('control r2s nonce', 4)],
    ['record 0 segment', () => sealedSegment('data', 2, 0, false, none, Buffer.from('zwire'))],
    ['record 1 segment', () => sealedSegment('data', 2, 1, true, none, none)],
    ['announce segment', () => sealedSegment('control s2r', 1, 1, false, announceClear(), Buffer.from('{}'))],
    ['end segment', () => sealedSegment('control s2r', 5, 2, false, none, endBody())],
    ['probe segment', () => sealedSegment('control s2r', 9, 3, false, none, probeBody)],
  ])('%s follows from the words of the specification', (name, compute) => {
    expect(compute().toString('hex')).toBe(VECTORS.get(name));
  });

  test('the code derives the same keys', () => {
    const keys = openSuiteKeys(vector('salt'));
    for (const [name, key] of [
      ['data', keys.data],
      ['control s2r', keys.senderControl],
      ['control r2s', keys.receiverControl],
    ] as const) {
      expect(Buffer.from(key.key)).toEqual(vector(`${name} key`));
      expect(Buffer.from(key.noncePrefix)).toEqual(vector(`${name} nonce`));
    }
  });

  test('the code reads the segments', () => {
    expect(headerOf(vector('record 0 segment'))).toMatchObject({
      type: MessageType.data,
      record: 0,
      flags: 0,
    });
    expect(headerOf(vector('record 1 segment'))).toMatchObject({
      record: 1,
      flags: FLAG_LAST,
      recordBytes: 16,
    });
    const clear = decodeAnnounceClear(vector('announce segment').subarray(32));
    expect(Buffer.from(clear.salt)).toEqual(vector('salt'));
    expect(Buffer.from(openedBody('announce segment', 88)).toString()).toBe('{}');
    expect(decodeEnd(openedBody('end segment', 0))).toMatchObject({ records: 2, bytes: 5n });
    expect(decodeProbe(openedBody('probe segment', 0))).toEqual({ timeUs: 1_000_000 });
  });

  test('a changed bit of the associated data is found', () => {
    const segment = vector('record 1 segment');
    const decipher = createDecipheriv(
      'aes-256-gcm',
      vector('data key'),
      Buffer.concat([vector('data nonce'), Buffer.from('0000000000000001', 'hex')]),
    );
    const aad = Buffer.from(segment.subarray(0, 28));
    aad.fill(0, 5, 8); // and the last flag stays cleared, too
    aad.fill(0, 4, 5);
    aad.fill(0, 22, 24);
    decipher.setAAD(aad).setAuthTag(segment.subarray(-16));
    expect(() => decipher.final()).toThrow();
  });
});

describe('tables of docs/protocol.md', () => {
  const rows = DOC.split('\n').filter((line) => line.startsWith('| '));
  const has = (start: string): boolean => rows.some((row) => row.startsWith(start));

  test('name every message, refusal and abort code with its number', () => {
    for (const [name, number] of Object.entries(MessageType)) {
      expect(has(`| ${number} | ${name.toUpperCase()} |`), name).toBe(true);
    }
    for (const [name, number] of [...Object.entries(REFUSAL_CODES), ...Object.entries(ABORT_CODES)]) {
      expect(has(`| ${number} | \`${name}\` |`), name).toBe(true);
    }
  });

  test('name every reason to drop a segment', () => {
    for (const reason of ['truncated', 'magic', 'version', 'type', 'flags', 'reserved', 'index', 'length']) {
      expect(
        rows.some((row) => row.split('|')[1]?.includes(`\`${reason}\``)),
        reason,
      ).toBe(true);
    }
  });

  test('give the geometry that the code computes', () => {
    const number = (n: number): string => n.toLocaleString('en-US');
    for (const mtuBytes of [576, 1500, 9000]) {
      const g = geometryForMtu(mtuBytes);
      const superFrame = 42 + g.segmentsPerRecord * g.segmentBytes;
      const cells = [mtuBytes, g.segmentPayloadBytes, g.segmentsPerRecord, g.recordBytes, superFrame];
      expect(rows).toContain(`| ${cells.map(number).join(' | ')} |`);
    }
  });

  test('give the limits that the code keeps', () => {
    const limits = DOC.slice(DOC.indexOf('## Limits'), DOC.indexOf('## What is refused'));
    for (const [name, value] of Object.entries(LIMITS)) {
      if (['recordNumberEnd', 'windowRecords', 'replicatedSnapshots', 'tagBytes'].includes(name)) continue;
      const forms = [String(value), value.toLocaleString('en-US')];
      expect(
        forms.some((form) => limits.includes(form)),
        `${name} = ${value}`,
      ).toBe(true);
    }
  });
});
