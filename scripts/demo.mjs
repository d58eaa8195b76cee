#!/usr/bin/env node
// npm run demo: sends a file as raw Ethernet frames between two network namespaces of its own, compares it byte
// for byte and says how it went. Needs no root and no ZFS; touches no interface of the machine.
//
//   npm run demo -- [--size 1G] [--mtu 9000] [--trace DIR]
//
// The script runs itself again inside new namespaces (unshare), so that the kernel cleans up whatever happens:
// the interfaces and the memory file system with the payload go with the last process.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { statfsSync, statSync, writeSync, readFileSync } from 'node:fs';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findProgram } from './packages.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ZWIRE = join(ROOT, 'bin', 'zwire.mjs');
const SIDE_A = { interface: 'vza', mac: '46:dc:e7:58:d0:a2', address: '198.18.0.1' };
const SIDE_B = { interface: 'vzb', mac: 'e2:ff:48:6e:a9:fe', address: '198.18.0.2' };
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const BLOCK_BYTES = 16 * MIB;
/** Memory left to the machine when payload and copy are held in memory. */
const MEMORY_RESERVE_BYTES = 512 * MIB;

const HELP = `npm run demo -- [--size 1G] [--mtu 9000] [--trace DIR]

Sends a random file as raw Ethernet frames between two network namespaces, compares it byte for byte and
prints the rate, the frames and the repeats. No root, no ZFS, nothing installed, nothing left behind.

  --size SIZE   how much: 64M, 1G, 4G (1G)
  --mtu BYTES   the MTU of the virtual cable: 1280 to 65000 (9000)
  --trace DIR   trace both sides into DIR, which exists, and say where the time went
`;

/** A failure that is told to people as it is, without a stack. */
class DemoError extends Error {
  /** @param {string} message @param {number} exitCode as in zwire: 2 usage, 5 environment */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        size: { type: 'string', default: '1G' },
        mtu: { type: 'string', default: '9000' },
        trace: { type: 'string' },
        inside: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    throw new DemoError(`${error.message}\n\n${HELP}`, 2);
  }
  const size = /^(\d{1,6})([KMG])$/i.exec(values.size);
  const scale = { K: 1024, M: MIB, G: GIB };
  const bytes = size === null ? Number.NaN : Number(size[1]) * scale[size[2].toUpperCase()];
  if (!(bytes > 0)) throw new DemoError(`--size: "${values.size}" is not a size, such as 64M or 1G`, 2);
  const mtuBytes = /^\d{3,5}$/.test(values.mtu) ? Number(values.mtu) : Number.NaN;
  if (!(mtuBytes >= 1280 && mtuBytes <= 65_000)) {
    throw new DemoError(`--mtu: "${values.mtu}" is not an MTU from 1280 to 65000, such as 9000`, 2);
  }
  const { inside, help, size: sizeText, trace } = values;
  if (trace !== undefined && !existsSync(trace)) throw new DemoError(`--trace: there is no ${trace}`, 2);
  return { bytes, mtuBytes, inside, help, sizeText, trace: trace && resolve(trace) };
}

// ---- outside: check, build, enter the namespaces -----------------------------------------------------------

/** Rebuilds when dist/ is missing or older than any source. */
function buildIfNeeded() {
  const main = join(ROOT, 'dist', 'cli', 'main.js');
  const built = existsSync(main) ? statSync(main).mtimeMs : 0;
  const sources = existsSync(join(ROOT, 'src'))
    ? readdirSync(join(ROOT, 'src'), { recursive: true }).filter((name) => /(?<!\.test)\.ts$/.test(name))
    : [];
  if (built > 0 && sources.every((name) => statSync(join(ROOT, 'src', name)).mtimeMs < built)) return;
  console.log('building dist/ ...');
  const build = spawnSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  if (build.status !== 0) throw new DemoError('the build failed (see above)');
}

function checkPrograms() {
  if (process.platform !== 'linux')
    throw new DemoError('this demo needs Linux: raw frames, network namespaces', 5);
  const needed = { ip: 'iproute2', unshare: 'util-linux', nsenter: 'util-linux' };
  const missing = Object.keys(needed).filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => needed[program]))].join(' ');
  throw new DemoError(`missing: ${missing.join(', ')}. On Debian: sudo apt-get install ${packages}`, 5);
}

