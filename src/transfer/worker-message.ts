// What the main thread and the workers say to each other. Plain data: it is cloned, never shared.
import { type ErrorCode, ERROR_CODES } from '../bytes/error-codes.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import type { LinkOptions } from '../link/link.ts';
import type { Cipher } from '../seal/cipher.ts';
import type { AbortCode } from '../wire/abort.ts';
import type { Announcement } from '../wire/announce.ts';
import type { RefusalCode } from '../wire/join.ts';
import type { RecordMemory } from './record-trace.ts';
import type { TransferLimits } from './sender-limits.ts';
import type { SourceAnnouncement } from './source.ts';
import type { SenderKeys } from './transfer-keys.ts';
import type { SenderTraceMemory } from './worker-trace.ts';

/** To a writing thread that waits, in place of its work: there is none. */
export const DISMISSED = 'dismissed';

/** An error on its way between threads. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly fields?: Readonly<Record<string, string | number | bigint>>;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof ZwireError) {
    const { code, message, fields } = error;
    return { code, message, fields, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
  return { code: 'SYSTEM_CALL_FAILED', message: error instanceof Error ? error.message : String(error) };
}

export function errorOf(failure: Failure): ZwireError {
  const { fields, hint } = failure;
  return new ZwireError(failure.code, failure.message, {
    ...(fields === undefined ? {} : { fields }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** A code that came over the wire, if this version knows it. */
export function knownCode(text: string, otherwise: ErrorCode): ErrorCode {
  return isErrorCode(text) ? text : otherwise;
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}

/** What a person must know when the sender ends without the receiver's word, after everything was sent. */
export const MAY_BE_COMMITTED =
  'Everything had been sent, so the receiver may have committed it all the same: look there before you send again.';

export interface SenderData {
  readonly link: LinkOptions;
  readonly announcement: SourceAnnouncement;
  readonly oneWay: boolean;
  readonly rateBitsPerSecond: number | undefined;
  readonly pauseMs: number;
  readonly timeoutMs: number;
  readonly joinTimeoutMs: number;
  readonly counters: SharedArrayBuffer;
  readonly mail: SharedArrayBuffer;
  readonly transferIdHigh: number;
  readonly transferIdLow: number;
  /** 32 random bytes. */
  readonly salt: Uint8Array;
  /** Absent: the open suite. */
  readonly keys?: SenderKeys;
  /** A descriptor, open for appending; see key-log.ts. */
  readonly keyLog?: number;
  /** Only while somebody traces. */
  readonly trace?: SenderTraceMemory;
}

export type SenderMail =
  | { readonly kind: 'source'; readonly fd: number }
  /** The producer ended well: END may go out. */
  | { readonly kind: 'sourceDone' }
  | { readonly kind: 'abort'; readonly code: AbortCode; readonly failure: Failure };

export interface TransferOutcome {
  readonly outcome: 'committed' | 'delivered';
  readonly target?: string;
  readonly guid?: string;
}

export type SenderMessage =
  | { readonly kind: 'opened'; readonly gso: boolean; readonly mtuBytes: number; readonly peer: string }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'sourceEnded' }
  | { readonly kind: 'result'; readonly result: TransferOutcome }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface ReceiverData {
  readonly link: LinkOptions;
  readonly timeoutMs: number;
  readonly maxTransfers: number;
  readonly poolBytes: number;
  readonly mail: SharedArrayBuffer;
  /** Absent: the open suite. */
  readonly keys?: DoorKeys;
  /** A descriptor, open for appending; see key-log.ts. */
  readonly keyLog?: number;
  /** Activities of the worker, only while somebody traces; then it records flights too. */
  readonly activity?: SharedArrayBuffer;
}

/** What the receiving worker needs of ReceiverKeys. */
export interface DoorKeys {
  readonly identity: Uint8Array;
  readonly psk?: Uint8Array;
  /** Public keys of the senders that are let in. */
  readonly authorized: readonly Uint8Array[];
  /** The only one that two-way transfers may use. */
  readonly cipher?: Cipher;
}

export type ReceiverMail =
  | {
      readonly kind: 'accept';
      readonly transfer: string;
      /** Shared memory of the write queue and of the counters. */
      readonly queue: SharedArrayBuffer;
      /** Of its sender; absent where nothing is limited. */
      readonly limits?: TransferLimits;
    }
  | {
      readonly kind: 'refuse';
      readonly transfer: string;
      readonly code: RefusalCode;
      readonly message: string;
    }
  | { readonly kind: 'committed'; readonly transfer: string; readonly text: string }
  | { readonly kind: 'failed'; readonly transfer: string; readonly failure: Failure }
  /** Another list of senders that are let in: their public keys. */
  | { readonly kind: 'authorized'; readonly authorized: readonly Uint8Array[] }
  /** Ends the worker: live transfers are aborted, the last answers linger. */
  | { readonly kind: 'stop' };

/** Who a keyed announcement is from, and when it says that it was made. */
export interface SenderProof {
  readonly publicKey: Uint8Array;
  readonly timeNs: bigint;
}

export type ReceiverMessage =
  | {
      readonly kind: 'listening';
      readonly endpoint: string;
      readonly mtuBytes: number;
      readonly advice: string | undefined;
      readonly poolAddress: number;
      readonly poolBytes: number;
      readonly slotBytes: number;
    }
  | {
      readonly kind: 'announced';
      readonly transfer: string;
      readonly announcement: Announcement;
      readonly peer: string;
      readonly counters: SharedArrayBuffer;
      /** Absent in the open suite. */
      readonly sender?: SenderProof;
      readonly records?: RecordMemory;
    }
  /** Announcements that nobody answers, told once in a while. */
  | { readonly kind: 'strangers'; readonly count: number; readonly message: string }
  /** v0 only, which cannot answer: a transfer that there is no room for. */
  | { readonly kind: 'turnedAway'; readonly peer: string; readonly message: string }
  /** Everything verified and handed to the writer. */
  | { readonly kind: 'verified'; readonly transfer: string }
  | { readonly kind: 'broken'; readonly transfer: string; readonly failure: Failure }
  /** The sender has seen the result, or the linger time is over. */
  | { readonly kind: 'closed'; readonly transfer: string }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'error'; readonly failure: Failure };
