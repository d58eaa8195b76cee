// Runs a program and writes what it used, its children included, to a file as JSON:
//   node measure.mjs USAGE.json PROGRAM ARGS...
// CPU comes from getrusage(RUSAGE_CHILDREN) after the program was waited for. Memory is the VmHWM of the program
// and its children, added up, looked at every 40 ms: the kernel's mark never falls, so little is missed.
// (ru_maxrss would show this wrapper's own size for every program smaller than it.)
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import koffi from 'koffi';

const RUSAGE_CHILDREN = -1;
const SAMPLE_MS = 40;
const getrusage = koffi.load('libc.so.6').func('int getrusage(int, _Out_ void *)');

const [usagePath, file, ...args] = process.argv.slice(2);
const now = () => Number(process.hrtime.bigint() / 1000n) / 1000; // CLOCK_MONOTONIC: the same for every process
const startedMs = now();
const child = spawn('setpriv', ['--pdeathsig', 'KILL', file, ...args], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));

const highWater = new Map();
function sample(pid) {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    highWater.set(pid, Math.max(highWater.get(pid) ?? 0, Number(kib ?? 0)));
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    if (children !== '') for (const one of children.split(' ')) sample(Number(one));
  } catch {
    return; // it has just ended
  }
}
const sampler = setInterval(() => sample(child.pid), SAMPLE_MS);

child.on('error', (error) => {
  console.error(`measure: ${error.message}`);
  process.exit(127);
});
child.on('exit', (code, signal) => {
  clearInterval(sampler);
  const endedMs = now();
  const usage = Buffer.alloc(144); // struct rusage: ru_utime, ru_stime (each 8 s, 8 us), then 14 longs
  getrusage(RUSAGE_CHILDREN, usage);
  const time = (at) => Number(usage.readBigInt64LE(at)) + Number(usage.readBigInt64LE(at + 8)) / 1e6;
  let peakRssKib = 0;
  for (const kib of highWater.values()) peakRssKib += kib;
  writeFileSync(
    usagePath,
    JSON.stringify({ startedMs, endedMs, cpuSeconds: time(0) + time(16), peakRssBytes: peakRssKib * 1024 }),
  );
  process.exit(signal ? 128 : (code ?? 1));
});
