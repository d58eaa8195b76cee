// What a transfer tells while it runs: one table of events. Progress line, `--json`, log, statistics and trace all
// read them. Each has a channel of node:diagnostics_channel (event-channel.ts); those that are told go to the caller
// of send() and receive() as well, and `--json` prints them as they are.
import type { ErrorCode } from '../bytes/error-codes.ts';
import type { TrackRole } from '../trace/activity.ts';
import type { CounterSnapshot } from './counters.ts';
import type { RecordMemory } from './record-trace.ts';

/** Which stage holds the others up: reading, the way between (rate, loss, credit of the link), or writing. */
export type Bottleneck = 'source' | 'wire' | 'sink' | 'unknown';

interface EventBase {
  /** 16 hex digits; the same on both sides. Empty before a transfer exists. */
  readonly transfer: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** A failure, as it stands in an event. */
export interface FailureInfo {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

/** What a transfer tells while it runs; docs/operations/json-events.md describes each. */
export type TransferEvent = EventBase &
  (
    | {
        readonly event: 'listening';
        readonly mode: 'raw' | 'udp';
        /** For people: port and interface or address. */
        readonly endpoint: string;
        readonly port: number;
        readonly mtuBytes: number;
      }
    | {
        readonly event: 'announced';
        readonly name: string;
        readonly kind: string;
        readonly peer: string;
        readonly sizeBytes?: bigint;
        /** Sender only: whether frames leave as super-frames. */
        readonly gso?: boolean;
        /** Sender: of its link. Receiver: the largest packet of the transfer, up to 15 bytes less. */
        readonly mtuBytes: number;
      }
    | {
        readonly event: 'accepted';
        readonly name: string;
        readonly peer: string;
        readonly target?: string;
        readonly gso?: boolean;
      }
    | { readonly event: 'refused'; readonly code: string; readonly message: string; readonly peer: string }
    | {
        readonly event: 'progress';
        readonly bytes: number;
        readonly totalBytes?: number;
        /** Over the last second or so. */
        readonly bitsPerSecond: number;
        /** Segments sent again, or on the receiver: segments that came again. */
        readonly repeats: number;
        readonly frames: number;
        /** Frames the receiver's kernel dropped. */
        readonly drops: number;
        readonly bottleneck: Bottleneck;
        readonly etaSeconds?: number;
      }
    | { readonly event: 'warning'; readonly code: string; readonly message: string }
    | {
        readonly event: 'finished';
        /** `delivered`: sent one-way, nobody can answer. */
        readonly outcome: 'committed' | 'delivered' | 'failed';
        readonly bytes: number;
        readonly seconds: number;
        readonly bitsPerSecond: number;
        readonly records: number;
        readonly frames: number;
        readonly repeats: number;
        readonly drops: number;
        /** Segments that were malformed, foreign or failed their check. */
        readonly rejected: number;
        readonly guid?: string;
        readonly target?: string;
        readonly error?: FailureInfo;
      }
  );

/**
 * Is told every event of a transfer, in order. What it throws ends the transfer, or the receiver with all of its
 * transfers, as an interruption does, and is thrown there; it is told nothing more. What was committed by then stays.
 */
export type EventListener = (event: TransferEvent) => void;

/** A `TransferEvent` before it is stamped: every member of the union without its base fields. */
export type EventBody = TransferEvent extends infer E
  ? E extends EventBase
    ? Omit<E, keyof EventBase>
    : never
  : never;

/** For whoever watches from within the process, such as a trace; published only when somebody does. */
export type WatchedEvent = EventBase &
  (
    | { readonly event: 'sample'; readonly counters: CounterSnapshot }
    | { readonly event: 'track'; readonly role: TrackRole; readonly activity: SharedArrayBuffer }
    | { readonly event: 'records'; readonly memory: RecordMemory }
  );

export type AnyEvent = TransferEvent | WatchedEvent;
export type EventName = AnyEvent['event'];
export type EventOf<N extends EventName> = Extract<AnyEvent, { readonly event: N }>;

type FieldOf<N extends EventName> = Exclude<keyof EventOf<N>, keyof EventBase | 'event'>;
type AnyField<N extends EventName> = N extends EventName ? FieldOf<N> : never;

interface EventDescription<N extends EventName> {
  readonly says: string;
  /** Whether it is told to the caller, or only to those who watch its channel. */
  readonly told: boolean;
  readonly fields: { readonly [F in AnyField<N>]: string };
}

/** Every event there is, and what its fields mean; docs/operations/json-events.md says the same at more length. */
export const EVENTS: { readonly [N in EventName]: EventDescription<N> } = {
  listening: {
    says: 'the receiver is ready',
    told: true,
    fields: {
      mode: 'raw or udp',
      endpoint: 'port and interface or address, for people',
      port: 'UDP port',
      mtuBytes: 'largest packet',
    },
  },
  announced: {
    says: 'a sender has described what it is going to send',
    told: true,
    fields: {
      name: 'of the file or dataset',
      kind: 'file, dataset, pool or delta',
      peer: 'the other side',
      sizeBytes: 'size, estimated for ZFS; absent when unknown',
      gso: 'whether frames leave as super-frames',
      mtuBytes:
        "of the sender's link; on the receiver, which is not told it, the largest packet of the transfer",
    },
  },
  accepted: {
    says: 'the receiver takes it',
    told: true,
    fields: {
      name: 'of the file or dataset',
      peer: 'the other side',
      target: 'where it will lie',
      gso: 'whether frames leave as super-frames',
    },
  },
  refused: {
    says: 'the receiver does not take it',
    told: true,
    fields: { code: 'stable code', message: 'why', peer: 'the other side' },
  },
  progress: {
    says: 'several times a second while data moves',
    told: true,
    fields: {
      bytes: 'moved so far',
      totalBytes: 'size; absent when unknown',
      bitsPerSecond: 'over about the last second',
      repeats: 'segments sent again, or that came again',
      frames: 'sent or received',
      drops: "frames that the receiver's kernel dropped",
      bottleneck: 'who holds the others up',
      etaSeconds: 'time left; absent when unknown',
    },
  },
  warning: {
    says: 'something to know that does not end the transfer',
    told: true,
    fields: { code: 'stable code', message: 'what it is' },
  },
  finished: {
    says: 'a transfer has ended',
    told: true,
    fields: {
      outcome: 'committed, delivered or failed',
      bytes: 'moved',
      seconds: 'from the first data to the end',
      bitsPerSecond: 'over that time',
      records: 'sent or received',
      frames: 'sent or received',
      repeats: 'segments sent again, or that came again',
      drops: "frames that the receiver's kernel dropped",
      rejected: 'segments that were malformed, foreign or damaged',
      guid: 'of the snapshot on the target',
      target: 'where it lies',
      error: 'code, message and perhaps hint',
    },
  },
  sample: {
    says: 'the counters of a transfer, fifty times a second',
    told: false,
    fields: { counters: 'see CounterSnapshot' },
  },
  track: {
    says: 'a worker records how it spends its time',
    told: false,
    fields: { role: 'sender, receiver or writer', activity: 'shared memory of an ActivityRecorder' },
  },
  records: {
    says: 'a worker records the flights of records',
    told: false,
    fields: { memory: 'shared memory of FlightTables and an EchoList' },
  },
};
