// `zwire capture --help`, all but its flags.
import type { HelpPage } from '../render/help-page.ts';

export const CAPTURE_HELP: HelpPage = {
  purpose:
    'Record what a transfer puts on the wire, both directions, into a capture file that Wireshark, tshark and\n' +
    'tcpdump open: the frames of one UDP port, with nanoseconds. Needs CAP_NET_RAW. Ends with Ctrl-C, which is\n' +
    'a good end (exit code 0), or as --count and --seconds say.',
  usage: ['zwire capture --interface IF -w FILE [--port PORT] [--count N] [--seconds S] [--snaplen BYTES]'],
  examples: [
    ['Into a file:', 'zwire capture --interface eth1 -w run.pcap'],
    [
      'Headers only, of the first thousand frames:',
      'zwire capture --interface eth1 -w run.pcap --count 1000 --snaplen 128',
    ],
    ['Live (zwire dissector --install first):', 'zwire capture --interface eth1 -w - | wireshark -k -i -'],
  ],
  letters: { write: 'w' },
};
