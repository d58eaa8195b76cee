// `zwire testbed --help`.
import type { HelpPage } from '../render/help-page.ts';

export const TESTBED_HELP: HelpPage = {
  purpose:
    'Two network namespaces joined by a virtual cable: 198.18.0.1 on vza, 198.18.0.2 on vzb, MTU 9000\n' +
    '(--mtu BYTES for another). Nothing that is sent there leaves the machine.',
  usage: ['zwire testbed up|down|shell [--mtu BYTES]'],
  commands: [
    ['up', 'Make the lasting namespaces zwire-a and zwire-b (root)'],
    ['down', 'Remove zwire-a and zwire-b (root)'],
    ['shell', 'Open a shell in a pair of its own, gone when the shell ends (root or not)'],
  ],
  examples: [
    ['Without privilege:', 'zwire testbed shell'],
    ['As root:', 'sudo zwire testbed up\nsudo zwire testbed down'],
  ],
};
