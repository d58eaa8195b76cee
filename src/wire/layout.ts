// Every layout of docs/protocol.md as data: what the codecs beside this file read and write, field by field, for
// those who show it (the Wireshark dissector). layout.test.ts holds each table against its codec and against the
// specification, so that none of the three can drift. All numbers are big-endian.
import { ABORT_CODES } from './abort.ts';
import { REFUSAL_CODES } from './join.ts';
import { SUITES } from './suite.ts';
import { FLAG_LAST, FLAG_REPAIR, MessageType, SEGMENT_OFFSETS } from './segment.ts';
import { STATUS_STATES } from './status.ts';

/** How the bytes of a field are to be understood. `time-ns` counts from 1970, `segments` is a bitmap: bit i is segment i. */
export type FieldKind = 'number' | 'hex' | 'bytes' | 'text' | 'json' | 'time-ns' | 'segments';

export interface FieldLayout {
  /** Unique within its layout, in the form of a display filter. */
  readonly name: string;
  readonly title: string;
  /** From the start of the layout; `next` is behind a field whose length varies. */
  readonly offset: number | 'next';
  /** A count, or the name of the earlier field that holds it. */
  readonly bytes: number | string;
  readonly kind: FieldKind;
  /** Names of its values, where they are codes. */
  readonly values?: Readonly<Record<string, number>>;
  readonly bits?: readonly FieldBit[];
}

export interface FieldBit {
  readonly name: string;
  readonly title: string;
  readonly mask: number;
}

export type Layout = readonly FieldLayout[];

const at = SEGMENT_OFFSETS;

/** The 32 bytes before every payload. */
export const SEGMENT_LAYOUT: Layout = [
  { name: 'magic', title: 'Magic', offset: at.magic, bytes: 2, kind: 'hex' },
  { name: 'version', title: 'Version', offset: at.version, bytes: 1, kind: 'number' },
  { name: 'type', title: 'Type', offset: at.type, bytes: 1, kind: 'number', values: upperCase(MessageType) },
  {
    name: 'flags',
    title: 'Flags',
    offset: at.flags,
    bytes: 1,
    kind: 'hex',
    bits: [
      { name: 'repair', title: 'Repair: sent before', mask: FLAG_REPAIR },
      { name: 'last', title: 'Last record of the stream', mask: FLAG_LAST },
    ],
  },
  { name: 'parity_row', title: 'Parity row', offset: at.parityRow, bytes: 1, kind: 'number' },
  { name: 'payload_length', title: 'Payload length', offset: at.payloadBytes, bytes: 2, kind: 'number' },
  { name: 'transfer', title: 'Transfer id', offset: at.transferIdHigh, bytes: 8, kind: 'hex' },
  { name: 'record', title: 'Record number or counter', offset: at.recordHigh, bytes: 6, kind: 'number' },
  { name: 'segment', title: 'Segment index', offset: at.segmentIndex, bytes: 1, kind: 'number' },
  { name: 'segment_count', title: 'Segment count', offset: at.segmentCount, bytes: 1, kind: 'number' },
  { name: 'record_length', title: 'Record length', offset: at.recordBytes, bytes: 4, kind: 'number' },
  { name: 'reserved', title: 'Zero', offset: at.reserved, bytes: 4, kind: 'hex' },
];

const SUITE_NUMBERS: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(SUITES).map(([name, { number }]) => [name, number]),
);

export const ANNOUNCE_CLEAR_LAYOUT: Layout = [
  { name: 'suite', title: 'Suite', offset: 0, bytes: 1, kind: 'number', values: SUITE_NUMBERS },
  { name: 'zero', title: 'Zero', offset: 1, bytes: 7, kind: 'bytes' },
  { name: 'key_id', title: 'Key id', offset: 8, bytes: 8, kind: 'hex' },
  { name: 'salt', title: 'Salt', offset: 16, bytes: 32, kind: 'bytes' },
  { name: 'ephemeral_key', title: 'Ephemeral public key', offset: 48, bytes: 32, kind: 'bytes' },
  { name: 'time', title: "Sender's time", offset: 80, bytes: 8, kind: 'time-ns' },
];

export const JOIN_CLEAR_LAYOUT: Layout = [
  { name: 'nonce', title: 'Nonce', offset: 0, bytes: 32, kind: 'bytes' },
  { name: 'ephemeral_key', title: 'Ephemeral public key', offset: 32, bytes: 32, kind: 'bytes' },
];

const ANSWER: Pick<FieldLayout, 'name' | 'title' | 'offset' | 'bytes' | 'kind' | 'values'> = {
  name: 'answer',
  title: 'Answer',
  offset: 0,
  bytes: 1,
  kind: 'number',
  values: { refused: 0, accepted: 1, undecided: 2 },
};

export const JOIN_ACCEPTED_LAYOUT: Layout = [
  ANSWER,
  { name: 'zero', title: 'Zero', offset: 1, bytes: 1, kind: 'hex' },
  { name: 'credit_limit', title: 'Credit limit', offset: 2, bytes: 6, kind: 'number' },
  { name: 'window', title: 'Window, records', offset: 8, bytes: 4, kind: 'number' },
  { name: 'have_length', title: 'Length of what it has', offset: 12, bytes: 2, kind: 'number' },
  { name: 'have', title: 'What it has', offset: 14, bytes: 'have_length', kind: 'json' },
];

