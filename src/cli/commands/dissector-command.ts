// `zwire dissector`: flags and words. What it does is loaded when it runs.
import { buildCommand, type Command, type FlagParametersForType } from '@stricli/core';
import type { CliContext } from '../context.ts';
import { DISSECTOR_HELP } from '../help/dissector-help.ts';
import { parsePath } from '../parse/path.ts';
import { toggle, value } from './flag-shape.ts';
import { withHelp } from './with-help.ts';

export interface DissectorFlags {
  readonly install?: boolean;
  readonly output?: string;
  readonly json?: boolean;
}

const FLAGS: FlagParametersForType<DissectorFlags> = {
  install: toggle("Put it into Wireshark's folder of personal Lua plugins"),
  output: value(parsePath, 'FILE', 'Write it to FILE instead of standard output'),
  json: toggle('Say where it was put as a JSON line'),
};

const command = buildCommand<DissectorFlags, [], CliContext>({
  loader: async () => {
    const { dissector } = await import('./dissector.ts');
    return function (flags) {
      return dissector(this, flags);
    };
  },
  parameters: { flags: FLAGS },
  docs: { brief: 'The Wireshark dissector of this version' },
});

export const dissectorCommand: Command<CliContext> = withHelp(command, {
  ...DISSECTOR_HELP,
  groups: [{ title: 'FLAGS', flags: FLAGS }],
});
