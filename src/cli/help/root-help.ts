// `zwire --help`.
import type { HelpPage } from '../render/help-page.ts';

export const ROOT_HELP: HelpPage = {
  purpose:
    'Replicate ZFS over the wire: datasets, pools, deltas and files, as raw Ethernet frames or plain UDP,\n' +
    'at the speed of the link, losing nothing.',
  usage: ['zwire COMMAND [FLAGS]', 'zwire COMMAND --help', 'zwire --version'],
  commands: [
    ['send', 'Send a snapshot, a file or standard input'],
    ['receive', 'Receive into a file, standard output or a dataset'],
    ['inspect', 'Say what a ZFS send stream or a resume token holds, and verify it'],
    ['list', 'List datasets, snapshots and bookmarks'],
    ['snapshot', 'Take snapshots'],
    ['destroy', 'Destroy snapshots, bookmarks or a dataset, with consent'],
    ['rollback', 'Roll a dataset back to a snapshot, with consent'],
    ['hold', 'Keep snapshots from being destroyed; release takes that back'],
    ['release', 'Take holds away again'],
    ['bookmark', 'Remember where an increment can start, without its snapshot'],
    ['keygen', 'Make the key of this host, and print its public line'],
    ['doctor', 'Say what this host lacks, or has too much of'],
    ['capture', 'Record the frames of a transfer for Wireshark'],
    ['dissector', 'The Wireshark dissector of this version'],
    ['trace', 'Where the time went: merge and report what --trace has written'],
    ['testbed', 'Two network namespaces and a cable, for playing'],
    ['seed', "Help on the seed's form: zwire --reciever ..., zwire --full-sync ..., zwire --send-delta ..."],
  ],
  examples: [
    [
      'A file over plain UDP, without privilege:',
      'host-b$ zwire receive --file out.img --once\nhost-a$ zwire send --file x.img --to host-b',
    ],
    [
      'A dataset as raw frames (both sides need CAP_NET_RAW and, once, keys: zwire keygen --help):',
      'host-b# zwire receive --interface eth1 --into backup/tank\n' +
        'host-a# zwire send tank/data@monday --interface eth1 --destination-ip 198.18.0.2',
    ],
    [
      'What has changed since, to the same receiver:',
      'host-a# zwire send tank/data@tuesday --from @monday \\\n' +
        '          --interface eth1 --destination-ip 198.18.0.2',
    ],
    ['Try it on this machine alone:', '$ zwire testbed shell'],
  ],
};
