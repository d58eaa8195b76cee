/**
 * Boots one virtual machine and listens to it. Two serial ports: the first is the kernel's console, kept for
 * the case that something goes wrong; the second carries the results, one JSON object a line, so that a
 * kernel message never cuts a result in two.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { findProgram } from './program.mjs';

/** Console text kept, characters: a kernel oops with its call trace is some 8,000. */
const CONSOLE_KEPT = 60_000;

/** Longest result line believed, characters. */
const LINE_MAX = 1_000_000;

/** Guest memory: two pools of a gigabyte on tmpfs are sparse; the largest case fills 700 MB of them. */
const MEMORY_MIB = 2560;

/**
 * Without cx16: QEMU 7.2 corrupts the flags in Linux 6.12's cmpxchg16b, and the guest oopses. Without erms and
 * fsrm, and with clearcpuid=112 (rep_good) below, the guest moves memory by plain loops: emulated string
 * instructions go byte by byte. The features in the second line cost time at every switch of threads, page walk or copy
 * from a program, and buy nothing there. One processor: emulating two costs more than half of the second, and the other
 * version runs beside this one anyway.
 */
const EMULATED_PROCESSOR = [
  '-accel tcg,thread=single -smp 1 -cpu max,-cx16,-erms,-fsrm',
  '-avx,-avx2,-pku,-mpx,-la57,-smap,-smep,-umip',
].join();

/**
 * What the kernel does for safety and can leave out here: zeroed memory, mitigations, auditing; and its check of the
 * timer interrupt, which an emulator on a busy host fails now and then with a panic at boot. norandmaps: QEMU 7.2 keeps
 * what it has translated by its virtual address, and translates a program anew whenever it lies elsewhere; at the same
 * addresses Node starts in half the time, and a transfer takes two thirds. Huge pages are left out because it forgets
 * every address as soon as a page among them goes.
 */
const KERNEL_ARGUMENTS = [
  'console=ttyS0 root=/dev/vda rw init=/init.sh quiet',
  'panic=-1 oops=panic',
  'no_timer_check mitigations=off init_on_alloc=0 audit=0 apparmor=0 clearcpuid=112 norandmaps',
  'transparent_hugepage=never',
].join(' ');

/**
 * @typedef {object} Boot
 * @property {import('./root-image.mjs').RootImage} root
 * @property {string} share image of the second disk
 * @property {string} directory for the socket; removed by the caller
 * @property {number} timeoutMs from power-on to power-off
 * @property {AbortSignal} signal kills the machine
 * @property {(message: unknown) => void} onMessage one parsed result line
 *
 * @typedef {object} Shutdown
 * @property {'powered-off' | 'timeout' | 'aborted' | 'crashed'} outcome 'crashed': QEMU itself failed
 * @property {string} consoleTail
 */

/**
 * @param {Boot} boot
 * @returns {Promise<Shutdown>}
 */
export async function bootMachine(boot) {
  const socket = join(boot.directory, 'results.sock');
  const server = createServer((connection) => readLines(connection, boot.onMessage));
  await /** @type {Promise<void>} */ (new Promise((resolve) => server.listen(socket, resolve)));
  const child = spawn(
    findProgram('qemu-system-x86_64') ?? 'qemu-system-x86_64',
    qemuArguments(boot, socket),
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let consoleText = '';
  const keep = (/** @type {Buffer} */ chunk) => {
    consoleText = (consoleText + chunk.toString('latin1')).slice(-CONSOLE_KEPT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  /** @type {Shutdown['outcome'] | undefined} */
  let ended;
  const end = (/** @type {Shutdown['outcome']} */ why) => {
    ended ??= why;
    child.kill('SIGKILL');
  };
  const timer = setTimeout(() => end('timeout'), boot.timeoutMs);
  const abort = () => end('aborted');
  boot.signal.addEventListener('abort', abort, { once: true });
  if (boot.signal.aborted) abort();
  const exitCode = await new Promise((resolve) => {
    child.on('error', (error) => {
      consoleText += `\n${error.message}\n`;
      resolve(-1);
    });
    child.on('close', resolve);
  });
  clearTimeout(timer);
  boot.signal.removeEventListener('abort', abort);
  await new Promise((resolve) => server.close(resolve));
  return { outcome: ended ?? (exitCode === 0 ? 'powered-off' : 'crashed'), consoleTail: consoleText };
}

/**
 * Software emulation on purpose: it runs everywhere, inside other virtual machines too. A machine whose
 * /dev/kvm runs a stock kernel can say ZWIRE_LAB_ACCEL=kvm.
 *
 * @param {Boot} boot
 * @param {string} socket
 * @returns {string[]}
 */
function qemuArguments(boot, socket) {
  const kvm = process.env['ZWIRE_LAB_ACCEL'] === 'kvm';
  const processor = kvm ? '-accel kvm -cpu host -smp 2' : EMULATED_PROCESSOR;
  const hardware = `${processor} -m ${MEMORY_MIB} -nodefaults -display none -monitor none -net none`;
  return [
    ...hardware.split(' '),
    '-no-reboot',
    '-kernel',
    boot.root.kernel,
    '-initrd',
    boot.root.initrd,
    '-append',
    KERNEL_ARGUMENTS,
    // snapshot=on: writes go to a temporary file, the cached image stays as it is.
    '-drive',
    `file=${boot.root.disk},if=virtio,format=raw,snapshot=on`,
    '-drive',
    `file=${boot.share},if=virtio,format=raw,snapshot=on`,
    '-chardev',
    `socket,id=results,path=${socket}`,
    '-serial',
    'stdio',
    '-serial',
    'chardev:results',
  ];
}

/**
 * @param {import('node:net').Socket} connection
 * @param {(message: unknown) => void} onMessage
 */
function readLines(connection, onMessage) {
  let rest = '';
  connection.setEncoding('utf8');
  connection.on('error', () => undefined); // QEMU was killed; the exit says why
  connection.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(-LINE_MAX);
    for (const line of lines) {
      const trimmed = line.trim();
      if (trimmed === '') continue;
      try {
        onMessage(JSON.parse(trimmed));
      } catch {
        onMessage({ unreadable: trimmed.slice(0, 200) });
      }
    }
  });
}
