// `zwire --reciever ...` and the other flags of the seed: flags and words. What it does is loaded when it runs.
import { buildCommand, type Command, type FlagParametersForType } from '@stricli/core';
import type { CliContext } from '../context.ts';
import { SEED_HELP } from '../help/seed-help.ts';
import { parsePath } from '../parse/path.ts';
import { parseDataset, parsePool } from '../parse/snapshot.ts';
import type { SeedFlags } from '../request/seed-request.ts';
import {
  ACCEPTANCE_PARAMETERS,
  DESTINATION_PARAMETERS,
  FRAME_PARAMETERS,
  OUTPUT_PARAMETERS,
  PACE_PARAMETERS,
  RAW_PARAMETERS,
  SHARED_PARAMETERS,
} from './flag-parameters.ts';
import { toggle, value } from './flag-shape.ts';
import { withHelp } from './with-help.ts';

type ActionFlags = Pick<
  SeedFlags,
  'reciever' | 'receiver' | 'fullSync' | 'sendDelta' | 'deltaStart' | 'deltaEnd' | 'snapshot'
>;

const ACTIONS: FlagParametersForType<ActionFlags> = {
  reciever: toggle('Receive'),
  receiver: toggle('The same as --reciever'),
  fullSync: toggle('Send all of a pool or a dataset'),
  sendDelta: toggle('Send what has changed between two snapshots'),
  deltaStart: value(String, 'DATASET@SNAPSHOT', 'The earlier one'),
  deltaEnd: value(String, 'DATASET@SNAPSHOT', 'The later one'),
  // Alone, as in the seed, it takes a snapshot; hence the empty value.
  snapshot: {
    ...value(String, '[NAME]', 'With --full-sync: send this one; alone: take one'),
    inferEmpty: true,
  },
};

const WHAT: FlagParametersForType<Pick<SeedFlags, 'pool' | 'dataset' | 'dummyData'>> = {
  pool: value(parsePool, 'POOL', 'The pool to send with all below it, or to receive into'),
  dataset: value(parseDataset, 'DATASET', 'The dataset to send, or to receive into'),
  dummyData: value(parsePath, 'PATH', 'A file that stands for it'),
};

const command = buildCommand<SeedFlags, [], CliContext>({
  loader: async () => {
    const { seed } = await import('./seed.ts');
    return function (flags) {
      return seed(this, flags);
    };
  },
  parameters: {
    flags: {
      ...ACTIONS,
      ...WHAT,
      ...RAW_PARAMETERS,
      ...DESTINATION_PARAMETERS,
      ...FRAME_PARAMETERS,
      ...PACE_PARAMETERS,
      ...ACCEPTANCE_PARAMETERS,
      ...SHARED_PARAMETERS,
      ...OUTPUT_PARAMETERS,
    },
  },
  docs: { brief: "The seed's form: flags only" },
});

export const seedCommand: Command<CliContext> = withHelp(command, {
  ...SEED_HELP,
  groups: [
    { title: 'WHAT TO DO', flags: ACTIONS },
    { title: 'WITH WHAT', flags: WHAT },
    { title: 'FRAMES', flags: { ...RAW_PARAMETERS, ...DESTINATION_PARAMETERS, ...FRAME_PARAMETERS } },
    { title: 'HOW, SENDING', flags: PACE_PARAMETERS },
    { title: 'HOW, RECEIVING', flags: ACCEPTANCE_PARAMETERS },
    { title: 'HOW, BOTH', flags: SHARED_PARAMETERS },
    { title: 'WHAT IS SAID', flags: OUTPUT_PARAMETERS },
  ],
});
