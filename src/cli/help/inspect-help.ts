// `zwire inspect --help`, all but its flags.
import type { HelpPage } from '../render/help-page.ts';

export const INSPECT_HELP: HelpPage = {
  purpose:
    'Say what a ZFS send stream holds (kind, names, guids, features, records, compression) and verify every\n' +
    'checksum in it. Needs no ZFS and no privilege, and little memory however long the stream is.\n\n' +
    'A damaged stream ends with exit code 1 and the record, the byte and what is wrong with it.',
  usage: ['zwire inspect FILE|- [--records] [--partial] [--json]', 'zwire inspect --token TOKEN [--json]'],
  examples: [
    ['A stream in a file:', 'zwire inspect monday.zfs'],
    ['A stream as it is made:', 'zfs send tank/data@monday | zwire inspect -'],
    ['A compressed file:', 'zstdcat monday.zfs.zst | zwire inspect -'],
    ['The first WRITE of each object:', 'zwire inspect monday.zfs --records | grep "WRITE .* offset=0 "'],
    [
      'Where an interrupted receive wants to go on:',
      'zwire inspect --token $(zfs get -H -o value receive_resume_token backup/data)',
    ],
  ],
};
