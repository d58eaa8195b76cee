// `zwire dissector --help`, all but its flags.
import type { HelpPage } from '../render/help-page.ts';

export const DISSECTOR_HELP: HelpPage = {
  purpose:
    'Print the Wireshark dissector of this version, a Lua file: every field of every message by name,\n' +
    'sealed messages opened, repeats and gaps marked, records put together again. Wireshark and tshark 4.0\n' +
    'or newer. The fields come from the tables that zwire itself is built on.',
  usage: ['zwire dissector [--install | --output FILE] [--json]'],
  examples: [
    ["Into Wireshark's folder for plugins of this user:", 'zwire dissector --install'],
    [
      'For one run of tshark:',
      'zwire dissector --output zwire.lua\ntshark -X lua_script:zwire.lua -r run.pcap -Y zwire',
    ],
    ['What a capture holds, and what went wrong in it:', 'tshark -r run.pcap -q -z expert'],
  ],
};
