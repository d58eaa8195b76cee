// `zwire keygen`: flags and words. What it does is loaded when it runs.
import { buildCommand, type Command, type FlagParametersForType } from '@stricli/core';
import type { CliContext } from '../context.ts';
import { KEYGEN_HELP } from '../help/keygen-help.ts';
import { parsePath } from '../parse/path.ts';
import { toggle, value } from './flag-shape.ts';
import { withHelp } from './with-help.ts';

export interface KeygenFlags {
  readonly output?: string;
  readonly shared?: boolean;
  readonly comment?: string;
  readonly public?: boolean;
}

const FLAGS: FlagParametersForType<KeygenFlags> = {
  output: value(parsePath, 'FILE', 'The new file (default: ~/.config/zwire/host_key)'),
  comment: value(String, 'TEXT', 'What stands behind the public key (default: USER@HOST)'),
  public: toggle('Print the public line of the key that exists'),
  shared: toggle('Make a key that two hosts share, for --psk-file; needs --output'),
};

const command = buildCommand<KeygenFlags, [], CliContext>({
  loader: async () => {
    const { keygen } = await import('./keygen.ts');
    return function (flags) {
      return keygen(this, flags);
    };
  },
  parameters: { flags: FLAGS },
  docs: { brief: 'Make the key of this host, and print its public line' },
});

export const keygenCommand: Command<CliContext> = withHelp(command, {
  ...KEYGEN_HELP,
  groups: [{ title: 'FLAGS', flags: FLAGS }],
});
