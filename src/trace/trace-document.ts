// What a trace file of zwire holds, and the check of one that was read. Other programs look at traceEvents; what zwire
// needs to merge and to report is in otherData.
import { ZwireError } from '../bytes/zwire-error.ts';
import type { Echo } from './echo-list.ts';
import type { TraceEvent } from './trace-event.ts';

export const TRACE_FORMAT = 1;

/** The run's figures: those of the event `finished`, or the last ones known of a transfer without an end. */
export interface TraceFigures {
  readonly bytes: number;
  readonly records: number;
  /** DATA segments sent, repeats included; on the receiver: that came, doubles included. */
  readonly segments: number;
  /** Segments sent again; on the receiver: that came again. */
  readonly repeats: number;
  readonly frames: number;
  readonly drops: number;
  readonly rejected: number;
}

export interface TraceTransfer {
  /** 16 hex digits. */
  readonly transfer: string;
  readonly name: string;
  readonly kind: string;
  readonly peer: string;
  readonly outcome: 'committed' | 'delivered' | 'failed' | 'unfinished';
  readonly error?: string;
  /** When data began to flow and when the transfer ended, us. */
  readonly startUs: number;
  readonly endUs: number;
  readonly figures: TraceFigures;
  /** Of the records in flight, one in so many is drawn; and of those that were repeated. */
  readonly flightStride: number;
  readonly repeatedStride: number;
  /** Segments repeated of records that are not drawn. */
  readonly unlistedRepeats: number;
  readonly echoes: readonly Echo[];
  /** Tracks: of the writer (0 for none), and of the marks that arrows join. */
  readonly writerTid: number;
  readonly recordsTid: number;
}

export interface TraceHost {
  readonly pid: number;
  readonly role: 'send' | 'receive';
  /** Wall clock at ts 0, milliseconds since 1970. */
  readonly startedMs: number;
  readonly transfers: readonly TraceTransfer[];
  /** Older transfers of a long run that are not in the trace any more. */
  readonly transfersLeftOut: number;
}

/** How the hosts of a merged trace were laid onto the first one's clock. */
export interface TraceAlignment {
  readonly pid: number;
  readonly method: 'echoes' | 'wall clocks';
  /** Added to the times of this host, us. */
  readonly shiftUs: number;
  /** Half of the quickest round trip; absent with wall clocks. */
  readonly uncertaintyUs?: number;
  readonly exchanges: number;
}

export interface TraceInfo {
  readonly producer: 'zwire';
  readonly format: typeof TRACE_FORMAT;
  readonly hosts: readonly TraceHost[];
  readonly alignments: readonly TraceAlignment[];
}

export interface TraceDocument {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ns';
  readonly otherData: TraceInfo;
}

type Fields = Readonly<Record<string, 'string' | 'number'>>;

const FIGURES: Fields = {
  bytes: 'number',
  records: 'number',
  segments: 'number',
  repeats: 'number',
  frames: 'number',
  drops: 'number',
  rejected: 'number',
};
const TRANSFER_FIELDS: Fields = {
  transfer: 'string',
  name: 'string',
  kind: 'string',
  peer: 'string',
  outcome: 'string',
  startUs: 'number',
  endUs: 'number',
  flightStride: 'number',
  repeatedStride: 'number',
  unlistedRepeats: 'number',
  writerTid: 'number',
  recordsTid: 'number',
};
const ECHO_FIELDS: Fields = { probeUs: 'number', firstUs: 'number', secondUs: 'number' };
const HOST_FIELDS: Fields = {
  pid: 'number',
  role: 'string',
  startedMs: 'number',
  transfersLeftOut: 'number',
};
const ALIGNMENT_FIELDS: Fields = { pid: 'number', method: 'string', shiftUs: 'number', exchanges: 'number' };
const EVENT_FIELDS: Fields = { name: 'string', ph: 'string', pid: 'number', tid: 'number', ts: 'number' };
const SPAN_FIELDS: Fields = { cat: 'string', dur: 'number' };
const FLOW_FIELDS: Fields = { cat: 'string', id: 'string' };
/** What an event has beside EVENT_FIELDS, by its phase; and which of its fields are objects. */
const PHASES: ReadonlyMap<string, { readonly fields: Fields; readonly objects: readonly string[] }> = new Map(
  [
    ['X', { fields: SPAN_FIELDS, objects: [] }],
    ['C', { fields: { id: 'string' }, objects: ['args'] }],
    ['i', { fields: { cat: 'string', s: 'string' }, objects: [] }],
    ['b', { fields: { cat: 'string' }, objects: ['id2'] }],
    ['n', { fields: { cat: 'string' }, objects: ['id2'] }],
    ['e', { fields: { cat: 'string' }, objects: ['id2'] }],
    ['s', { fields: FLOW_FIELDS, objects: [] }],
    ['f', { fields: FLOW_FIELDS, objects: [] }],
    ['M', { fields: {}, objects: ['args'] }],
  ],
);

