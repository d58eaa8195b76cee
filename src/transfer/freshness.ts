// Whether a one-way transfer is new. Nothing goes back to its sender, so that the receiver has to remember: for each
// sender the newest time, and the transfers around it. Pure; freshness-store.ts keeps it over restarts.
import { JsonFields, parseJsonObject } from '../wire/json-fields.ts';

/** Transfers remembered a sender. */
export const TRANSFERS_KEPT = 1024;
/** How much older than the newest one a transfer may be: several that begin at once overtake each other. */
const BEHIND_NS = 60_000_000_000n;
/** How far a sender's clock may be ahead of ours: a wrong one would shut its sender out later. */
const AHEAD_NS = 600_000_000_000n;
/** How old the very first transfer of a sender may be by our clock: nothing else speaks against a recorded one. */
const FIRST_AGE_NS = 600_000_000_000n;

export interface SeenTransfer {
  /** 16 hex digits. */
  readonly transfer: string;
  readonly timeNs: bigint;
}

export interface SenderMemory {
  /** Ascending in time; the last is the newest. */
  readonly seen: readonly SeenTransfer[];
  /** Nothing at or before this time is taken: what was taken then is no longer remembered. */
  readonly floorNs: bigint;
}

export type Freshness =
  | { readonly fresh: true; readonly memory: SenderMemory }
  | {
      readonly fresh: false;
      readonly why: 'taken before' | 'older than' | 'in the future' | 'first and old';
    };

/** Judges a transfer and remembers it; `memory` is undefined for a sender that was never heard. */
export function judgeFreshness(
  memory: SenderMemory | undefined,
  arrival: SeenTransfer,
  nowNs: bigint,
): Freshness {
  const { transfer, timeNs } = arrival;
  if (memory?.seen.some((known) => known.transfer === transfer) === true)
    return { fresh: false, why: 'taken before' };
  if (timeNs > nowNs + AHEAD_NS) return { fresh: false, why: 'in the future' };
  const newest = memory?.seen.at(-1)?.timeNs;
  if (memory === undefined || newest === undefined) {
    if (timeNs < nowNs - FIRST_AGE_NS) return { fresh: false, why: 'first and old' };
  } else if (timeNs <= memory.floorNs || timeNs < newest - BEHIND_NS) {
    return { fresh: false, why: 'older than' };
  }
  const all = [...(memory?.seen ?? []), arrival].sort((a, b) => (a.timeNs < b.timeNs ? -1 : 1));
  const forgotten = all.slice(0, Math.max(0, all.length - TRANSFERS_KEPT)).at(-1);
  const floorNs = forgotten?.timeNs ?? memory?.floorNs ?? 0n;
  return { fresh: true, memory: { seen: all.slice(-TRANSFERS_KEPT), floorNs } };
}

export function formatMemory(memory: SenderMemory): string {
  const seen = memory.seen.map(({ transfer, timeNs }) => ({ transfer, timeNs: String(timeNs) }));
  return `${JSON.stringify({ floorNs: String(memory.floorNs), seen })}\n`;
}

/** @throws ZwireError WIRE_MALFORMED */
export function parseMemory(bytes: Uint8Array): SenderMemory {
  const fields = parseJsonObject(bytes, 'memory');
  const seen = fields.array('seen', TRANSFERS_KEPT).map((value) => {
    const entry = new JsonFields(value, 'memory seen');
    return { transfer: entry.text('transfer', 16), timeNs: entry.u64('timeNs') };
  });
  return { seen, floorNs: fields.u64('floorNs') };
}