function namespaceFlags() {
  const user = process.getuid() === 0 ? [] : ['--user', '--map-root-user'];
  const flags = [...user, '--net', '--mount'];
  const trial = spawnSync(findProgram('unshare'), [...flags, '--', 'true'], { encoding: 'utf8' });
  if (trial.status === 0) return flags;
  const why = trial.stderr.trim();
  if (user.length === 0) throw new DemoError(`cannot make a network namespace as root: ${why}`, 5);
  throw new DemoError(
    `cannot make a user namespace: ${why}\n` +
      'This system keeps them from ordinary users. Either run the demo as root (sudo npm run demo), or allow them:\n' +
      '  sudo sysctl kernel.unprivileged_userns_clone=1               (Debian before 11)\n' +
      '  sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0   (Ubuntu 24.04 and later)\n' +
      '  sudo sysctl user.max_user_namespaces=10000                   (when that is 0)\n' +
      'In a container, its runtime must allow unshare (seccomp).',
    5,
  );
}

/** Runs this script again inside, and ends as it does. Ctrl-C reaches both; the inner one cleans up. */
async function enterNamespaces(options) {
  const args = [...namespaceFlags(), '--', process.execPath, fileURLToPath(import.meta.url), '--inside'];
  args.push('--size', options.sizeText, '--mtu', String(options.mtuBytes));
  if (options.trace !== undefined) args.push('--trace', options.trace);
  const child = spawn(findProgram('unshare'), args, { stdio: 'inherit' });
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [exitCode, signal] = await once(child, 'exit');
  return exitCode ?? 128 + constants.signals[signal];
}

// ---- inside ------------------------------------------------------------------------------------------------

/** What must be undone, in reverse order. */
const cleanups = [];
let interrupted = 0;

function interruptible() {
  const numbers = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  return new Promise((_resolve, reject) => {
    for (const [signal, exitCode] of Object.entries(numbers)) {
      process.on(signal, () => {
        interrupted = exitCode;
        reject(new DemoError('interrupted', exitCode));
      });
    }
  });
}

async function cleanUp() {
  while (cleanups.length > 0) {
    try {
      await cleanups.pop()();
    } catch (error) {
      console.error(`demo: cleaning up: ${error.message}`);
    }
  }
}

/** Between two pieces of work: takes signals, and stops when one came. */
async function letSignalsIn() {
  await new Promise(setImmediate);
  if (interrupted !== 0) throw new DemoError('interrupted', interrupted);
}

/** Runs a command to its end. */
function run(program, args) {
  const result = spawnSync(findProgram(program) ?? program, args, { encoding: 'utf8' });
  if (result.signal === 'SIGINT') throw new DemoError('interrupted', 130); // Ctrl-C reaches it as well
  if (result.status !== 0) {
    throw new DemoError(`${program} ${args.join(' ')} failed: ${(result.stderr ?? '').trim()}`, 5);
  }
}

/** Starts a process that is ended at the latest when we end, in a session of its own: Ctrl-C is for us alone. */
function start(program, args, stdio) {
  const child = spawn(program, args, { stdio, detached: true });
  const ended = once(child, 'exit').then(([exitCode, signal]) => exitCode ?? signal);
  ended.catch(() => undefined);
  cleanups.push(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
    await ended.catch(() => undefined);
    clearTimeout(timer);
  });
  return { child, ended };
}

/** The second namespace lives as long as this `cat`, and that as long as we keep its standard input open. */
async function makeCable(mtuBytes) {
  const { child } = start(findProgram('unshare'), ['--net', '--', 'cat'], ['pipe', 'pipe', 'inherit']);
  child.stdin.on('error', () => undefined);
  child.stdin.write('ready\n');
  await once(child.stdout, 'data');
  const sideB = ['--target', String(child.pid), '--net', '--'];
  run('ip', [
    'link',
    'add',
    SIDE_A.interface,
    'type',
    'veth',
    'peer',
    'name',
    SIDE_B.interface,
    'netns',
    String(child.pid),
  ]);
  for (const [side, enter] of [
    [SIDE_A, []],
    [SIDE_B, sideB],
  ]) {
    const ip = (...args) =>
      enter.length === 0 ? run('ip', args) : run('nsenter', [...enter, findProgram('ip'), ...args]);
    ip('link', 'set', 'dev', 'lo', 'up');
    ip('link', 'set', 'dev', side.interface, 'address', side.mac);
    ip('addr', 'add', `${side.address}/30`, 'dev', side.interface);
    ip('link', 'set', 'dev', side.interface, 'mtu', String(mtuBytes), 'up');
  }
  return sideB;
}

function availableMemoryBytes() {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'));
  return match === null ? 0 : Number(match[1]) * 1024;
}

