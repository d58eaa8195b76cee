/**
 * What one case works with: a sender's pool `tank`, a receiver's pool `backup`, both on files in tmpfs, and
 * the command line in the two namespaces. Disposing destroys all of it.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { run, tryRun } from './command.mjs';
import { promiscuity } from './transfer.mjs';

const POOLS = '/tmp/pools';
const MIB = 2 ** 20;
/** What boot.sh sets. */
const MTU_BYTES = 9000;

export class Lab {
  /** @type {import('../lab/share-image.mjs').Plan & { slowness: number }} */
  plan;
  /** @type {import('./command.mjs').Command[]} what the case started and did not wait for, newest last */
  commands = [];
  /** The receiver that stays for all cases, shared by their labs. */
  standing;
  /** @type {string[]} */
  #pools = [];
  /** @type {string[]} */
  #mounts = [];
  #mtuChanged = false;

  /**
   * @param {import('../lab/share-image.mjs').Plan & { slowness: number }} plan slowness: suite.mjs measures it
   * @param {import('./transfer.mjs').StandingReceiver} standing
   */
  constructor(plan, standing) {
    this.plan = plan;
    this.standing = standing;
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
    await Promise.all([this.createPool('tank'), this.createPool('backup')]);
  }

  /**
   * Mounts a snapshot (or dataset) read-only, whatever its own mountpoint says.
   *
   * @param {string} name
   * @returns {Promise<string>} where
   */
  async mount(name) {
    mkdirSync('/tmp/mnt', { recursive: true });
    const directory = mkdtempSync('/tmp/mnt/');
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
    this.#mtuChanged = true;
    await run('ip', '-n', 'za', 'link', 'set', 'vza', 'mtu', String(mtuBytes));
    await run('ip', '-n', 'zb', 'link', 'set', 'vzb', 'mtu', String(mtuBytes));
  }

  /** Fails when the case left something that no transfer may leave. */
  async assertNothingLeft() {
    const left = zfsProcesses();
    if (left.length > 0) throw new Error(`left running: ${left.join('; ')}`);
    const count = await promiscuity();
    const allowed = this.standing.isRunning ? this.standing.promiscuity : 0;
    if (count > allowed)
      throw new Error(`vzb was left promiscuous: ${count}, and ${allowed} belong to a receiver`);
  }

  /** @returns {string[]} what the programs of this case said */
  transcript() {
    return [...this.commands.map((command) => command.transcript()), ...this.standing.transcript()];
  }

  async dispose() {
    for (const command of this.commands) {
      command.killGroup('SIGKILL');
      await command.exit;
    }
    if (this.#mtuChanged) await this.setMtu(MTU_BYTES);
    await Promise.all(this.#mounts.map((directory) => run('umount', directory)));
    await Promise.all(this.#pools.map(destroyPool));
  }
}

/** @param {string} name */
async function destroyPool(name) {
  const destroyed = await tryRun('zpool', 'destroy', '-f', name);
  if (destroyed.exitCode !== 0 && !destroyed.stderr.includes('no such pool'))
    throw new Error(destroyed.stderr);
  rmSync(`${POOLS}/${name}.img`, { force: true });
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
