/**
 * The commands of the seed's document, flag for flag, with real pools.
 */
import assert from 'node:assert/strict';
import { run } from '../command.mjs';
import { assertReplica, property, snapshotsBelow } from '../replica.mjs';
import {
  OWN_PORT,
  RECEIVER_IP,
  RECEIVER_MAC,
  SENDER_IP,
  SENDER_MAC,
  startSeedReceiver,
  Zwire,
} from '../transfer.mjs';
import { writeContent } from '../content.mjs';
import { fillTwoDays } from './complete.mjs';

const ROUTE = [
  '--destination-ip',
  RECEIVER_IP,
  '--destination-mac',
  RECEIVER_MAC,
  '--source-ip',
  SENDER_IP,
  '--source-mac',
  SENDER_MAC,
  '--udp-port',
  OWN_PORT,
];

/**
 * @param {import('../lab.mjs').Lab} lab
 * @param {readonly string[]} args
 */
async function seedSend(lab, ...args) {
  const sender = lab.start(
    new Zwire('za', ['--interface', 'vza', ...args, ...ROUTE, '--insecure', '--json']),
  );
  await sender.expectExit(0);
}

/**
 * The seed's receiver stays until it is interrupted.
 *
 * @param {Zwire} receiver
 */
async function interrupt(receiver) {
  receiver.killGroup('SIGINT');
  await receiver.expectExit(130);
}

/**
 * @param {string} dataset
 * @returns {Promise<string>} its newest snapshot's own name
 */
async function newestSnapshot(dataset) {
  const names = (
    await run('zfs', 'list', '-Hd1', '-t', 'snapshot', '-o', 'name', '-s', 'createtxg', dataset)
  ).trim();
  return names.split('\n').at(-1)?.split('@')[1] ?? '';
}

/** @type {readonly import('../all-cases.mjs').Case[]} */
export const seedFormCases = [
  {
    name: "seed's form: --full-sync --pool takes a snapshot and sends the pool",
    async run(lab) {
      await lab.createPools();
      await run('zfs', 'create', '-p', 'tank/a/b');
      writeContent('/pool/tank/a/b/file', 3_000_000);
      const receiver = await startSeedReceiver(lab, '--dataset', 'backup/tank');
      await seedSend(lab, '--full-sync', '--pool', 'tank');
      const snap = await newestSnapshot('tank');
      assert.match(snap, /^zwire-/);
      assert.deepEqual(await snapshotsBelow('backup/tank'), await snapshotsBelow('tank'));
      await assertReplica(lab, `tank/a/b@${snap}`, `backup/tank/a/b@${snap}`);
      await interrupt(receiver);
    },
  },
  {
    name: "seed's form: --reciever --pool, --full-sync of a dataset, then --send-delta",
    async run(lab) {
      await lab.createPools();
      await fillTwoDays('tank/data');
      const receiver = await startSeedReceiver(lab, '--pool', 'backup');
      await seedSend(lab, '--full-sync', '--dataset', 'tank/data', '--snapshot', 'monday');
      await assertReplica(lab, 'tank/data@monday', 'backup/data@monday');
      const ends = ['--delta-start', 'tank/data@monday', '--delta-end', 'tank/data@tuesday'];
      await seedSend(lab, '--send-delta', ...ends, '--pool', 'tank');
      await assertReplica(lab, 'tank/data@tuesday', 'backup/data@tuesday');
      await interrupt(receiver);
    },
  },
  {
    name: "seed's form: a bare --reciever extends the dataset that the sender names, and overwrites nothing",
    async run(lab) {
      await lab.createPools();
      await fillTwoDays('tank/data');
      await run(
        'sh',
        '-c',
        'zfs send tank/data@monday | zfs receive -u -o canmount=noauto -o readonly=on backup/data',
      );
      const receiver = await startSeedReceiver(lab);
      const ends = ['--delta-start', 'tank/data@monday', '--delta-end', 'tank/data@tuesday'];
      await seedSend(lab, '--send-delta', ...ends, '--pool', 'backup');
      await assertReplica(lab, 'tank/data@tuesday', 'backup/data@tuesday');
      const before = await property('tank', 'guid');
      const flags = [
        '--full-sync',
        '--dataset',
        'tank/data',
        '--snapshot',
        'tuesday',
        ...ROUTE,
        '--insecure',
        '--json',
      ];
      const sender = lab.start(new Zwire('za', ['--interface', 'vza', ...flags]));
      await sender.expectExit(4);
      assert.equal(await property('tank', 'guid'), before);
      await interrupt(receiver);
    },
  },
];
