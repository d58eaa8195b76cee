import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFault, parseTrace, type TraceDocument, type TraceInfo } from './trace-document.ts';
import type { TraceEvent } from './trace-event.ts';
import { TraceWriter } from './trace-writer.ts';

const EVENT: TraceEvent = { ph: 'X', name: 'read', cat: 'activity', pid: 1, tid: 1, ts: 0.001, dur: 2 };
const INFO: TraceInfo = {
  producer: 'zwire',
  format: 1,
  hosts: [
    {
      pid: 1,
      role: 'send',
      startedMs: 1,
      transfersLeftOut: 0,
      transfers: [
        {
          transfer: '00',
          name: 'x',
          kind: 'file',
          peer: 'b',
          outcome: 'committed',
          startUs: 0,
          endUs: 1,
          figures: { bytes: 1, records: 1, segments: 1, repeats: 0, frames: 1, drops: 0, rejected: 0 },
          flightStride: 8,
          repeatedStride: 1,
          unlistedRepeats: 0,
          echoes: [{ probeUs: 1, firstUs: 2, secondUs: 3 }],
          writerTid: 0,
          recordsTid: 11,
        },
      ],
    },
  ],
  alignments: [],
};

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zwire-trace-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('a trace file', () => {
  it('comes back as it was written, and nothing stays beside it', () => {
    const path = join(directory, 'trace.json');
    const events = Array.from({ length: 20_000 }, (_, index) => ({ ...EVENT, ts: index }));
    using writer = new TraceWriter(path);
    for (const event of events) writer.add(event);
    expect(readdirSync(directory)).not.toContain('trace.json');
    writer.finish(INFO);
    expect(readdirSync(directory)).toEqual(['trace.json']);
    const document = parseTrace(readFileSync(path, 'utf8'), path);
    expect(document.traceEvents).toEqual(events);
    expect(document.otherData).toEqual(INFO);
  });

  it('may be without events', () => {
    const path = join(directory, 'trace.json');
    using writer = new TraceWriter(path);
    writer.finish(INFO);
    expect(parseTrace(readFileSync(path, 'utf8'), path).traceEvents).toEqual([]);
  });

  it('that is given up leaves nothing behind, and the old one alone', () => {
    const path = join(directory, 'trace.json');
    writeFileSync(path, 'old');
    new TraceWriter(path)[Symbol.dispose]();
    expect(readdirSync(directory)).toEqual(['trace.json']);
    expect(readFileSync(path, 'utf8')).toBe('old');
  });

  it('is refused at once where it cannot be written', () => {
    expect(() => new TraceWriter(join(directory, 'missing', 'trace.json'))).toThrow(
      expect.objectContaining({ code: 'TRACE_UNWRITABLE' }),
    );
  });
});

describe('the check of a trace', () => {
  const document: TraceDocument = { traceEvents: [EVENT], displayTimeUnit: 'ns', otherData: INFO };
  const [host] = INFO.hosts;
  const [transfer] = host?.transfers ?? [];
  const withEvent = (event: object): unknown => ({ ...document, traceEvents: [EVENT, event] });
  const withTransfer = (fields: object): unknown => ({
    ...document,
    otherData: { ...INFO, hosts: [{ ...host, transfers: [{ ...transfer, ...fields }] }] },
  });

  it('passes what zwire writes', () => {
    expect(findFault(document)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['otherData.producer is not "zwire"', []],
    ['otherData.producer is not "zwire"', null],
    ['otherData.format is not 1', { ...document, otherData: { ...INFO, format: 2 } }],
    ['traceEvents is no list', { ...document, traceEvents: {} }],
    ['traceEvents[1] is no object', { ...document, traceEvents: [EVENT, 7] }],
    ['traceEvents[1].ts is no number', withEvent({ ...EVENT, ts: '1' })],
    ['traceEvents[1].dur is negative', withEvent({ ...EVENT, dur: -1 })],
    ['traceEvents[1].ph is none that zwire writes', withEvent({ ...EVENT, ph: 'B' })],
    ['traceEvents[1].ph is none that zwire writes', withEvent({ ...EVENT, ph: 'constructor' })],
    ['traceEvents[1].id2 is no object', withEvent({ ...EVENT, ph: 'b' })],
    ['traceEvents[1].args is no object', withEvent({ ...EVENT, ph: 'C', id: '' })],
    ['otherData.hosts[0].transfers[0].endUs is no number', withTransfer({ endUs: null })],
    ['otherData.hosts[0].transfers[0].figures.bytes is no number', withTransfer({ figures: {} })],
    [
      'otherData.hosts[0].transfers[0].echoes[0].firstUs is no number',
      withTransfer({ echoes: [{ probeUs: 1 }] }),
    ],
  ])('says %s', (fault, value) => {
    expect(findFault(value)).toBe(fault);
  });

  it.each(['', '{', '[1,2', 'null', '{"traceEvents":[]}'])('refuses the text %j with its path', (text) => {
    expect(() => parseTrace(text, 'a.json')).toThrow(
      expect.objectContaining({ code: 'TRACE_INVALID', message: expect.stringContaining('a.json') }),
    );
  });
});
