// STATUS: the receiver says what it has, what it lacks and how far the sender may go. Some 3,000 a second, so
// it is binary and decodes into an object made once. Body of one control segment:
//
//    0 state (1) | entry count (1)
//    2 cumulative (6)    all records before it are authenticated and held: the sender may forget them
//    8 delivered (6)     all records before it are in the sink
//   14 highest (6)       highest record seen, plus 1
//   20 credit limit (6)  the sender may send records below it; absolute, never taken back
//   26 echo (6)          the newest time that the sender stamped, us; 0 for none
//   32 ring drops (4)    frames that the receiver's kernel dropped
//   36 bad records (4)   records that failed their check
//   40 entries, each 12: record less cumulative (4) | bitmap of missing segments (8)
//    . only when committed or failed (without entries then):
//      code length (1) | code: ASCII | text length (2) | text: UTF-8
import { malformed } from '../bytes/byte-reader.ts';
import { decodeMessageText, encodeUtf8Cut } from '../bytes/utf8.ts';
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import { LIMITS } from './limits.ts';
import { encodeMessage } from './message-text.ts';

/** In the order of their numbers on the wire, from 0. */
export const STATUS_STATES = ['receiving', 'stalled', 'draining', 'committed', 'failed'] as const;
export type StatusState = (typeof STATUS_STATES)[number];

const FIRST_FINAL_STATE = 3;
const HEAD_BYTES = 40;
const ENTRY_BYTES = 12;
const CODE_PATTERN = /^(?:[A-Z][A-Z0-9_]*)?$/;

export interface Status {
  state: StatusState;
  cumulative: number;
  delivered: number;
  highest: number;
  creditLimit: number;
  /** Time of the newest PROBE or ANNOUNCE, us on the sender's clock; 0 for none. */
  echoTimeUs: number;
  ringDrops: number;
  badRecords: number;
  /** How many of the entries below are set. */
  entryCount: number;
  /** Records that are incomplete. */
  readonly entryRecords: Float64Array;
  /** Their missing segments: bit i of low is segment i, of high segment 32 + i. Bits past the count mean nothing. */
  readonly entryMissingLow: Uint32Array;
  readonly entryMissingHigh: Uint32Array;
  /** Result of the transfer, only when committed or failed: a stable code, '' for none. */
  resultCode: string;
  /** Its text for people, cut to LIMITS.messageBytes of UTF-8. */
  resultText: string;
}

/** A status to fill or decode into, made once. */
export function emptyStatus(): Status {
  return {
    state: 'receiving',
    cumulative: WIDE_ZERO,
    delivered: WIDE_ZERO,
    highest: WIDE_ZERO,
    creditLimit: WIDE_ZERO,
    echoTimeUs: WIDE_ZERO,
    ringDrops: 0,
    badRecords: 0,
    entryCount: 0,
    entryRecords: new Float64Array(LIMITS.statusEntries),
    entryMissingLow: new Uint32Array(LIMITS.statusEntries),
    entryMissingHigh: new Uint32Array(LIMITS.statusEntries),
    resultCode: '',
    resultText: '',
  };
}

/**
 * Writes the body of STATUS at `offset`. Entries that do not fit `bodyBytesMax` (controlBodyBytesForMtu) are
 * left out from the end, and come with a later STATUS; counters stop at 2^32 - 1. A final state has no entries.
 *
 * @returns the length of the body, bytes
 */
export function encodeStatus(
  view: DataView,
  offset: number,
  status: Status,
  bodyBytesMax: number = LIMITS.controlBodyBytes,
): number {
  const state = STATUS_STATES.indexOf(status.state);
  const final = state >= FIRST_FINAL_STATE;
  const fitting = Math.floor((bodyBytesMax - HEAD_BYTES) / ENTRY_BYTES);
  const entries = final ? 0 : Math.min(status.entryCount, LIMITS.statusEntries, fitting);
  view.setUint8(offset, state);
  view.setUint8(offset + 1, entries);
  setUint48(view, offset + 2, status.cumulative);
  setUint48(view, offset + 8, status.delivered);
  setUint48(view, offset + 14, status.highest);
  setUint48(view, offset + 20, status.creditLimit);
  setUint48(view, offset + 26, status.echoTimeUs);
  view.setUint32(offset + 32, Math.min(status.ringDrops, 0xffff_ffff));
  view.setUint32(offset + 36, Math.min(status.badRecords, 0xffff_ffff));
  let at = offset + HEAD_BYTES;
  for (let i = 0; i < entries; i++) {
    view.setUint32(at, (status.entryRecords[i] ?? 0) - status.cumulative);
    view.setUint32(at + 4, status.entryMissingHigh[i] ?? 0);
    view.setUint32(at + 8, status.entryMissingLow[i] ?? 0);
    at += ENTRY_BYTES;
  }
  if (final) at += encodeResult(view, at, status, bodyBytesMax - HEAD_BYTES);
  return at - offset;
}

/**
 * Reads the body of STATUS into `out`. Checks before it writes: after an error `out` is as it was. Allocates
 * only for a final state.
 *
 * @throws ZwireError WIRE_MALFORMED
 */
