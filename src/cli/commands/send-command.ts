// `zwire send`: flags and words. What it does is loaded when it runs.
import { buildCommand, type Command, type FlagParametersForType } from '@stricli/core';
import type { SnapshotName } from '../../zfs/name.ts';
import type { CliContext } from '../context.ts';
import { SEND_HELP } from '../help/send-help.ts';
import { parseDestination } from '../parse/host.ts';
import { parsePath } from '../parse/path.ts';
import { parseSnapshot } from '../parse/snapshot.ts';
import type { SendFlags } from '../request/send-request.ts';
import {
  DESTINATION_PARAMETERS,
  FRAME_PARAMETERS,
  OUTPUT_PARAMETERS,
  PACE_PARAMETERS,
  RAW_PARAMETERS,
  SENDER_KEY_PARAMETERS,
  SHARED_PARAMETERS,
} from './flag-parameters.ts';
import { toggle, value } from './flag-shape.ts';
import { withHelp } from './with-help.ts';

const WHAT: FlagParametersForType<Pick<SendFlags, 'from' | 'recursive' | 'intermediates' | 'raw' | 'file'>> =
  {
    from: value(
      String,
      '@SNAPSHOT',
      "Send only what has changed since this one, or since a bookmark, '#MARK'",
    ),
    recursive: toggle('With all datasets below, their snapshots and properties'),
    intermediates: toggle('With the snapshots between --from and the last'),
    raw: toggle('As it lies on the disks: an encrypted dataset stays encrypted (zfs send -w)'),
    file: value(parsePath, 'PATH', 'Send a file instead; - is standard input'),
  };

const TO: FlagParametersForType<Pick<SendFlags, 'to'>> = {
  to: value(parseDestination, 'HOST[:PORT]', 'The receiver; needs no privilege'),
};

const command = buildCommand<SendFlags, [SnapshotName?], CliContext>({
  loader: async () => {
    const { send } = await import('./send.ts');
    return function (flags, snapshot) {
      return send(this, flags, snapshot);
    };
  },
  parameters: {
    flags: {
      ...WHAT,
      ...TO,
      ...RAW_PARAMETERS,
      ...DESTINATION_PARAMETERS,
      ...FRAME_PARAMETERS,
      ...PACE_PARAMETERS,
      ...SENDER_KEY_PARAMETERS,
      ...SHARED_PARAMETERS,
      ...OUTPUT_PARAMETERS,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: parseSnapshot, optional: true, placeholder: 'DATASET@SNAPSHOT', brief: 'The snapshot' },
      ],
    },
    aliases: { R: 'recursive' },
  },
  docs: { brief: 'Send a snapshot, a file or standard input' },
});

export const sendCommand: Command<CliContext> = withHelp(command, {
  ...SEND_HELP,
  letters: { recursive: 'R' },
  groups: [
    { title: 'WHAT', flags: WHAT },
    { title: 'WHERE TO, OVER A UDP SOCKET', flags: TO },
    { title: 'WHERE TO, AS RAW FRAMES', flags: { ...RAW_PARAMETERS, ...DESTINATION_PARAMETERS } },
    { title: 'KEYS', flags: SENDER_KEY_PARAMETERS },
    { title: 'HOW', flags: { ...PACE_PARAMETERS, ...SHARED_PARAMETERS, ...FRAME_PARAMETERS } },
    { title: 'WHAT IS SAID', flags: OUTPUT_PARAMETERS },
  ],
});
