#!/usr/bin/env node
// Runs zwire over and over, compares every byte, then watches its memory over a long run. See --help.
import { ensurePackages } from '../scripts/packages.mjs';
import { compile } from './compile.mjs';

const HELP = `node bench/soak.mjs [options]

  --runs N      two-way raw transfers, each compared byte for byte (default 100)
  --size MIB    size of each (default 1024)
  --long GIB    then one transfer of this size, for its memory; 0 for none (default 20)
  --mtu BYTES   MTU of the wire (default 9000)
  --loss PCT    drop this share of the datagrams on the way (default 0)
  --udp         over UDP sockets instead of raw frames

Ends with 1 when a run failed, a byte differed, or memory passed its bound.`;

if (process.argv.includes('--help')) {
  console.log(HELP);
  process.exit(0);
}
const { missing, command } = ensurePackages(['test']);
if (missing.length > 0) {
  console.error(`soak: ${missing.join(' ')} missing, install with:\n  ${command}`);
  process.exit(1);
}
const { soak } = await compile('soak');
process.exitCode = await soak(process.argv.slice(2));