export function decodeStatus(view: DataView, offset: number, bytes: number, out: Status): void {
  if (bytes < HEAD_BYTES) throw malformed('STATUS (truncated)', bytes);
  const stateNumber = view.getUint8(offset);
  const state = STATUS_STATES[stateNumber];
  if (state === undefined) throw malformed('STATUS state', 0);
  const entryCount = view.getUint8(offset + 1);
  const cumulative = getUint48(view, offset + 2);
  const delivered = getUint48(view, offset + 8);
  const highest = getUint48(view, offset + 14);
  if (delivered > cumulative) throw malformed('STATUS delivered', 8);
  if (cumulative > highest) throw malformed('STATUS highest', 14);
  const final = stateNumber >= FIRST_FINAL_STATE;
  if (entryCount > (final ? 0 : LIMITS.statusEntries)) throw malformed('STATUS entry count', 1);
  const end = HEAD_BYTES + entryCount * ENTRY_BYTES;
  if (final ? bytes < end : bytes !== end) throw malformed('STATUS length', Math.min(bytes, end));
  checkEntries(view, offset, entryCount, cumulative);
  const result = final ? decodeResult(view, offset, bytes) : NO_RESULT;

  out.state = state;
  out.cumulative = cumulative;
  out.delivered = delivered;
  out.highest = highest;
  out.creditLimit = getUint48(view, offset + 20);
  out.echoTimeUs = getUint48(view, offset + 26);
  out.ringDrops = view.getUint32(offset + 32);
  out.badRecords = view.getUint32(offset + 36);
  out.entryCount = entryCount;
  for (let i = 0; i < entryCount; i++) {
    const at = offset + HEAD_BYTES + i * ENTRY_BYTES;
    out.entryRecords[i] = cumulative + view.getUint32(at);
    out.entryMissingHigh[i] = view.getUint32(at + 4);
    out.entryMissingLow[i] = view.getUint32(at + 8);
  }
  out.resultCode = result.code;
  out.resultText = result.text;
}

interface Result {
  readonly code: string;
  readonly text: string;
}

const NO_RESULT: Result = { code: '', text: '' };

/** An entry lacks something, and its record has a number. */
function checkEntries(view: DataView, offset: number, entryCount: number, cumulative: number): void {
  for (let i = 0; i < entryCount; i++) {
    const at = HEAD_BYTES + i * ENTRY_BYTES;
    const inRange = cumulative + view.getUint32(offset + at) < LIMITS.recordNumberEnd;
    const empty = view.getUint32(offset + at + 4) === 0 && view.getUint32(offset + at + 8) === 0;
    if (!inRange || empty) throw malformed('STATUS entry', at);
  }
}

function encodeResult(view: DataView, offset: number, status: Status, bytesMax: number): number {
  const valid = status.resultCode.length <= LIMITS.resultCodeBytes && CODE_PATTERN.test(status.resultCode);
  if (!valid) throw new RangeError(`"${status.resultCode}" is not a result code`);
  const code = encodeUtf8Cut(status.resultCode, LIMITS.resultCodeBytes);
  const text = encodeMessage(status.resultText, bytesMax - 3 - code.length);
  view.setUint8(offset, code.length);
  copyInto(view, offset + 1, code);
  view.setUint16(offset + 1 + code.length, text.length);
  copyInto(view, offset + 3 + code.length, text);
  return 3 + code.length + text.length;
}

function decodeResult(view: DataView, offset: number, bytes: number): Result {
  if (bytes < HEAD_BYTES + 3) throw malformed('STATUS result (truncated)', bytes);
  const codeBytes = view.getUint8(offset + HEAD_BYTES);
  const textAt = HEAD_BYTES + 3 + codeBytes;
  if (codeBytes > LIMITS.resultCodeBytes || textAt > bytes) throw malformed('STATUS code length', HEAD_BYTES);
  const textBytes = view.getUint16(offset + textAt - 2);
  if (textBytes > LIMITS.messageBytes || textAt + textBytes !== bytes) {
    throw malformed('STATUS text length', textAt - 2);
  }
  const code = decodeMessageText(bytesOf(view, offset + HEAD_BYTES + 1, codeBytes));
  if (!CODE_PATTERN.test(code)) throw malformed('STATUS code', HEAD_BYTES + 1);
  return { code, text: decodeMessageText(bytesOf(view, offset + textAt, textBytes)) };
}

function bytesOf(view: DataView, offset: number, count: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, count);
}

function copyInto(view: DataView, offset: number, bytes: Uint8Array): void {
  bytesOf(view, offset, bytes.length).set(bytes);
}

function setUint48(view: DataView, offset: number, value: number): void {
  view.setUint16(offset, Math.floor(value / 0x1_0000_0000));
  view.setUint32(offset + 2, value % 0x1_0000_0000);
}

function getUint48(view: DataView, offset: number): number {
  return view.getUint16(offset) * 0x1_0000_0000 + view.getUint32(offset + 2);
}