/** Reads the text of a trace file. @throws ZwireError TRACE_INVALID, which says where it is wrong */
export function parseTrace(text: string, path: string): TraceDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(path, error instanceof Error ? error.message : String(error));
  }
  const wrong = findFault(value);
  if (wrong !== undefined) throw invalid(path, wrong);
  // Checked field by field above.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return value as TraceDocument;
}

function invalid(path: string, wrong: string): ZwireError {
  return new ZwireError('TRACE_INVALID', `${path} is not a trace of zwire: ${wrong}`, {
    fields: { path },
    hint: 'Give a file that zwire send --trace, zwire receive --trace or zwire trace merge has written.',
  });
}

/** What is wrong with a value that should be a trace, and where; undefined when nothing is. */
export function findFault(value: unknown): string | undefined {
  const info = at(value, 'otherData');
  if (at(info, 'producer') !== 'zwire') return 'otherData.producer is not "zwire"';
  if (at(info, 'format') !== TRACE_FORMAT) return `otherData.format is not ${TRACE_FORMAT}`;
  if (at(value, 'displayTimeUnit') !== 'ns') return 'displayTimeUnit is not "ns"';
  return (
    faultInList(at(value, 'traceEvents'), 'traceEvents', eventFault) ??
    faultInList(at(info, 'hosts'), 'otherData.hosts', hostFault) ??
    faultInList(at(info, 'alignments'), 'otherData.alignments', (item) => faultIn(item, ALIGNMENT_FIELDS))
  );
}

function eventFault(event: unknown): string | undefined {
  const fault = faultIn(event, EVENT_FIELDS);
  if (fault !== undefined) return fault;
  const phase = PHASES.get(String(at(event, 'ph')));
  if (phase === undefined) return '.ph is none that zwire writes';
  const duration = at(event, 'dur');
  if (typeof duration === 'number' && duration < 0) return '.dur is negative';
  const missing = phase.objects.find((name) => !isObject(at(event, name)));
  return missing === undefined ? faultIn(event, phase.fields) : `.${missing} is no object`;
}

function hostFault(host: unknown): string | undefined {
  return faultIn(host, HOST_FIELDS) ?? faultInList(at(host, 'transfers'), '.transfers', transferFault);
}

function transferFault(transfer: unknown): string | undefined {
  const figures = faultIn(at(transfer, 'figures'), FIGURES);
  return (
    faultIn(transfer, TRANSFER_FIELDS) ??
    (figures === undefined ? undefined : `.figures${figures}`) ??
    faultInList(at(transfer, 'echoes'), '.echoes', (echo) => faultIn(echo, ECHO_FIELDS))
  );
}

function faultInList(
  value: unknown,
  name: string,
  check: (item: unknown) => string | undefined,
): string | undefined {
  if (!Array.isArray(value)) return `${name} is no list`;
  for (const [index, item] of value.entries()) {
    const fault = check(item);
    if (fault !== undefined) return `${name}[${index}]${fault}`;
  }
  return undefined;
}

function faultIn(value: unknown, fields: Fields): string | undefined {
  if (!isObject(value)) return ' is no object';
  for (const [name, type] of Object.entries(fields)) {
    const field = at(value, name);
    if (typeof field !== type) return `.${name} is no ${type}`;
    if (typeof field === 'number' && !Number.isFinite(field)) return `.${name} is no finite number`;
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function at(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}
