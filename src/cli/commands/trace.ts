// `zwire trace merge|report`, loaded when it runs.
import { readFileSync, statSync } from 'node:fs';
import { EXIT } from '../../bytes/error-codes.ts';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { mergeTraces } from '../../trace/merge.ts';
import { reportTrace } from '../../trace/report.ts';
import { parseTrace, type TraceDocument } from '../../trace/trace-document.ts';
import { TraceWriter } from '../../trace/trace-writer.ts';
import type { CliContext } from '../context.ts';
import { messageOf } from '../render/error-text.ts';
import { mergedText, reportText } from '../render/trace-text.ts';
import { framedRun } from '../run/framed-run.ts';
import type { MergeFlags, ReportFlags } from './trace-command.ts';

/** A trace of ours has a million events at the most, of some 150 bytes; two of them merged, twice that. */
const TRACE_BYTES_MAX = 400_000_000;

export async function traceMerge(
  context: CliContext,
  flags: MergeFlags,
  one: string,
  other: string,
): Promise<void> {
  await framedRun(context, async () => {
    const merged = mergeTraces(readTrace(one), readTrace(other));
    using writer = new TraceWriter(flags.output);
    for (const event of merged.events) writer.add(event);
    writer.finish(merged.info);
    context.process.stdout.write(mergedText(flags.output, merged, writer.events));
    return EXIT.done;
  });
}

export async function traceReport(context: CliContext, flags: ReportFlags, path: string): Promise<void> {
  await framedRun(context, async () => {
    const report = reportTrace(readTrace(path));
    const text = flags.json === true ? `${JSON.stringify(report)}\n` : reportText(report);
    context.process.stdout.write(text);
    return EXIT.done;
  });
}

function readTrace(path: string): TraceDocument {
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > TRACE_BYTES_MAX) throw new Error(`${size} bytes are more than zwire writes`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ZwireError('TRACE_INVALID', `cannot read the trace ${path}: ${messageOf(error)}`, {
      fields: { path },
      hint: 'Give a file that zwire send --trace, zwire receive --trace or zwire trace merge has written.',
      cause: error,
    });
  }
  return parseTrace(text, path);
}
