// `zwire receive --help`, all but its flags.
import type { HelpPage } from '../render/help-page.ts';

export const RECEIVE_HELP: HelpPage = {
  purpose:
    'Receive transfers, one after another or several at once, until interrupted; with --once, one.\n\n' +
    'A regular file is written beside its name and renamed when complete; a device, FIFO or /dev/null is\n' +
    'written in place. Datasets arrive unmounted and readonly; nothing that exists is overwritten or\n' +
    'rolled back.\n\n' +
    'With keys (zwire keygen) only senders in ~/.config/zwire/authorized_senders are let in; nobody else gets\n' +
    'an answer. Into a dataset keys are needed, or --insecure on both sides.',
  usage: [
    'zwire receive [--interface IF | --listen IP] --file PATH [--once]',
    'zwire receive [--interface IF | --listen IP] --into DATASET [--authorized-senders FILE] [--once]',
  ],
  examples: [
    ['One file over UDP:', 'zwire receive --file out.img --once'],
    [
      'Whatever comes as raw frames, each time into the same file:',
      'zwire receive --interface eth1 --file out.img',
    ],
    ['A stream:', 'zwire receive --file - | tar x'],
    ['Datasets: tank/data lands in backup/tank/data:', 'zwire receive --interface eth1 --into backup/tank'],
    [
      'With a list of its own, with a shared key, or with none:',
      'zwire receive --into backup/tank --authorized-senders web.keys\n' +
        'zwire receive --into backup/tank --psk-file shared.key\n' +
        'zwire receive --into backup/tank --insecure',
    ],
  ],
};
