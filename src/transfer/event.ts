// What a transfer tells while it runs. The command line renders these; `--json` prints them as they are.
import type { ErrorCode } from '../bytes/error-codes.ts';

/** Which stage holds the others up: reading, the way between (rate, loss, credit of the link), or writing. */
export type Bottleneck = 'source' | 'wire' | 'sink' | 'unknown';

interface EventBase {
  /** 16 hex digits; the same on both sides. Empty before a transfer exists. */
  readonly transfer: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export interface FailureInfo {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

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

export type EventListener = (event: TransferEvent) => void;

/** A `TransferEvent` before it is stamped: every member of the union without its base fields. */
export type EventBody = TransferEvent extends infer E
  ? E extends EventBase
    ? Omit<E, keyof EventBase>
    : never
  : never;