/** A directory for payload and copy: in memory, in a mount of our own, when there is enough; else on disk. */
function makeDirectory(bytes) {
  const needed = 2 * bytes + 16 * MIB;
  const directory = mkdtempSync(join(tmpdir(), 'zwire-demo-'));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  if (availableMemoryBytes() >= needed + MEMORY_RESERVE_BYTES) {
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${needed},mode=0700`, 'tmpfs', directory]);
    if (mount.status === 0) {
      // Lazily: a process that is being ended may still hold a file open.
      cleanups.push(() => void spawnSync('umount', ['--lazy', directory]));
      return { directory, where: 'in memory' };
    }
  }
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < needed) {
    throw new DemoError(
      `not enough room: ${size(needed)} are needed, in memory or in ${tmpdir()}. Try npm run demo -- --size 64M`,
      5,
    );
  }
  return { directory, where: `on disk (${tmpdir()})` };
}

/** Random bytes, different in every 4 KiB: a block that was lost, doubled or exchanged shows. */
async function writePayload(path, bytes) {
  const block = randomFillSync(Buffer.alloc(Math.min(BLOCK_BYTES, bytes + 8)));
  const fd = openSync(path, 'w');
  try {
    for (let done = 0; done < bytes; ) {
      for (let at = 0; at + 8 <= block.length; at += 4096) block.writeBigUInt64BE(BigInt(done + at), at);
      done += writeSync(fd, block, 0, Math.min(block.length, bytes - done));
      await letSignalsIn();
    }
  } finally {
    closeSync(fd);
  }
}

/** The offset of the first difference, or -1. */
async function firstDifference(pathA, pathB) {
  const [a, b] = [Buffer.alloc(4 * MIB), Buffer.alloc(4 * MIB)];
  const [fdA, fdB] = [openSync(pathA, 'r'), openSync(pathB, 'r')];
  try {
    for (let offset = 0; ; ) {
      const bytesA = readWhole(fdA, a);
      const bytesB = readWhole(fdB, b);
      if (!a.subarray(0, bytesA).equals(b.subarray(0, bytesB))) {
        let at = 0;
        while (at < Math.min(bytesA, bytesB) && a[at] === b[at]) at += 1;
        return offset + at;
      }
      if (bytesA === 0) return -1;
      offset += bytesA;
      await letSignalsIn();
    }
  } finally {
    closeSync(fdA);
    closeSync(fdB);
  }
}

/** Fills the buffer as far as the file goes. */
function readWhole(fd, buffer) {
  let filled = 0;
  while (filled < buffer.length) {
    const bytes = readSync(fd, buffer, filled, buffer.length - filled, null);
    if (bytes === 0) break;
    filled += bytes;
  }
  return filled;
}

/** Starts zwire with --json, collects its events, and offers the first of a name. */
function startZwire(enter, args, onEvent = () => undefined) {
  const command = [...enter, process.execPath, ZWIRE, ...args, '--json'];
  const [program, ...rest] = enter.length === 0 ? command : [findProgram('nsenter'), ...command];
  const { child, ended } = start(program, rest, ['ignore', 'pipe', 'inherit']);
  const events = [];
  const waiting = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const event = JSON.parse(line);
    events.push(event);
    onEvent(event);
    for (const wait of waiting) if (wait.name === event.event) wait.resolve(event);
  });
  const read = once(lines, 'close');
  const finished = ended.then(async (exitCode) => {
    await read;
    const error = events.find((event) => event.event === 'error');
    if (exitCode === 0) return events;
    const hint = error?.hint === undefined ? '' : `\n  ${error.hint.replaceAll('\n', '\n  ')}`;
    throw new DemoError(`zwire ${args[0]}: ${error?.message ?? `ended with ${exitCode}`}${hint}`);
  });
  finished.catch(() => undefined);
  const first = (name) =>
    Promise.race([
      new Promise((resolve) => waiting.push({ name, resolve })),
      finished.then(() => {
        throw new DemoError(`zwire ${args[0]} ended without the event "${name}"`);
      }),
    ]);
  return { finished, first };
}

function threeDigits(value) {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

function size(bytes) {
  return bytes >= GIB ? `${threeDigits(bytes / GIB)} GiB` : `${threeDigits(bytes / MIB)} MiB`;
}

function grouped(count) {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ' ');
}

function row(name, text) {
  console.log(`  ${name.padEnd(10)}${text}`);
}

function showProgress(event) {
  if (event.event !== 'progress' || process.stderr.isTTY !== true) return;
  const percent = event.totalBytes === undefined ? '' : ` of ${size(event.totalBytes)}`;
  process.stderr.write(
    `\r\x1b[K  ${size(event.bytes)}${percent}, ${threeDigits(event.bitsPerSecond / 1e9)} Gbit/s`,
  );
}

function clearProgress() {
  if (process.stderr.isTTY === true) process.stderr.write('\r\x1b[K');
}

async function demonstrate({ bytes, mtuBytes, trace }) {
  console.log(`zwire: ${size(bytes)} as raw Ethernet frames between two network namespaces\n`);
  const sideB = await makeCable(mtuBytes);
  for (const [name, side] of [
    ['side a', SIDE_A],
    ['side b', SIDE_B],
  ]) {
    row(name, `${side.interface}  ${side.mac}  ${side.address}  MTU ${mtuBytes}`);
  }
  const { directory, where } = makeDirectory(bytes);
  const [payload, copy] = [join(directory, 'payload.img'), join(directory, 'received.img')];
  await writePayload(payload, bytes);
  row('payload', `${size(bytes)} of random bytes, ${where}`);
  console.log(`\n  b$ zwire receive --interface ${SIDE_B.interface} --file received.img --once`);
  console.log(
    `  a$ zwire send --file payload.img --interface ${SIDE_A.interface} --destination-ip ${SIDE_B.address}\n`,
  );
  const traceTo = (name) => (trace === undefined ? [] : ['--trace', join(trace, name)]);
  const landing = ['--interface', SIDE_B.interface, '--file', copy, '--once', ...traceTo('recv.json')];
  const receiver = startZwire(sideB, ['receive', ...landing]);
  await receiver.first('listening');
  const target = ['--interface', SIDE_A.interface, '--destination-ip', SIDE_B.address];
  const sending = ['--file', payload, ...target, ...traceTo('send.json')];
  const sender = startZwire([], ['send', ...sending], showProgress);
  const [sent] = await Promise.all([sender.finished, receiver.finished]);
  clearProgress();
  report(sent);
  const difference = await firstDifference(payload, copy);
  if (difference >= 0) throw new DemoError(`the copy differs from the payload at byte ${difference}`);
  row('compared', 'byte for byte: identical');
  if (trace !== undefined) reportTrace(trace);
}

/** Both sides on one clock, and where the time went. */
function reportTrace(directory) {
  const [send, recv, both] = ['send.json', 'recv.json', 'both.json'].map((name) => join(directory, name));
  for (const args of [
    ['merge', send, recv, '-o', both],
    ['report', both],
  ]) {
    console.log(`\n   $ zwire trace ${args.map((word) => word.replace(`${directory}/`, '')).join(' ')}\n`);
    const ended = spawnSync(process.execPath, [ZWIRE, 'trace', ...args], { encoding: 'utf8' });
    if (ended.status !== 0) throw new DemoError(`zwire trace ${args[0]}: ${ended.stderr}`);
    console.log(ended.stdout.replaceAll(`${directory}/`, '').trimEnd().replace(/^/gm, '  '));
  }
}

function report(events) {
  const finished = events.find((event) => event.event === 'finished');
  const announced = events.find((event) => event.event === 'announced');
  if (finished === undefined || announced === undefined) throw new DemoError('zwire send told no result');
  const { bytes, seconds, bitsPerSecond, frames, records, repeats } = finished;
  row('sent', `${size(bytes)} in ${threeDigits(seconds)} s: ${threeDigits(bitsPerSecond / 1e9)} Gbit/s`);
  const offload = announced.gso
    ? 'super-frames of up to 64 KiB (GSO)'
    : 'single frames (no GSO here: the kernel is older than 6.2, or the device refuses)';
  row('frames', `${grouped(frames)} for ${grouped(records)} records, as ${offload}`);
  row('repeats', `${grouped(repeats)} segments`);
}

async function main() {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  checkPrograms();
  if (!options.inside) {
    buildIfNeeded();
    return enterNamespaces(options);
  }
  const interruption = interruptible();
  try {
    const demonstration = demonstrate(options);
    demonstration.catch(() => undefined); // when the interruption wins the race
    await Promise.race([demonstration, interruption]);
    return 0;
  } finally {
    clearProgress();
    await cleanUp();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof DemoError)) throw error;
  console.error(`demo: ${error.message}`);
  process.exitCode = interrupted === 0 ? error.exitCode : interrupted;
}
// Files that a slow disk still writes, or a stream that stays open, do not keep anyone waiting.
setTimeout(() => process.exit(), 1000).unref();
