// The trace of a run: watched from before it starts, written when it is over, however it ends.
import { TraceWriter } from '../../trace/trace-writer.ts';
import { TraceCollector } from '../../transfer/trace-collector.ts';
import type { Role } from '../render/summary.ts';

export interface RunTrace {
  /** Writes the file; returns how many events are in it. @throws ZwireError TRACE_UNWRITABLE */
  write(): number;
}

/** Opens the file already, so that one that cannot be written stops the run before it starts. */
export function traceRun(path: string, role: Role): RunTrace {
  const writer = new TraceWriter(path);
  const collector = new TraceCollector(role);
  return {
    write: () => {
      using _writer = writer;
      using _collector = collector;
      collector.write(writer);
      return writer.events;
    },
  };
}
