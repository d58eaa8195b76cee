#!/usr/bin/env node
// Makes sure that the Debian packages of the tests and the bench are there. Idempotent: a group whose programs
// are all found costs nothing. As root, or with a sudo that asks nothing, it installs; otherwise it prints the
// exact command and ends with 1.
//
//   node scripts/packages.mjs [test] [bench] [vm]      (default: test)
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureIpsecMb } from './ipsec-mb.mjs';

/** Package to the program that shows that it is installed. */
export const GROUPS = {
  test: {
    iproute2: 'ip',
    nftables: 'nft',
    ethtool: 'ethtool',
    'util-linux': 'nsenter',
    systemd: 'systemd-analyze',
    // Asks whether everyone may capture, which nobody needs here: noninteractive takes its "no".
    tshark: 'tshark',
  },
  bench: {
    iperf3: 'iperf3',
    mbuffer: 'mbuffer',
    socat: 'socat',
    'openssh-server': 'sshd',
    'openssh-client': 'ssh',
  },
  vm: { 'qemu-system-x86': 'qemu-system-x86_64', mmdebstrap: 'mmdebstrap', e2fsprogs: 'mke2fs' },
};

const SEARCH = [
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
  '/usr/bin',
  '/bin',
];
const POLICY = '/usr/sbin/policy-rc.d';

/** Where `program` is, also in the administrator's directories that a user's PATH lacks; undefined when absent. */
export function findProgram(program) {
  for (const directory of SEARCH) {
    if (directory === '') continue;
    try {
      accessSync(`${directory}/${program}`, constants.X_OK);
      return `${directory}/${program}`;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Packages of `groups` whose program is not found. */
export function missingPackages(groups) {
  const missing = [];
  for (const group of groups) {
    if (!(group in GROUPS)) throw new Error(`no package group ${group}: ${Object.keys(GROUPS).join(', ')}`);
    for (const [name, program] of Object.entries(GROUPS[group]))
      if (!findProgram(program)) missing.push(name);
  }
  return missing;
}

/** argv prefix that runs apt-get as root, or undefined when that would need a password. */
function rootPrefix() {
  if (process.getuid() === 0) return [];
  if (findProgram('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0)
    return ['sudo', '-n'];
  return undefined;
}

/** Runs apt-get; another apt on the machine makes it wait (dpkg's lock) or fail (the lists' lock): the caller retries. */
function aptGet(prefix, args) {
  const [file, ...rest] = [...prefix, 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300', ...args];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(file, rest, { stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0;
}

/** An sshd that the bench installs must not start as a service: the bench runs its own, in a namespace. */
function withoutServices(action) {
  const ours = process.getuid() === 0 && !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return action();
  } finally {
    if (ours) rmSync(POLICY, { force: true });
  }
}

/** What tests and bench seal with where the processor can; without it Node's OpenSSL seals, and a test says so. */
function tryIpsecMb() {
  try {
    ensureIpsecMb();
  } catch (error) {
    console.error(`packages: libipsec-mb2 is not to be had: ${error.message}`);
  }
}

/** Installs what is missing of `groups`. Returns the names that are still missing, with the command to install them. */
export function ensurePackages(groups) {
  if (groups.includes('test')) tryIpsecMb();
  let missing = missingPackages(groups);
  if (missing.length === 0) return { missing, command: '' };
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  const command = `sudo apt-get update && sudo apt-get ${install.join(' ')}`;
  const prefix = findProgram('apt-get') ? rootPrefix() : undefined;
  if (prefix === undefined) return { missing, command };
  console.log(`packages: installing ${missing.join(' ')}`);
  withoutServices(() => {
    for (let attempt = 0; attempt < 5 && !aptGet(prefix, install); attempt += 1) {
      if (attempt > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5000);
      aptGet(prefix, ['update']);
    }
  });
  missing = missingPackages(groups);
  return { missing, command };
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  const groups = process.argv.slice(2);
  const { missing, command } = ensurePackages(groups.length > 0 ? groups : ['test']);
  if (missing.length > 0) {
    console.error(`packages missing: ${missing.join(' ')}\nInstall them with:\n  ${command}`);
    process.exit(1);
  }
}
