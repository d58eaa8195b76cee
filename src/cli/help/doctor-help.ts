// `zwire doctor --help`, all but its flags.
import type { HelpPage } from '../render/help-page.ts';

export const DOCTOR_HELP: HelpPage = {
  purpose:
    'Say what this host lacks for sending or receiving, and what it has too much of: Node.js, kernel,\n' +
    'capabilities, interface, port, OpenZFS, delegated permissions (with the lines to paste), files with keys,\n' +
    'memory. Changes nothing. Ends with 0 when nothing is missing, with 5 when something is.',
  usage: [
    'zwire doctor [--role send|receive] [--interface IF] [--into DATASET] [--dataset DATASET] [--user NAME]',
  ],
  examples: [
    ['What would keep anything from working here:', 'zwire doctor'],
    [
      'A receiver of raw frames that runs as the user zwire, into backup/tank:',
      'zwire doctor --role receive --interface eth1 --into backup/tank --user zwire',
    ],
    ['For scripts:', 'zwire doctor --json'],
  ],
};
