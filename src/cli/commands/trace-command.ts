// `zwire trace merge|report`: flags and words. What they do is loaded when they run.
import { buildCommand, buildRouteMap, type Command, type RouteMap } from '@stricli/core';
import type { CliContext } from '../context.ts';
import { TRACE_HELP } from '../help/trace-help.ts';
import { parsePath } from '../parse/path.ts';
import { toggle } from './flag-shape.ts';
import { withHelp } from './with-help.ts';

export interface MergeFlags {
  readonly output: string;
}

export interface ReportFlags {
  readonly json?: boolean;
}

const OUTPUT = {
  output: { kind: 'parsed', parse: parsePath, placeholder: 'FILE', brief: 'Where to write the merged trace' },
} as const;

const REPORT = { json: toggle('Print one JSON object instead of words') };

const file = (brief: string): { parse: (text: string) => string; placeholder: string; brief: string } => ({
  parse: parsePath,
  placeholder: 'FILE',
  brief,
});

export const mergeCommand: Command<CliContext> = buildCommand<MergeFlags, [string, string], CliContext>({
  loader: async () => {
    const { traceMerge } = await import('./trace.ts');
    return function (flags, one, other) {
      return traceMerge(this, flags, one, other);
    };
  },
  parameters: {
    flags: OUTPUT,
    positional: { kind: 'tuple', parameters: [file("One side's trace"), file("The other side's")] },
    aliases: { o: 'output' },
  },
  docs: { brief: 'Lay the traces of both sides onto one clock' },
});

export const reportCommand: Command<CliContext> = buildCommand<ReportFlags, [string], CliContext>({
  loader: async () => {
    const { traceReport } = await import('./trace.ts');
    return function (flags, path) {
      return traceReport(this, flags, path);
    };
  },
  parameters: {
    flags: REPORT,
    positional: { kind: 'tuple', parameters: [file('A trace, merged or not')] },
  },
  docs: { brief: 'Say where the time went, and what to try next' },
});

const groups = [
  { title: 'MERGE', flags: OUTPUT },
  { title: 'REPORT', flags: REPORT },
];
const help = { ...TRACE_HELP, letters: { output: 'o' }, groups };

export const traceRoutes: RouteMap<CliContext> = withHelp(
  buildRouteMap({
    routes: { merge: withHelp(mergeCommand, help), report: withHelp(reportCommand, help) },
    docs: { brief: 'Merge traces, and say where the time went' },
  }),
  help,
);
