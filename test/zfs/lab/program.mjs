/**
 * Runs the programs of the lab, and installs those that are missing with apt.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Program -> Debian package. */
const PACKAGE_OF = new Map([
  ['qemu-system-x86_64', 'qemu-system-x86'],
  ['mmdebstrap', 'mmdebstrap'],
  ['mke2fs', 'e2fsprogs'],
  ['flock', 'util-linux'],
]);

/** Bytes of output kept of a program that failed. */
const OUTPUT_KEPT_BYTES = 16_384;

/**
 * @param {string} name
 * @returns {string | undefined} its path; sbin directories are searched too, which users' PATHs often lack
 */
export function findProgram(name) {
  const directories = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
  ];
  return directories.map((directory) => join(directory, name)).find((path) => existsSync(path));
}

/**
 * Runs one program to its end, without a shell.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {Promise<string>} what it printed on both streams, its last part; rejects when it fails
 */
export function run(file, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(findProgram(file) ?? file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    });
    let output = '';
    const keep = (/** @type {Buffer} */ chunk) => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_KEPT_BYTES);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => reject(new Error(`${file}: ${error.message}`)));
    child.on('close', (exitCode, signal) => {
      if (exitCode === 0) resolve(output);
      else reject(new Error(`${[file, ...args].join(' ')}\nended with ${signal ?? exitCode}:\n${output}`));
    });
  });
}

/** @returns {boolean} */
export function isRoot() {
  return process.getuid?.() === 0;
}

/**
 * Runs a program as root: as it is, or through sudo when that asks no password.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {Promise<string>}
 */
export function runAsRoot(file, args) {
  return isRoot() ? run(file, args) : run('sudo', ['-n', file, ...args]);
}

/**
 * Makes sure that the programs exist. Does nothing when they do.
 *
 * @param {readonly string[]} names
 * @param {(line: string) => void} say
 */
export async function ensurePrograms(names, say) {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return;
  const packages = missing.map((name) => PACKAGE_OF.get(name) ?? name);
  const byHand = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  say(`installing ${packages.join(', ')}`);
  try {
    await runAsRoot('apt-get', ['update', '-q']);
    await runAsRoot('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages]);
  } catch (error) {
    throw new Error(`the lab needs ${missing.join(', ')}, and installing failed. As root, run: ${byHand}`, {
      cause: error,
    });
  }
}
