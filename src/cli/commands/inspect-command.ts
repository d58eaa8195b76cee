// `zwire inspect`: flags and words. What it does is loaded when it runs.
import { buildCommand, type Command, type FlagParametersForType } from '@stricli/core';
import type { CliContext } from '../context.ts';
import { INSPECT_HELP } from '../help/inspect-help.ts';
import { parsePath } from '../parse/path.ts';
import { toggle, value } from './flag-shape.ts';
import { withHelp } from './with-help.ts';

export interface InspectFlags {
  readonly records?: boolean;
  readonly partial?: boolean;
  readonly token?: string;
  readonly json?: boolean;
  readonly debug?: boolean;
}

const WHAT: FlagParametersForType<Pick<InspectFlags, 'records' | 'partial' | 'token'>> = {
  records: toggle('Every record with its number, offset and fields'),
  partial: toggle('Take a stream without END, as zfs send --saved makes it'),
  token: value(String, 'TOKEN', 'Decode this resume token instead of a stream'),
};

const OUTPUT: FlagParametersForType<Pick<InspectFlags, 'json' | 'debug'>> = {
  json: toggle('JSON lines instead of text'),
  debug: toggle('Print causes and stacks of errors'),
};

const command = buildCommand<InspectFlags, [string?], CliContext>({
  loader: async () => {
    const { inspect } = await import('./inspect.ts');
    return function (flags, file) {
      return inspect(this, flags, file);
    };
  },
  parameters: {
    flags: { ...WHAT, ...OUTPUT },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: parsePath, optional: true, placeholder: 'FILE', brief: 'The stream; - is standard input' },
      ],
    },
  },
  docs: { brief: 'Say what a ZFS send stream holds, and verify it' },
});

export const inspectCommand: Command<CliContext> = withHelp(command, {
  ...INSPECT_HELP,
  groups: [
    { title: 'WHAT', flags: WHAT },
    { title: 'WHAT IS SAID', flags: OUTPUT },
  ],
});
