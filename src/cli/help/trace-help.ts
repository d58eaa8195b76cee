// `zwire trace --help`.
import type { HelpPage } from '../render/help-page.ts';

export const TRACE_HELP: HelpPage = {
  purpose:
    'Look at traces that zwire send --trace and zwire receive --trace have written. A trace also opens in\n' +
    'https://ui.perfetto.dev, which reads it in the browser and sends it nowhere.',
  usage: ['zwire trace merge FILE FILE -o FILE', 'zwire trace report FILE [--json]'],
  commands: [
    ['merge', 'Lay the traces of both sides onto one clock, with arrows from record to record'],
    ['report', 'Say where the time went, who held the others up, and what to try next'],
  ],
  examples: [
    [
      'Trace both sides of a transfer:',
      'host-b$ zwire receive --file out.img --once --trace recv.json\nhost-a$ zwire send --file x.img --to host-b --trace send.json',
    ],
    [
      'Ask what held it up, and look at both sides together:',
      'zwire trace report send.json\nzwire trace merge send.json recv.json -o both.json',
    ],
  ],
};
