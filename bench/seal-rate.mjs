// How fast this Node seals on this machine: the part of every zwire figure that no TCP tool beside it pays. Prints
// {"gbit": the best of five readings over records of MTU 9000, "by": what seals}. Needs dist/.
import { sealingLibrary } from '../dist/seal/implementation.js';
import { createSealer } from '../dist/seal/record-seal.js';
import { openSuiteKeys } from '../dist/seal/session-keys.js';
import { Memory } from '../dist/sys/memory.js';
import { geometryForMtu } from '../dist/wire/geometry.js';

const READINGS = 5;
const RECORDS = 2000;
const { plaintextBytes } = geometryForMtu(9000);
const plain = Memory.allocate(65_536);
const sealed = Memory.allocate(65_536);
const sealer = createSealer(openSuiteKeys(new Uint8Array(32)).data, 1, 2);

let best = 0;
let record = 0;
for (let reading = 0; reading < READINGS; reading++) {
  const startMs = performance.now();
  for (let count = 0; count < RECORDS; count++)
    sealer.seal(record++, false, plain, 0, plaintextBytes, sealed, 0);
  best = Math.max(best, (RECORDS * plaintextBytes * 8) / (performance.now() - startMs) / 1e6);
}
const by = sealingLibrary() ?? `OpenSSL ${process.versions.openssl}`;
console.log(JSON.stringify({ gbit: Number(best.toFixed(1)), by }));
