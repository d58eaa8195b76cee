/**
 * What one case works with: a sender's pool `tank`, a receiver's pool `backup`, both on files in tmpfs, and
 * the command line in the two namespaces. Disposing destroys all of it.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { run, tryRun } from './command.mjs';

const POOLS = '/tmp/pools';
const MIB = 2 ** 20;
/** What boot.sh sets. */
const MTU_BYTES = 9000;

export class Lab {
  /** @type {import('../lab/share-image.mjs').Plan} */
  plan;
  /** @type {import('./command.mjs').Command[]} what the case started and did not wait for, newest last */
  commands = [];
  /** @type {string[]} */
  #pools = [];
  /** @type {string[]} */
  #mounts = [];

  /** @param {import('../lab/share-image.mjs').Plan} plan */
  constructor(plan) {
    this.plan = plan;
  }

  /**
   * @param {string} name
   * @param {number} [sizeMiB] the file is sparse
   */
  async createPool(name, sizeMiB = 1024) {
    mkdirSync(POOLS, { recursive: true });
    const file = `${POOLS}/${name}.img`;
    await run('truncate', '-s', String(sizeMiB * MIB), file);
    this.#pools.push(name);
    // Without a cache file nothing of a pool outlives it; mounted below /pool, so that a received dataset
    // that mounts itself against the rules is seen.
    await run(
      'zpool',
      'create',
      '-o',
      'cachefile=none',
      '-O',
      'atime=off',
      '-m',
      `/pool/${name}`,
      name,
      file,
    );
  }

  /** Both pools, as most cases want them. */
  async createPools() {
    await this.createPool('tank');
    await this.createPool('backup');
  }

  /**
   * Mounts a snapshot (or dataset) read-only, whatever its own mountpoint says.
   *
   * @param {string} name
   * @returns {Promise<string>} where
   */
  async mount(name) {
    const directory = `/tmp/mnt/${this.#mounts.length}`;
    mkdirSync(directory, { recursive: true });
    await run('mount', '-t', 'zfs', '-o', 'ro', name, directory);
    this.#mounts.push(directory);
    return directory;
  }

  /**
   * @template {import('./command.mjs').Command} C
   * @param {C} command its words become part of a failure's message
   * @returns {C}
   */
  start(command) {
    this.commands.push(command);
    return command;
  }

  /**
   * For this case; disposing sets it back.
   *
   * @param {number} mtuBytes
   */
  async setMtu(mtuBytes) {
    await run('ip', '-n', 'za', 'link', 'set', 'vza', 'mtu', String(mtuBytes));
    await run('ip', '-n', 'zb', 'link', 'set', 'vzb', 'mtu', String(mtuBytes));
  }

  /** Fails when the case left something that no transfer may leave. */
  async assertNothingLeft() {
    const left = zfsProcesses();
    if (left.length > 0) throw new Error(`left running: ${left.join('; ')}`);
    for (const [namespace, device] of [
      ['za', 'vza'],
      ['zb', 'vzb'],
    ]) {
      const details = await run('ip', '-n', namespace ?? '', '-d', 'link', 'show', 'dev', device ?? '');
      if (!/promiscuity 0\b/.test(details)) throw new Error(`${device} was left promiscuous: ${details}`);
    }
  }

  /** @returns {string[]} what the programs of this case said */
  transcript() {
    return this.commands.map((command) => command.transcript());
  }

  async dispose() {
    for (const command of this.commands) {
      command.killGroup('SIGKILL');
      await command.exit;
    }
    await this.setMtu(MTU_BYTES);
    for (const directory of this.#mounts.reverse()) await run('umount', directory);
    for (const name of this.#pools.reverse()) {
      const listed = await tryRun('zpool', 'list', name);
      if (listed.exitCode === 0) await run('zpool', 'destroy', '-f', name);
      rmSync(`${POOLS}/${name}.img`, { force: true });
    }
  }
}

/** @returns {string[]} command lines of running `zfs` programs */
function zfsProcesses() {
  const found = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'zfs') continue;
      found.push(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim());
    } catch {
      // it ended while we looked
    }
  }
  return found;
}
