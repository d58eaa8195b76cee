// Where the bytes of a transfer come from. A source is opened only after the receiver has accepted it.
import type { Announcement } from '../wire/announce.ts';

/** What the source says of itself; geometry, FEC and feedback are the transfer's to add. */
export type SourceAnnouncement = Omit<
  Announcement,
  'segmentPayloadBytes' | 'fecDataRecords' | 'fecParityRecords' | 'feedback' | 'timeoutMs'
>;

/** A source whose bytes can be read. */
export interface OpenSource {
  /** Read by a worker until its end; owned by the source, which closes it in finish() or abort(). */
  readonly fd: number;
  /** After the end was read: waits for the producer and throws its error. */
  finish(): Promise<void>;
  /** Kills the producer, closes our end, waits. Never throws; returns what the producer said, if it failed by itself. */
  abort(): Promise<Error | undefined>;
}

/** How it went. `unknown`: everything was sent, and without the receiver's word: it may have committed. */
export type SourceOutcome = 'committed' | 'delivered' | 'failed' | 'unknown';

/** What send() sends: described before anything is on the wire, opened when the receiver has accepted. */
export interface Source {
  /** Looks at what is to be sent (takes the snapshot, resolves guids, estimates); throws before anything is on the wire. */
  describe(signal: AbortSignal): Promise<SourceAnnouncement>;
  /** After describe(), once. */
  open(signal: AbortSignal): Promise<OpenSource>;
  /**
   * Last of all, once: takes back what describe() made (a snapshot of ours) when the transfer failed, but not where it
   * is unknown: the receiver may need it as the base of the next increment. Never throws.
   */
  close(outcome: SourceOutcome): Promise<void>;
}
