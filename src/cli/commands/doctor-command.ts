// `zwire doctor`: flags and words. What it does is loaded when it runs.
import { buildCommand, type Command, type FlagParametersForType } from '@stricli/core';
import type { DatasetName } from '../../zfs/name.ts';
import type { CliContext } from '../context.ts';
import { DOCTOR_HELP } from '../help/doctor-help.ts';
import { parseInterface, parsePath, parseUser } from '../parse/path.ts';
import { parseSize } from '../parse/size.ts';
import { parseDataset } from '../parse/snapshot.ts';
import { parsePort } from '../parse/whole-number.ts';
import { toggle, value } from './flag-shape.ts';
import { withHelp } from './with-help.ts';

export interface DoctorFlags {
  readonly role?: 'send' | 'receive';
  readonly interface?: string;
  readonly port?: number;
  readonly into?: DatasetName;
  readonly dataset?: DatasetName;
  readonly user?: string;
  readonly identity?: string;
  readonly authorizedSenders?: string;
  readonly stateDir?: string;
  readonly poolMemory?: number;
  readonly json?: boolean;
}

const FLAGS: FlagParametersForType<DoctorFlags> = {
  role: {
    kind: 'enum',
    values: ['send', 'receive'],
    optional: true,
    brief: 'What this host is to do (default: both)',
  },
  interface: value(parseInterface, 'IF', 'For raw frames on this interface; without it, for UDP'),
  port: value(parsePort, 'PORT', 'The UDP port of the receiver (default: 1337)'),
  into: value(parseDataset, 'DATASET', 'Receiving below this dataset: is it delegated?'),
  dataset: value(parseDataset, 'DATASET', 'Sending this dataset: is it delegated?'),
  user: value(parseUser, 'NAME', 'The user that does it (default: you)'),
  identity: value(parsePath, 'FILE', 'Our secret key (default: ~/.config/zwire/host_key)'),
  authorizedSenders: value(
    parsePath,
    'FILE',
    'Whom a receiver lets in (default: ~/.config/zwire/authorized_senders)',
  ),
  stateDir: value(parsePath, 'DIR', 'Where a receiver remembers (default: ~/.local/state/zwire)'),
  poolMemory: value(parseSize, 'SIZE', "The receiver's --pool-memory (default: 128M)"),
  json: toggle('Print one JSON object on standard output'),
};

const command = buildCommand<DoctorFlags, [], CliContext>({
  loader: async () => {
    const { doctor } = await import('./doctor.ts');
    return function (flags) {
      return doctor(this, flags);
    };
  },
  parameters: { flags: FLAGS },
  docs: { brief: 'Say what this host lacks, or has too much of' },
});

export const doctorCommand: Command<CliContext> = withHelp(command, {
  ...DOCTOR_HELP,
  groups: [{ title: 'FLAGS', flags: FLAGS }],
});
