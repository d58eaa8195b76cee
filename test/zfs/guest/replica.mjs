/**
 * Compares what was sent with what is on the target, by guid and by content.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { run, tryRun } from './command.mjs';
import { hashFile, hashTree } from './content.mjs';

/**
 * @param {string} dataset dataset or snapshot
 * @param {string} property
 * @returns {Promise<string>} parsable form
 */
export async function property(dataset, property) {
  return (await run('zfs', 'get', '-Hpo', 'value', property, dataset)).trim();
}

/**
 * @param {string} dataset
 * @returns {Promise<boolean>}
 */
export async function exists(dataset) {
  return (await tryRun('zfs', 'list', dataset)).exitCode === 0;
}

/**
 * @param {string} dataset
 * @returns {Promise<string[]>} `dataset@name guid` of every snapshot at and below it, relative, sorted
 */
export async function snapshotsBelow(dataset) {
  const text = await run('zfs', 'list', '-Hpr', '-t', 'snapshot', '-o', 'name,guid', dataset);
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.slice(dataset.length)).sort();
}

/**
 * Many properties by one command: starting a program takes half a second in there.
 *
 * @param {readonly string[]} datasets datasets or snapshots
 * @param {readonly string[]} properties
 * @returns {Promise<Map<string, Map<string, string>>>} dataset -> property -> value
 */
async function propertiesOf(datasets, properties) {
  const text = await run('zfs', 'get', '-Hpo', 'name,property,value', properties.join(','), ...datasets);
  /** @type {Map<string, Map<string, string>>} */
  const found = new Map(datasets.map((dataset) => [dataset, new Map()]));
  for (const line of text.split('\n')) {
    const [dataset = '', property = '', value = ''] = line.split('\t');
    found.get(dataset)?.set(property, value);
  }
  return found;
}

/**
 * The snapshot on the target is the one that was sent, and its dataset is what a receiver may make: read-only,
 * not mounted, and not where the sender's is mounted.
 *
 * @param {import('./lab.mjs').Lab} lab
 * @param {string} source dataset@snapshot
 * @param {string} target dataset@snapshot
 */
export async function assertReplica(lab, source, target) {
  const [from = '', to = ''] = [source.split('@')[0], target.split('@')[0]];
  const wanted = ['guid', 'type', 'readonly', 'volsize', 'mounted', 'canmount', 'mountpoint'];
  const found = await propertiesOf([source, target, from, to], wanted);
  const read = (/** @type {string} */ name, /** @type {string} */ key) => found.get(name)?.get(key);
  assert.ok(read(source, 'guid'));
  assert.equal(read(target, 'guid'), read(source, 'guid'), `guid of ${target}`);
  assert.equal(read(to, 'readonly'), 'on', `readonly of ${to}`);
  assert.equal(read(to, 'type'), read(from, 'type'));
  if (read(from, 'type') === 'volume') {
    assert.equal(read(to, 'volsize'), read(from, 'volsize'));
    assert.equal(await hashSnapshotDevice(target), await hashSnapshotDevice(source), `content of ${target}`);
    return;
  }
  assert.equal(read(to, 'mounted'), 'no', `mounted of ${to}`);
  assert.equal(read(to, 'canmount'), 'noauto', `canmount of ${to}`);
  assert.notEqual(read(to, 'mountpoint'), read(from, 'mountpoint'), `mountpoint of ${to}`);
  const [sent, received] = await Promise.all([lab.mount(source), lab.mount(target)]);
  assert.equal(hashTree(received), hashTree(sent), `content of ${target}`);
}

/**
 * @param {string} snapshot of a volume
 * @returns {Promise<string>}
 */
async function hashSnapshotDevice(snapshot) {
  const dataset = snapshot.split('@')[0] ?? '';
  await run('zfs', 'set', 'snapdev=visible', dataset);
  const device = `/dev/zvol/${snapshot.replaceAll(' ', '+')}`;
  await run('udevadm', 'settle', '--timeout=20');
  for (let attempt = 0; !existsSync(device); attempt += 1) {
    if (attempt === 100) throw new Error(`${device} did not appear`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const hash = hashFile(device);
  await run('zfs', 'set', 'snapdev=hidden', dataset);
  await run('udevadm', 'settle', '--timeout=20');
  return hash;
}

/**
 * The state of a pool that a refused transfer may not change.
 *
 * @param {string} pool
 * @returns {Promise<string>}
 */
export async function fingerprint(pool) {
  const columns = 'name,guid,createtxg,written,receive_resume_token,mounted,readonly,canmount,mountpoint';
  return run('zfs', 'list', '-Hpr', '-t', 'all', '-o', columns, pool);
}

/**
 * What an interrupted transfer may leave of a target: nothing, or resumable state, and never the snapshot.
 *
 * @param {string} target dataset@snapshot
 */
export async function assertNotCommitted(target) {
  assert.equal(await exists(target), false, `${target} exists`);
  const dataset = target.split('@')[0] ?? '';
  if (await exists(dataset)) {
    assert.notEqual(
      await property(dataset, 'receive_resume_token'),
      '-',
      `${dataset} is half-made and not resumable`,
    );
  }
}

/**
 * @param {'send' | 'receive'} verb
 * @returns {number | undefined} pid of the running `zfs send` or `zfs receive`
 */
export function zfsProcess(verb) {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words[0]?.endsWith('zfs') && words[1] === verb && !words.includes('-nvP')) return Number(pid);
    } catch {
      // it ended while we looked
    }
  }
  return undefined;
}
