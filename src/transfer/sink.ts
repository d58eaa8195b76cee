// Where the bytes of a transfer go. A policy decides on every announcement and opens the sink; nothing reaches its
// final name or becomes a snapshot before everything has been verified.
import type { Announcement } from '../wire/announce.ts';
import type { StreamRules } from './stream-policy.ts';
import type { AuthorizedSender } from './transfer-keys.ts';

/** What became of a transfer that succeeded. */
export interface CommitResult {
  /** Where it lies now: a path or a dataset. */
  readonly target: string;
  /** Of the snapshot on the target, read back. */
  readonly guid?: bigint;
  /** What went wrong beside the data, a sentence each: the data is there and verified all the same. */
  readonly warnings?: readonly string[];
}

/** Where the bytes of one transfer go; one of them ends with commit() or abort(), once. */
export interface Sink {
  /** Written by a worker; owned by the sink, which closes it in commit() or abort(). */
  readonly fd: number;
  readonly target: string;
  /** A pipe or terminal: written without blocking, so that an abort is never held up. */
  readonly mayStall: boolean;
  /** A ZFS stream is judged against these on its way, and only what passes is written; without them all is. */
  readonly rules?: StreamRules;
  /** Everything was verified and written: closes, waits for the consumer, puts the result under its name. Throws. */
  commit(): Promise<CommitResult>;
  /** Ends without a result: kills the consumer, closes, removes what is half-made. Returns the consumer's own error, if it had one. */
  abort(): Promise<Error | undefined>;
}

/** A transfer that is announced. */
export interface SinkRequest {
  readonly announcement: Announcement;
  /** "198.18.0.1:40000" */
  readonly peer: string;
  readonly transfer: string;
  /** Whose key the transfer is sealed with, and what its line lets it do; absent in the open suite. */
  readonly sender?: AuthorizedSender;
  /** Tells people what went wrong beside the data where there is no CommitResult to say it: a sentence. */
  readonly warn: (message: string) => void;
}

/** Decides for every announced transfer whether and where it goes. */
export interface SinkPolicy {
  /** Opens a sink, or throws a ZwireError that is sent to the sender as the refusal. */
  decide(request: SinkRequest, signal: AbortSignal): Promise<Sink>;
}
