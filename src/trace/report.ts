// Where the time of a traced run went, and who held it up: figures and a verdict, without words for people. Pure.
import { ACTIVITIES, type ActivityName } from './activity.ts';
import type { TraceDocument, TraceHost, TraceTransfer } from './trace-document.ts';
import { ACTIVITY, type SpanEvent } from './trace-event.ts';

/** Who limits: the source, the way, the receiver's sink, --rate, or the processor of one of the sides. */
export type Culprit = 'source' | 'wire' | 'sink' | 'rate' | 'sender' | 'receiver' | 'elsewhere';

export interface Share {
  readonly activity: ActivityName;
  /** Of the time in which data flowed, 0 to 1. */
  readonly share: number;
}

export interface TransferReport {
  readonly transfer: string;
  readonly side: 'send' | 'receive';
  readonly name: string;
  readonly kind: string;
  readonly outcome: TraceTransfer['outcome'];
  readonly seconds: number;
  readonly bytes: number;
  readonly bitsPerSecond: number;
  readonly repeats: number;
  readonly drops: number;
  /** Largest first; shares of the same track add up to 1. On the receiver, of its receiving thread. */
  readonly shares: readonly Share[];
  /** The receiver's writing thread. */
  readonly writerShares: readonly Share[];
  readonly culprit: Culprit;
}

export interface TraceReport {
  readonly transfers: readonly TransferReport[];
  /** Only where a trace has both sides of a transfer. */
  readonly wire: readonly WireReport[];
}

/** What was lost between the two sides. */
export interface WireReport {
  readonly transfer: string;
  readonly segmentsSent: number;
  readonly segmentsArrived: number;
  readonly segmentsLost: number;
  readonly repeats: number;
  /** Repeats that the receiver had already. */
  readonly needless: number;
  readonly culprit: Culprit;
}

/** A thread that is busy for more than this share of the time has no more to give. */
const BUSY = 0.6;
const GROUPS: Readonly<Partial<Record<ActivityName, Culprit>>> = {
  read: 'source',
  'wait for the source': 'source',
  'wait for the producer to end': 'source',
  'wait for the wire': 'wire',
  'wait for credit': 'sink',
  'wait for the result': 'sink',
  'wait for the rate': 'rate',
  seal: 'sender',
  send: 'sender',
  'listen and repeat': 'sender',
};

export function reportTrace(document: TraceDocument): TraceReport {
  const { hosts } = document.otherData;
  const tracks = activityTracks(document);
  const transfers = hosts.flatMap((host) =>
    host.transfers.map((transfer) => reportTransfer(host, transfer, tracks)),
  );
  return { transfers, wire: reportWire(hosts, transfers) };
}

type Tracks = ReadonlyMap<string, readonly SpanEvent[]>;

/** The only threads of a host that have fixed numbers: the sender's, or the receiver's receiving one. */
export const WORKER_TID = 1;

function trackName(pid: number, tid: number): string {
  return `${pid}:${tid}`;
}

function activityTracks(document: TraceDocument): Tracks {
  const tracks = new Map<string, SpanEvent[]>();
  for (const event of document.traceEvents) {
    if (event.ph !== 'X' || event.cat !== ACTIVITY) continue;
    const name = trackName(event.pid, event.tid);
    const spans = tracks.get(name) ?? [];
    spans.push(event);
    tracks.set(name, spans);
  }
  return tracks;
}

function reportTransfer(host: TraceHost, transfer: TraceTransfer, tracks: Tracks): TransferReport {
  const { startUs, endUs, figures } = transfer;
  const spans = (tid: number): readonly SpanEvent[] => tracks.get(trackName(host.pid, tid)) ?? [];
  const shares = sharesOf(spans(WORKER_TID), startUs, endUs);
  const writerShares = transfer.writerTid === 0 ? [] : sharesOf(spans(transfer.writerTid), startUs, endUs);
  const seconds = Math.max(0, endUs - startUs) / 1e6;
  return {
    transfer: transfer.transfer,
    side: host.role,
    name: transfer.name,
    kind: transfer.kind,
    outcome: transfer.outcome,
    seconds,
    bytes: figures.bytes,
    bitsPerSecond: seconds === 0 ? 0 : Math.round((figures.bytes * 8) / seconds),
    repeats: figures.repeats,
    drops: figures.drops,
    shares,
    writerShares,
    culprit: host.role === 'send' ? senderCulprit(shares) : receiverCulprit(shares, writerShares),
  };
}

/** Before data flows, and after it where nobody can say that it arrived: no part of the time that is shared out. */
const AROUND: readonly ActivityName[] = ['start', 'repeat the end'];

/** What a track did between two times. */
function sharesOf(spans: readonly SpanEvent[], startUs: number, endUs: number): Share[] {
  const sums = new Map<ActivityName, number>();
  let total = 0;
  for (const span of spans) {
    if (!isActivity(span.name) || AROUND.includes(span.name)) continue;
    const us = Math.min(endUs, span.ts + span.dur) - Math.max(startUs, span.ts);
    if (us <= 0) continue;
    sums.set(span.name, (sums.get(span.name) ?? 0) + us);
    total += us;
  }
  return [...sums]
    .map(([activity, us]) => ({ activity, share: us / total }))
    .toSorted((a, b) => b.share - a.share);
}

const NAMES: readonly string[] = Object.values(ACTIVITIES).flat();

function isActivity(name: string): name is ActivityName {
  return NAMES.includes(name);
}

function shareOf(shares: readonly Share[], ...activities: readonly ActivityName[]): number {
  return shares.reduce((sum, { activity, share }) => sum + (activities.includes(activity) ? share : 0), 0);
}

/** The group that took most of the time. */
function senderCulprit(shares: readonly Share[]): Culprit {
  const groups = new Map<Culprit, number>();
  for (const { activity, share } of shares) {
    const culprit = GROUPS[activity] ?? 'elsewhere';
    groups.set(culprit, (groups.get(culprit) ?? 0) + share);
  }
  const [most] = [...groups].toSorted(([, a], [, b]) => b - a);
  return most?.[0] ?? 'elsewhere';
}

function receiverCulprit(shares: readonly Share[], writerShares: readonly Share[]): Culprit {
  const writing = shareOf(writerShares, 'write', 'sink stalled');
  const receiving = shareOf(shares, 'receive and reassemble', 'check', 'serve');
  if (writing > BUSY && writing > receiving) return 'sink';
  return receiving > BUSY ? 'receiver' : 'elsewhere';
}

function reportWire(hosts: readonly TraceHost[], reports: readonly TransferReport[]): WireReport[] {
  const of = (role: TraceHost['role']): readonly TraceTransfer[] =>
    hosts.filter((host) => host.role === role).flatMap((host) => host.transfers);
  const reported = (transfer: string, side: TraceHost['role']): Culprit =>
    reports.find((report) => report.transfer === transfer && report.side === side)?.culprit ?? 'elsewhere';
  return of('send').flatMap((sent): WireReport[] => {
    const received = of('receive').find((candidate) => candidate.transfer === sent.transfer);
    if (received === undefined) return [];
    const { segments, repeats } = sent.figures;
    const here = reported(sent.transfer, 'send');
    const there = reported(sent.transfer, 'receive');
    return [
      {
        transfer: sent.transfer,
        segmentsSent: segments,
        segmentsArrived: received.figures.segments,
        segmentsLost: segments - received.figures.segments,
        repeats,
        needless: received.figures.repeats,
        // What the sender calls the wire may be the receiver's processor, and what it calls the sink is known there.
        culprit: here === 'wire' && there !== 'elsewhere' ? there : here,
      },
    ];
  });
}
