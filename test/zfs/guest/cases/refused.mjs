/**
 * Transfers that must not begin: each side says why, and the pools stay as they were.
 */
import assert from 'node:assert/strict';
import { run } from '../command.mjs';
import { writeContent } from '../content.mjs';
import { fingerprint } from '../replica.mjs';
import { OWN_PORT, startReceiver, startSender, Zwire } from '../transfer.mjs';
import { fillTwoDays } from './complete.mjs';

/**
 * @param {string} text
 */
function pipe(text) {
  return run('sh', '-c', text);
}

/**
 * A sender that ends with exit code 4, and a receiver whose pool does not change. What the receiver can see
 * beforehand it refuses; what only ZFS sees (a target that was written to), `zfs receive` refuses.
 *
 * @param {import('../lab.mjs').Lab} lab
 * @param {RegExp} reason what both sides must say
 * @param {readonly string[]} sendArgs
 */
async function expectRefusal(lab, reason, ...sendArgs) {
  await lab.standing.ready();
  const before = await fingerprint('backup');
  const sender = startSender(lab, ...sendArgs);
  await sender.expectExit(4);
  assert.match(sender.said(), reason, 'what the sender says');
  const ended = await lab.standing.waitFor(
    (event) => event.event === 'refused' || event.event === 'finished',
    'a refusal',
  );
  assert.match(ended.message ?? ended.error?.message ?? '', reason, 'what the receiver says');
  assert.equal(await fingerprint('backup'), before, 'the receiving pool');
}

/** @type {readonly import('../all-cases.mjs').Case[]} */
export const refusedCases = [
  {
    name: 'existing target: refused, exit 4, pool untouched',
    async run(lab) {
      await lab.createPools();
      await fillTwoDays('tank/data');
      await run('zfs', 'create', 'backup/data');
      writeContent('/pool/backup/data/precious', 100_000);
      await run('zfs', 'snapshot', 'backup/data@mine');
      await expectRefusal(lab, /backup\/data/, 'tank/data@monday');
    },
  },
  {
    name: 'the very same snapshot again: refused, pool untouched',
    async run(lab) {
      await lab.createPools();
      await fillTwoDays('tank/data');
      await pipe('zfs send tank/data@monday | zfs receive -u backup/data');
      await expectRefusal(lab, /backup\/data/, 'tank/data@monday');
    },
  },
  {
    name: 'diverged target: a snapshot of its own, and files of its own',
    async run(lab) {
      await lab.createPools();
      await fillTwoDays('tank/data');
      const delta = ['tank/data@tuesday', '--from', '@monday'];
      await pipe('zfs send tank/data@monday | zfs receive -u backup/data');
      await run('zfs', 'snapshot', 'backup/data@mine');
      await expectRefusal(lab, /backup\/data/, ...delta);
      await run('zfs', 'destroy', 'backup/data@mine');
      await run('zfs', 'mount', 'backup/data');
      writeContent('/pool/backup/data/mine', 100_000);
      await run('zfs', 'unmount', 'backup/data');
      await run('zpool', 'sync', 'backup');
      await expectRefusal(lab, /backup\/data has been modified/, ...delta);
    },
  },
  {
    name: 'delta onto a target that does not exist',
    async run(lab) {
      await lab.createPools();
      await fillTwoDays('tank/data');
      const delta = ['tank/data@tuesday', '--from', '@monday'];
      await expectRefusal(lab, /backup\/data/, ...delta);
    },
  },
  {
    name: 'missing target parent',
    async run(lab) {
      await lab.createPools();
      await run('zfs', 'create', '-p', 'tank/a/b');
      await run('zfs', 'snapshot', 'tank/a/b@monday');
      await expectRefusal(lab, /backup\/a/, 'tank/a/b@monday');
      const receiver = await startReceiver(lab, '--once', '--into', 'nopool/x');
      const sender = startSender(lab, 'tank/a/b@monday', '--port', OWN_PORT);
      await sender.expectExit(4);
      await receiver.expectExit(4);
      for (const side of [sender, receiver]) assert.match(side.said(), /nopool/);
    },
  },
  {
    name: 'pools without --insecure: refused on both ends',
    async run(lab) {
      await lab.createPools();
      await run('zfs', 'snapshot', 'tank@monday');
      const receiver = lab.start(
        new Zwire('zb', ['receive', '--interface', 'vzb', '--into', 'backup', '--once']),
      );
      await receiver.expectExit(2);
      assert.match(receiver.stderr, /--insecure/);
      const route = ['--interface', 'vza', '--destination-ip', '198.18.0.2'];
      const sender = lab.start(new Zwire('za', ['send', 'tank@monday', ...route]));
      await sender.expectExit(2);
      assert.match(sender.stderr, /--insecure/);
    },
  },
  {
    name: 'dataset and snapshot unknown at the sender; no receiver',
    async run(lab) {
      await lab.createPools();
      await run('zfs', 'create', 'tank/data');
      await run('zfs', 'snapshot', 'tank/data@monday');
      const unknownDataset = startSender(lab, 'tank/nothing@monday');
      await unknownDataset.expectExit(1);
      assert.match(unknownDataset.said(), /tank\/nothing/);
      const unknownSnapshot = startSender(lab, 'tank/data@sunday');
      await unknownSnapshot.expectExit(1);
      assert.match(unknownSnapshot.said(), /@sunday/);
      await startSender(lab, 'tank/data@monday', '--port', '1339').expectExit(3);
    },
  },
];
