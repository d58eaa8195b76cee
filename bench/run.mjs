#!/usr/bin/env node
// npm run bench: zwire against TCP tools, in network namespaces on this machine. See `--help`.
import { ensurePackages } from '../scripts/packages.mjs';
import { ensureNode } from '../scripts/node-versions.mjs';
import { compile } from './compile.mjs';

const HELP = `npm run bench -- [options]

  --rounds N        rounds, each with every contender once (default 5)
  --quick           2 rounds of 256 MiB
  --size MIB        size of the file (default 4096)
  --only TEXT       only contenders whose id contains TEXT (comma separated; iperf3 always runs)
  --one-way-rate R  rate of the one-way runs (default 2Gbit)
  --write           write docs/benchmarks.md even after a --quick or --only run
  --list            show the contenders and their commands, run nothing

A full run writes docs/benchmarks.md.`;

if (process.argv.includes('--help')) {
  console.log(HELP);
  process.exit(0);
}

const { missing, command } = ensurePackages(['test', 'bench']);
if (missing.length > 0)
  console.error(`bench: contenders missing (${missing.join(' ')}), install them with:\n  ${command}`);

const nodes = [{ path: process.execPath, version: process.version }];
if (!process.version.startsWith('v24.')) {
  try {
    nodes.push(ensureNode(24));
  } catch (error) {
    console.error(`bench: Node 24 is not to be had, its rows are left out: ${error.message}`);
  }
}

const { main } = await compile('main');
process.exitCode = await main(process.argv.slice(2), nodes);
