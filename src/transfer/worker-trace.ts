// A worker's own end of a trace: its activities, and the records of its transfers.
import { ActivityRecorder } from '../trace/activity-recorder.ts';
import { type TraceClock, traceClock } from '../trace/trace-clock.ts';
import {
  InboundRecordTrace,
  OutboundRecordTrace,
  type RecordMemory,
  shareRecordMemory,
} from './record-trace.ts';

/** Shared memory for the sending worker. */
export interface SenderTraceMemory {
  readonly activity: SharedArrayBuffer;
  readonly records: RecordMemory;
}

export interface SenderTrace {
  readonly activity: ActivityRecorder;
  readonly records: OutboundRecordTrace;
}

export function openSenderTrace(memory: SenderTraceMemory): SenderTrace {
  const clock = traceClock();
  return {
    activity: new ActivityRecorder(memory.activity, 'sender', clock.nowUs),
    records: new OutboundRecordTrace(memory.records, clock),
  };
}

/** What one incoming transfer records, and where. */
export interface InboundTrace {
  readonly activity: ActivityRecorder;
  readonly records: InboundRecordTrace;
  readonly memory: RecordMemory;
}

/** The receiving worker's. */
export class ReceiverTrace {
  readonly activity: ActivityRecorder;
  readonly #clock: TraceClock = traceClock();

  constructor(activity: SharedArrayBuffer) {
    this.activity = new ActivityRecorder(activity, 'receiver', this.#clock.nowUs);
  }

  ofTransfer(): InboundTrace {
    const memory = shareRecordMemory();
    return { activity: this.activity, records: new InboundRecordTrace(memory, this.#clock), memory };
  }
}
