// `zwire receive`: flags and words. What it does is loaded when it runs.
import { buildCommand, type Command, type FlagParametersForType } from '@stricli/core';
import type { CliContext } from '../context.ts';
import { RECEIVE_HELP } from '../help/receive-help.ts';
import { parseListenAddress } from '../parse/host.ts';
import { parsePath } from '../parse/path.ts';
import { parseDataset } from '../parse/snapshot.ts';
import type { ReceiveFlags } from '../request/receive-request.ts';
import {
  ACCEPTANCE_PARAMETERS,
  FRAME_PARAMETERS,
  OUTPUT_PARAMETERS,
  RAW_PARAMETERS,
  RECEIVER_KEY_PARAMETERS,
  SHARED_PARAMETERS,
} from './flag-parameters.ts';
import { value } from './flag-shape.ts';
import { withHelp } from './with-help.ts';

const WHERE: FlagParametersForType<Pick<ReceiveFlags, 'file' | 'into'>> = {
  file: value(parsePath, 'PATH', 'Into this file; - is standard output, for one transfer'),
  into: value(parseDataset, 'DATASET', 'Below this dataset: tank/data lands in DATASET/data'),
};

const FROM: FlagParametersForType<Pick<ReceiveFlags, 'listen'>> = {
  listen: value(parseListenAddress, 'IP[:PORT]', 'On this address of ours (default: all, 0.0.0.0)'),
};

const command = buildCommand<ReceiveFlags, [], CliContext>({
  loader: async () => {
    const { receive } = await import('./receive.ts');
    return function (flags) {
      return receive(this, flags);
    };
  },
  parameters: {
    flags: {
      ...WHERE,
      ...FROM,
      ...RAW_PARAMETERS,
      ...FRAME_PARAMETERS,
      ...ACCEPTANCE_PARAMETERS,
      ...RECEIVER_KEY_PARAMETERS,
      ...SHARED_PARAMETERS,
      ...OUTPUT_PARAMETERS,
    },
  },
  docs: { brief: 'Receive into a file, standard output or a dataset' },
});

export const receiveCommand: Command<CliContext> = withHelp(command, {
  ...RECEIVE_HELP,
  groups: [
    { title: 'WHERE IT LANDS', flags: WHERE },
    { title: 'FROM A UDP SOCKET', flags: FROM },
    { title: 'FROM RAW FRAMES', flags: RAW_PARAMETERS },
    { title: 'KEYS', flags: RECEIVER_KEY_PARAMETERS },
    { title: 'HOW', flags: { ...ACCEPTANCE_PARAMETERS, ...SHARED_PARAMETERS, ...FRAME_PARAMETERS } },
    { title: 'WHAT IS SAID', flags: OUTPUT_PARAMETERS },
  ],
});