export const JOIN_REFUSED_LAYOUT: Layout = [
  ANSWER,
  { name: 'zero', title: 'Zero', offset: 1, bytes: 1, kind: 'hex' },
  { name: 'code', title: 'Refusal code', offset: 2, bytes: 2, kind: 'number', values: REFUSAL_CODES },
  { name: 'message_length', title: 'Message length', offset: 4, bytes: 2, kind: 'number' },
  { name: 'message', title: 'Message', offset: 6, bytes: 'message_length', kind: 'text' },
];

export const JOIN_UNDECIDED_LAYOUT: Layout = [
  ANSWER,
  { name: 'zero', title: 'Zero', offset: 1, bytes: 1, kind: 'hex' },
];

/** Followed by `entry_count` of STATUS_ENTRY_LAYOUT, or by STATUS_RESULT_LAYOUT in a final state. */
export const STATUS_LAYOUT: Layout = [
  { name: 'state', title: 'State', offset: 0, bytes: 1, kind: 'number', values: numbered(STATUS_STATES) },
  { name: 'entry_count', title: 'Number of entries', offset: 1, bytes: 1, kind: 'number' },
  { name: 'cumulative', title: 'Cumulative', offset: 2, bytes: 6, kind: 'number' },
  { name: 'delivered', title: 'Delivered', offset: 8, bytes: 6, kind: 'number' },
  { name: 'highest', title: 'Highest', offset: 14, bytes: 6, kind: 'number' },
  { name: 'credit_limit', title: 'Credit limit', offset: 20, bytes: 6, kind: 'number' },
  { name: 'echo', title: 'Echo, us', offset: 26, bytes: 6, kind: 'number' },
  { name: 'ring_drops', title: 'Ring drops', offset: 32, bytes: 4, kind: 'number' },
  { name: 'bad_records', title: 'Bad records', offset: 36, bytes: 4, kind: 'number' },
];

/** The state from which on a STATUS carries a result. */
export const STATUS_FINAL_STATE: number = STATUS_STATES.indexOf('committed');

export const STATUS_ENTRY_LAYOUT: Layout = [
  { name: 'record', title: 'Record less cumulative', offset: 0, bytes: 4, kind: 'number' },
  { name: 'missing', title: 'Missing segments', offset: 4, bytes: 8, kind: 'segments' },
];

export const STATUS_RESULT_LAYOUT: Layout = [
  { name: 'code_length', title: 'Length of the code', offset: 0, bytes: 1, kind: 'number' },
  { name: 'code', title: 'Result code', offset: 1, bytes: 'code_length', kind: 'text' },
  { name: 'text_length', title: 'Length of the text', offset: 'next', bytes: 2, kind: 'number' },
  { name: 'text', title: 'Text', offset: 'next', bytes: 'text_length', kind: 'text' },
];

export const END_LAYOUT: Layout = [
  { name: 'zero', title: 'Zero', offset: 0, bytes: 2, kind: 'hex' },
  { name: 'records', title: 'Records', offset: 2, bytes: 6, kind: 'number' },
  { name: 'bytes', title: 'Bytes', offset: 8, bytes: 8, kind: 'number' },
  { name: 'digest', title: 'Digest', offset: 16, bytes: 32, kind: 'bytes' },
];

export const PROBE_LAYOUT: Layout = [
  { name: 'zero', title: 'Zero', offset: 0, bytes: 2, kind: 'hex' },
  { name: 'time', title: "Sender's clock, us", offset: 2, bytes: 6, kind: 'number' },
];

export const ABORT_LAYOUT: Layout = [
  { name: 'code', title: 'Abort code', offset: 0, bytes: 2, kind: 'number', values: ABORT_CODES },
  { name: 'message_length', title: 'Message length', offset: 2, bytes: 2, kind: 'number' },
  { name: 'message', title: 'Message', offset: 4, bytes: 'message_length', kind: 'text' },
];

const V0_TYPE: FieldLayout = {
  name: 'type',
  title: 'Type',
  offset: 0,
  bytes: 1,
  kind: 'number',
  values: {
    'pre-flight of a dataset': 0,
    'pre-flight of a pool': 1,
    'pre-flight of a delta': 2,
    chunk: 3,
    end: 4,
  },
};
const V0_TRANSFER: FieldLayout = {
  name: 'transfer',
  title: 'Transfer id',
  offset: 1,
  bytes: 1,
  kind: 'number',
};

export const V0_PREFLIGHT_LAYOUT: Layout = [
  V0_TYPE,
  V0_TRANSFER,
  { name: 'name_length', title: 'Name length', offset: 2, bytes: 1, kind: 'number' },
  { name: 'name', title: 'Name', offset: 3, bytes: 'name_length', kind: 'text' },
];

export const V0_CHUNK_LAYOUT: Layout = [
  V0_TYPE,
  V0_TRANSFER,
  { name: 'index', title: 'Index', offset: 2, bytes: 1, kind: 'number' },
  { name: 'crc', title: 'CRC-32 of the data', offset: 3, bytes: 4, kind: 'hex' },
  { name: 'data_length', title: 'Data length', offset: 7, bytes: 2, kind: 'number' },
  { name: 'data', title: 'Data', offset: 9, bytes: 'data_length', kind: 'bytes' },
  {
    name: 'previous_crc',
    title: "CRC-32 of the previous chunk's data",
    offset: 'next',
    bytes: 4,
    kind: 'hex',
  },
];

export const V0_END_LAYOUT: Layout = [V0_TYPE, V0_TRANSFER];

function upperCase(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name.toUpperCase(), value]));
}

function numbered(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name, value) => [name, value]));
}
