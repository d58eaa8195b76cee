// `zwire seed --help`: the form that is typed without a command.
import type { HelpPage } from '../render/help-page.ts';

export const SEED_HELP: HelpPage = {
  purpose:
    'The form of the program that zwire grew from: no command, flags only. All its flags work here, and so\n' +
    "do zwire's own.\n\n" +
    '--full-sync takes a snapshot and sends it, or sends the one that --snapshot names; with --pool, all\n' +
    'below the pool goes with it. A receiver without --dummy-data, --pool or --dataset takes the name that\n' +
    'the sender announces, only under --insecure, and never overwrites.',
  usage: [
    'zwire --reciever --interface IF [--dummy-data PATH | --pool POOL | --dataset DATASET]',
    'zwire --full-sync --interface IF --destination-ip IP (--pool POOL | --dataset DATASET) [--dummy-data PATH]',
    'zwire --send-delta --interface IF --destination-ip IP --delta-start A@0 --delta-end A@1',
    'zwire --snapshot (--pool POOL | --dataset DATASET)',
  ],
  examples: [
    ['Receive into a file:', 'zwire --reciever --interface testif-out --dummy-data ./testdata_recv.bin'],
    [
      'Send a file that stands for a pool:',
      'zwire --interface testif-in --full-sync --dummy-data ~/testdata.bin --pool testing \\\n' +
        '  --destination-ip 192.168.1.2 --destination-mac e2:ff:48:6e:a9:fe \\\n' +
        '  --source-ip 192.168.1.1 --source-mac 46:dc:e7:58:d0:a2',
    ],
    [
      'Send what has changed between two snapshots:',
      'zwire --interface testif-in --send-delta --delta-start pool/testsync@0 \\\n' +
        '  --delta-end pool/testsync@1 --pool testing --destination-ip 192.168.1.2 --insecure',
    ],
  ],
};
