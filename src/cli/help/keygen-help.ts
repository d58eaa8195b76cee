// `zwire keygen --help`, all but its flags.
import type { HelpPage } from '../render/help-page.ts';

export const KEYGEN_HELP: HelpPage = {
  purpose:
    'Make the key of this host (X25519) in a file that only its owner can read, and print the public line on\n' +
    'standard output: a sender adds the line of its receiver to known_receivers, after the name of the host; a\n' +
    'receiver adds the lines of its senders to authorized_senders. An existing key is never replaced.',
  usage: [
    'zwire keygen [--output FILE] [--comment TEXT]',
    'zwire keygen --public',
    'zwire keygen --shared --output FILE',
  ],
  examples: [
    ['On each host, once:', 'zwire keygen'],
    [
      'On the receiver, for each sender; then on the sender, for each receiver:',
      "echo 'zwire1 ... root@web1' >> ~/.config/zwire/authorized_senders\n" +
        "echo 'backup.example zwire1 ... root@backup' >> ~/.config/zwire/known_receivers",
    ],
    ['A key that both sides share, in place of all that:', 'zwire keygen --shared --output shared.key'],
  ],
};
