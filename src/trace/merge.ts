// Lays the traces of a sender and of its receiver onto one clock and joins the records that both have sampled by
// arrows. Pure.
import { ZwireError } from '../bytes/zwire-error.ts';
import { clockOffset } from './clock-offset.ts';
import {
  type TraceAlignment,
  type TraceDocument,
  type TraceHost,
  type TraceInfo,
  TRACE_FORMAT,
} from './trace-document.ts';
import { type FlowEvent, MARK_US, RECORD, roundUs, type SpanEvent, type TraceEvent } from './trace-event.ts';

export const SENDER_PID = 1;
export const RECEIVER_PID = 2;

export interface MergedTrace {
  readonly info: TraceInfo;
  readonly events: readonly TraceEvent[];
  readonly arrows: number;
}

/** Takes the two in any order. @throws ZwireError TRACES_UNRELATED */
export function mergeTraces(one: TraceDocument, other: TraceDocument): MergedTrace {
  const pair = [one, other];
  const sender = pair.find((document) => onlyHost(document)?.role === 'send');
  const receiver = pair.find((document) => onlyHost(document)?.role === 'receive');
  const from = sender === undefined ? undefined : onlyHost(sender);
  const to = receiver === undefined ? undefined : onlyHost(receiver);
  if (sender === undefined || receiver === undefined || from === undefined || to === undefined)
    throw unrelated('one of them must be a trace of zwire send and the other one of zwire receive');
  const shared = from.transfers.filter((transfer) => find(to, transfer.transfer) !== undefined);
  if (shared.length === 0) throw unrelated('they have no transfer in common');
  const alignment = align(from, to);
  // Whichever began first begins at 0.
  const baseUs = Math.max(0, -alignment.shiftUs);
  const receiverShiftUs = alignment.shiftUs + baseUs;
  const sent = sender.traceEvents.map((event) => moved(event, SENDER_PID, baseUs));
  const received = receiver.traceEvents.map((event) => moved(event, RECEIVER_PID, receiverShiftUs));
  const arrows = drawArrows(sent, received);
  return {
    info: {
      producer: 'zwire',
      format: TRACE_FORMAT,
      hosts: [movedHost(from, SENDER_PID, baseUs), movedHost(to, RECEIVER_PID, receiverShiftUs)],
      alignments: [alignment],
    },
    events: [...sent, ...received, ...arrows],
    arrows: arrows.length / 2,
  };
}

function onlyHost(document: TraceDocument): TraceHost | undefined {
  const { hosts } = document.otherData;
  return hosts.length === 1 ? hosts[0] : undefined;
}

function find(host: TraceHost, transfer: string): TraceHost['transfers'][number] | undefined {
  return host.transfers.find((candidate) => candidate.transfer === transfer);
}

function unrelated(why: string): ZwireError {
  return new ZwireError('TRACES_UNRELATED', `these two traces cannot be merged: ${why}`, {
    hint: 'Merge the trace of a sender with that of the receiver of the same transfer.',
  });
}

/** How the receiver's times become the sender's. */
function align(from: TraceHost, to: TraceHost): TraceAlignment {
  const pid = RECEIVER_PID;
  const offsets = from.transfers.flatMap((transfer) => {
    const other = find(to, transfer.transfer);
    return other === undefined ? [] : (clockOffset(transfer.echoes, other.echoes) ?? []);
  });
  const [best] = offsets.toSorted((a, b) => a.uncertaintyUs - b.uncertaintyUs);
  if (best === undefined) {
    const shiftUs = (to.startedMs - from.startedMs) * 1000;
    return { pid, method: 'wall clocks', shiftUs: roundUs(shiftUs), exchanges: 0 };
  }
  const { offsetUs, uncertaintyUs, exchanges } = best;
  return {
    pid,
    method: 'echoes',
    shiftUs: roundUs(-offsetUs),
    uncertaintyUs: roundUs(uncertaintyUs),
    exchanges,
  };
}

function moved(event: TraceEvent, pid: number, shiftUs: number): TraceEvent {
  return event.ph === 'M' ? { ...event, pid } : { ...event, pid, ts: roundUs(event.ts + shiftUs) };
}

function movedHost(host: TraceHost, pid: number, shiftUs: number): TraceHost {
  return {
    ...host,
    pid,
    transfers: host.transfers.map((transfer) => ({
      ...transfer,
      startUs: roundUs(transfer.startUs + shiftUs),
      endUs: roundUs(transfer.endUs + shiftUs),
    })),
  };
}

function drawArrows(sent: readonly TraceEvent[], received: readonly TraceEvent[]): FlowEvent[] {
  const arrivals = new Map(received.flatMap((event) => (isMark(event) ? [[markName(event), event]] : [])));
  return sent.flatMap((event, index): FlowEvent[] => {
    const arrival = isMark(event) ? arrivals.get(markName(event)) : undefined;
    if (arrival === undefined || !isMark(event)) return [];
    const base = { name: 'on the wire', cat: RECORD, id: `0x${index.toString(16)}` };
    const middle = (mark: SpanEvent): Pick<SpanEvent, 'pid' | 'tid' | 'ts'> => ({
      pid: mark.pid,
      tid: mark.tid,
      ts: roundUs(mark.ts + MARK_US / 2),
    });
    return [
      { ph: 's', ...base, ...middle(event) },
      { ph: 'f', bp: 'e', ...base, ...middle(arrival) },
    ];
  });
}

function isMark(event: TraceEvent): event is SpanEvent {
  return event.ph === 'X' && event.cat === RECORD;
}

function markName(mark: SpanEvent): string {
  return `${mark.args?.['transfer']}:${mark.args?.['record']}`;
}
