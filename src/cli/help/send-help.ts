// `zwire send --help`, all but its flags.
import type { HelpPage } from '../render/help-page.ts';

export const SEND_HELP: HelpPage = {
  purpose:
    'Send a ZFS snapshot, a file or standard input to one receiver.\n\n' +
    'Exit code 0 means that the receiver has verified and written everything; for a snapshot, that its\n' +
    "zfs receive succeeded and the snapshot's guid was read back. With --one-way nobody can say so: 0\n" +
    'then means sent.\n\n' +
    "A dataset needs keys on both sides (zwire keygen); the receiver's is found by its host in\n" +
    '~/.config/zwire/known_receivers. Without keys: --insecure, on both sides.',
  usage: [
    'zwire send DATASET@SNAPSHOT [--from @SNAPSHOT] [-R] DESTINATION [--receiver-key KEY|FILE]',
    'zwire send --file PATH DESTINATION',
    'DESTINATION is --to HOST[:PORT], or --interface IF --destination-ip IP',
  ],
  examples: [
    [
      'A file, and a stream:',
      'zwire send --file x.img --to 198.18.0.2\ntar c /srv | zwire send --file - --to backup.example',
    ],
    [
      'A dataset, then what has changed:',
      'zwire send tank/data@monday --to 198.18.0.2\nzwire send tank/data@tuesday --from @monday --to 198.18.0.2',
    ],
    [
      'What has changed since a bookmark, whose snapshot may be gone here:',
      "zwire send tank/data@friday --from '#tuesday' --to 198.18.0.2",
    ],
    [
      'A whole pool as raw frames:',
      'zwire send tank@nightly -R --interface eth1 --destination-ip 198.18.0.2',
    ],
    [
      'An encrypted dataset, which the receiver cannot read:',
      'zwire send tank/vault@monday --raw --to 198.18.0.2',
    ],
    [
      'With a key that both sides share, or with none:',
      'zwire send tank/data@monday --to 198.18.0.2 --psk-file shared.key\n' +
        'zwire send tank/data@monday --to 198.18.0.2 --insecure',
    ],
    [
      'One way, to an address that only exists on the wire:',
      'zwire send --file x.img --interface eth1 --destination-ip 198.18.0.2 \\\n' +
        '  --destination-mac e2:ff:48:6e:a9:fe --one-way --rate 1Gbit',
    ],
  ],
};
