// A program that takes raw frames on the interface of its argument, and tries again when that fails; prints the codes.
import { fileSinkPolicy, receive } from '../../dist/index.js';

const codes = [];
for (let attempt = 0; attempt < 2; attempt++) {
  await receive({
    link: { kind: 'raw', interface: process.argv[2], port: 1337 },
    wire: 'v1',
    sink: fileSinkPolicy('/dev/null'),
    once: true,
    timeoutMs: 1000,
    maxTransfers: 1,
    poolBytes: 1 << 20,
    signal: new AbortController().signal,
    onEvent: () => undefined,
  }).catch((error) => codes.push(error.code));
}
process.stdout.write(`${codes.join(' ')}\n`);
