#!/usr/bin/env node
// How much a flood of announcements from a third host slows a transfer between two that know each other. See --help.
import { ensurePackages } from '../scripts/packages.mjs';
import { compile } from './compile.mjs';

const HELP = `node bench/flood.mjs [options]

  --size MIB    the file (default 2048)
  --rate N      announcements a second (default 200000)
  --packed N    announcements a frame (default 20, which 9,000 bytes take; 1: the kernels' work is the limit)
  --seconds N   for so long, or until the transfer ends (default 10)
  --rounds N    with and without, in turns (default 3)

Prints both rates and their ratio; the goal is 0.5. Wants four processors: flooder, receiver, sender, and the rest.`;

if (process.argv.includes('--help')) {
  console.log(HELP);
  process.exit(0);
}
const { missing, command } = ensurePackages(['test']);
if (missing.length > 0) {
  console.error(`flood: ${missing.join(' ')} missing, install with:\n  ${command}`);
  process.exit(1);
}
const { flood } = await compile('flood');
process.exitCode = await flood(process.argv.slice(2));
