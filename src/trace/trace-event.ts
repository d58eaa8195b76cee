// Events of the Chrome trace event format, as far as zwire writes them; ui.perfetto.dev and chrome://tracing open it.
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU ("Trace Event Format")
//
//   ph X span of a track | C counter | i instant | b n e asynchronous span | s f arrow | M name of a process or track
//   ts and dur are microseconds with the nanoseconds behind the point; pid is a host, tid one of its tracks.

interface EventBase {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
}

export type EventArguments = Readonly<Record<string, string | number | boolean>>;

export interface SpanEvent extends EventBase {
  readonly ph: 'X';
  readonly cat: string;
  readonly dur: number;
  readonly args?: EventArguments;
}

export interface CounterEvent extends EventBase {
  readonly ph: 'C';
  /** The transfer. */
  readonly id: string;
  readonly args: Readonly<Record<string, number>>;
}

export interface InstantEvent extends EventBase {
  readonly ph: 'i';
  readonly cat: string;
  readonly s: 'p' | 't';
  readonly args?: EventArguments;
}

/** Spans that overlap: they belong together by `cat` and `id2`, and need no track of their own. */
export interface AsyncEvent extends EventBase {
  readonly ph: 'b' | 'n' | 'e';
  readonly cat: string;
  readonly id2: { readonly local: string };
  readonly args?: EventArguments;
}

/**
 * An arrow from one span to another: both ends have the same `cat`, `name` and `id`. The id is a number in hex of at most
 * 64 bits: Perfetto leaves out arrows with any other (`flow_invalid_id` among its statistics).
 */
export interface FlowEvent extends EventBase {
  readonly ph: 's' | 'f';
  readonly cat: string;
  readonly id: string;
  /** The arrow ends at the span around it, not at the next one. */
  readonly bp?: 'e';
}

export interface MetadataEvent extends EventBase {
  readonly ph: 'M';
  readonly args: EventArguments;
}

export type TraceEvent = SpanEvent | CounterEvent | InstantEvent | AsyncEvent | FlowEvent | MetadataEvent;

/** Categories. */
export const ACTIVITY = 'activity';
export const RECORD = 'record';
export const TRANSFER = 'transfer';
/** The span that an arrow starts or ends at is this long, us. */
export const MARK_US = 1;

/** Microseconds with three digits: JSON of a sum of doubles would be seventeen. */
export function roundUs(us: number): number {
  return Math.round(us * 1000) / 1000;
}
