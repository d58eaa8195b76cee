// The layout tables of wire/ as Lua for Wireshark: a ProtoField for each field, and where it lies. What is done with
// them is written by hand, in lua/.
import { EPOCH_RECORDS } from '../../seal/session-keys.ts';
import { SEALED_KEY_BYTES } from '../../wire/announce.ts';
import * as layouts from '../../wire/layout.ts';
import type { FieldKind, FieldLayout, Layout } from '../../wire/layout.ts';
import { LIMITS } from '../../wire/limits.ts';
import { MAGIC, MessageType, SEGMENT_HEADER_BYTES, VERSION } from '../../wire/segment.ts';
import { V0_CHUNK_OVERHEAD_BYTES, V0_INDEX_COUNT } from '../../wire/v0.ts';

/** Layouts by the name that lua/ uses, with what stands before the names of their fields in display filters. */
const LAYOUTS: Readonly<Record<string, readonly [prefix: string, layout: Layout]>> = {
  segment: ['zwire', layouts.SEGMENT_LAYOUT],
  announce_clear: ['zwire.announce', layouts.ANNOUNCE_CLEAR_LAYOUT],
  join_clear: ['zwire.join', layouts.JOIN_CLEAR_LAYOUT],
  join_accepted: ['zwire.join', layouts.JOIN_ACCEPTED_LAYOUT],
  join_undecided: ['zwire.join', layouts.JOIN_UNDECIDED_LAYOUT],
  join_refused: ['zwire.join', layouts.JOIN_REFUSED_LAYOUT],
  status: ['zwire.status', layouts.STATUS_LAYOUT],
  status_entry: ['zwire.status.entry', layouts.STATUS_ENTRY_LAYOUT],
  status_result: ['zwire.status.result', layouts.STATUS_RESULT_LAYOUT],
  end_of_stream: ['zwire.end', layouts.END_LAYOUT],
  probe: ['zwire.probe', layouts.PROBE_LAYOUT],
  abort: ['zwire.abort', layouts.ABORT_LAYOUT],
  v0_preflight: ['zwire.v0', layouts.V0_PREFLIGHT_LAYOUT],
  v0_chunk: ['zwire.v0', layouts.V0_CHUNK_LAYOUT],
  v0_end: ['zwire.v0', layouts.V0_END_LAYOUT],
};

const CONSTANTS: Readonly<Record<string, number>> = {
  magic: MAGIC,
  version: VERSION,
  header_bytes: SEGMENT_HEADER_BYTES,
  sealed_key_bytes: SEALED_KEY_BYTES,
  status_final_state: layouts.STATUS_FINAL_STATE,
  v0_chunk_overhead_bytes: V0_CHUNK_OVERHEAD_BYTES,
  v0_index_count: V0_INDEX_COUNT,
  records_per_epoch: EPOCH_RECORDS,
  tag_bytes: LIMITS.tagBytes,
  segments_per_record: LIMITS.segmentsPerRecord,
  segment_payload_bytes_min: LIMITS.segmentPayloadBytesMin,
  segment_payload_bytes_max: LIMITS.segmentPayloadBytesMax,
  control_payload_bytes: LIMITS.controlPayloadBytes,
  super_frame_bytes: LIMITS.superFrameBytes,
};

/** Names of display filters, each with the line that makes its field. */
export function luaFields(): Map<string, string> {
  const fields = new Map<string, string>();
  const add = (filter: string, line: string): void => {
    // Fields of several layouts may share a filter when they are the same.
    if ((fields.get(filter) ?? line) !== line) throw new Error(`two different fields are called ${filter}`);
    fields.set(filter, line);
  };
  for (const [prefix, layout] of Object.values(LAYOUTS)) {
    for (const field of layout) {
      const filter = `${prefix}.${field.name}`;
      add(filter, protoField(filter, field));
      for (const { name, title, mask } of field.bits ?? []) {
        add(
          `${filter}.${name}`,
          `ProtoField.bool(${lua(`${filter}.${name}`)}, ${lua(title)}, 8, nil, ${mask})`,
        );
      }
    }
  }
  return fields;
}

/** The generated part of the dissector: `constants`, `message_types`, `fields` and `layouts`. */
export function luaLayouts(): string {
  const fields = [...luaFields()].map(([filter, line]) => `  [${lua(filter)}] = ${line},`);
  const tables = Object.entries(LAYOUTS).map(([name, [prefix, layout]]) =>
    [`  ${name} = {`, ...layout.map((field) => `    ${layoutRow(prefix, field)},`), '  },'].join('\n'),
  );
  return [
    `local constants = ${luaTable(CONSTANTS)}`,
    `local message_types = ${luaTable(MessageType)}`,
    `local fields = {\n${fields.join('\n')}\n}`,
    `local layouts = {\n${tables.join('\n')}\n}\n`,
  ].join('\n');
}

function layoutRow(prefix: string, { name, offset, bytes, kind, bits, values }: FieldLayout): string {
  const filter = `${prefix}.${name}`;
  const parts = [`name = ${lua(name)}`, `filter = ${lua(filter)}`, `kind = ${lua(kind)}`];
  if (offset !== 'next') parts.push(`offset = ${offset}`);
  parts.push(typeof bytes === 'number' ? `bytes = ${bytes}` : `length = ${lua(bytes)}`);
  if (bits !== undefined)
    parts.push(`bits = { ${bits.map((bit) => lua(`${filter}.${bit.name}`)).join(', ')} }`);
  if (values !== undefined) parts.push(`names = ${valueStrings(values)}`);
  return `{ ${parts.join(', ')} }`;
}

const BASES: Readonly<Record<FieldKind, string>> = {
  number: 'base.DEC',
  hex: 'base.HEX',
  segments: 'base.HEX',
  bytes: '',
  text: '',
  json: '',
  'time-ns': 'base.UTC',
};

function protoField(filter: string, { title, kind, bytes, values }: FieldLayout): string {
  const names = values === undefined ? '' : `, ${valueStrings(values)}`;
  const base = BASES[kind] === '' ? '' : `, ${BASES[kind]}`;
  return `ProtoField.${fieldType(kind, bytes)}(${lua(filter)}, ${lua(title)}${base}${names})`;
}

function fieldType(kind: FieldKind, bytes: number | string): string {
  if (kind === 'bytes') return 'bytes';
  if (kind === 'text' || kind === 'json') return 'string';
  if (kind === 'time-ns') return 'absolute_time';
  // Wireshark reads numbers of 3, 5, 6 and 7 bytes into the next larger type.
  return Number(bytes) > 4 ? 'uint64' : `uint${Number(bytes) * 8}`;
}

function valueStrings(values: Readonly<Record<string, number>>): string {
  return `{ ${Object.entries(values)
    .map(([name, value]) => `[${value}] = ${lua(name)}`)
    .join(', ')} }`;
}

function luaTable(values: Readonly<Record<string, number>>): string {
  return `{ ${Object.entries(values)
    .map(([name, value]) => `[${lua(name)}] = ${value}`)
    .join(', ')} }`;
}

/** A Lua string; JSON's escapes are Lua's for the texts of the tables, which are ASCII. */
function lua(text: string): string {
  return JSON.stringify(text);
}
