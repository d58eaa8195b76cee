#!/usr/bin/env node
// npm run fuzz: see fuzz/main.ts. The fuzzer is TypeScript like the rest, compiled into build/fuzz for Node 20.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = `${root}/node_modules/typescript/bin/tsc`;
execFileSync(process.execPath, [tsc, '-p', `${root}/fuzz/tsconfig.json`, '--noEmit', 'false'], {
  stdio: 'inherit',
});
const { main } = await import(`${root}/build/fuzz/fuzz/main.js`);
process.exitCode = await main(process.argv.slice(2), `${root}/fuzz`);
