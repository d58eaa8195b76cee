/**
 * Transfers that break in the middle: both sides end with a reason, nothing is committed, nothing half-made
 * stays, and the same command works afterwards.
 */
import assert from 'node:assert/strict';
import { run } from '../command.mjs';
import { writeContent } from '../content.mjs';
import { assertNotCommitted, assertReplica, exists, zfsProcess } from '../replica.mjs';
import { finishedEvent, OWN_PORT, startReceiver, startSender, transfer } from '../transfer.mjs';

const MIB = 2 ** 20;

/**
 * Gives up after this: longer than a busy host makes one side stand still. Who has given up exits with 3, who was told
 * with 1: so the exit codes prove that nobody waited. (How soon is measured in test/netns; emulation takes its share.)
 */
const GIVE_UP_SECONDS = 15;

/**
 * Both pools, and 12 MiB to send: at BREAKABLE_RATE they take 50 s, so that there is a middle to break even on a host that
 * stands still for seconds.
 *
 * @param {import('../lab.mjs').Lab} lab
 */
async function createLongSource(lab) {
  await lab.createPools();
  await run('zfs', 'create', 'tank/data');
  writeContent('/pool/tank/data/file', 12 * MIB);
  await run('zfs', 'snapshot', 'tank/data@monday');
}

const BREAKABLE_RATE = '2Mbit';

/**
 * A transfer that has moved something and is far from its end.
 *
 * @param {import('../lab.mjs').Lab} lab
 * @param {string} [rate]
 */
async function halfWay(lab, rate = BREAKABLE_RATE) {
  const patience = ['--timeout', String(GIVE_UP_SECONDS)];
  const receiver = await startReceiver(lab, '--once', '--into', 'backup', ...patience);
  const sender = startSender(lab, 'tank/data@monday', '--rate', rate, '--port', OWN_PORT, ...patience);
  await sender.waitFor((event) => event.event === 'progress' && (event.bytes ?? 0) > MIB / 2, 'progress');
  return { receiver, sender };
}

/**
 * After whatever happened, the same transfer must work.
 *
 * @param {import('../lab.mjs').Lab} lab
 */
async function sendAgain(lab) {
  await transfer(lab, 'tank/data@monday');
  await assertReplica(lab, 'tank/data@monday', 'backup/data@monday');
}

/** @type {readonly import('../all-cases.mjs').Case[]} */
export const brokenCases = [
  {
    name: "receiver's pool full: the reason of ZFS on both sides, nothing committed",
    async run(lab) {
      await lab.createPool('tank');
      await lab.createPool('backup', 64);
      await run('zfs', 'create', 'tank/data');
      writeContent('/pool/tank/data/file', 64 * MIB);
      await run('zfs', 'snapshot', 'tank/data@monday');
      const receiver = await startReceiver(lab, '--once', '--into', 'backup');
      const sender = startSender(lab, 'tank/data@monday', '--port', OWN_PORT);
      await sender.expectExit(1);
      await receiver.expectExit(1);
      for (const side of [sender, receiver]) {
        assert.match(side.said(), /out of space/i);
        assert.match(side.said(), /backup\/data/);
        assert.equal(finishedEvent(side).outcome, 'failed');
      }
      await assertNotCommitted('backup/data@monday');
    },
  },
  {
    name: 'source destroyed mid-send: zfs send dies',
    async run(lab) {
      await createLongSource(lab);
      const { receiver, sender } = await halfWay(lab);
      const pid = zfsProcess('send');
      assert.ok(pid, 'zfs send is running');
      process.kill(pid, 'SIGKILL');
      await sender.expectExit(1);
      await receiver.expectExit(1);
      assert.match(sender.said(), /zfs send/);
      await assertNotCommitted('backup/data@monday');
      await sendAgain(lab);
    },
  },
  {
    name: 'zfs destroy of what is being sent: refused by ZFS, the transfer completes',
    async run(lab) {
      await createLongSource(lab);
      const { receiver, sender } = await halfWay(lab, '8Mbit');
      await assert.rejects(run('zfs', 'destroy', '-r', 'tank/data'), /busy/);
      await sender.expectExit(0);
      await receiver.expectExit(0);
      assert.equal(await exists('backup/data@monday'), true);
    },
  },
  {
    name: 'zfs receive dies mid-way',
    async run(lab) {
      await createLongSource(lab);
      const { receiver, sender } = await halfWay(lab);
      const pid = zfsProcess('receive');
      assert.ok(pid, 'zfs receive is running');
      process.kill(pid, 'SIGKILL');
      await sender.expectExit(1);
      await receiver.expectExit(1);
      for (const side of [sender, receiver]) assert.match(side.said(), /zfs receive/);
      await assertNotCommitted('backup/data@monday');
    },
  },
  {
    name: 'sender killed mid-way: the receiver gives up after --timeout',
    async run(lab) {
      await createLongSource(lab);
      const { receiver, sender } = await halfWay(lab);
      sender.killGroup('SIGKILL');
      await receiver.expectExit(3);
      await assertNotCommitted('backup/data@monday');
      await sendAgain(lab);
    },
  },
  {
    name: 'receiver killed mid-way: the sender gives up after --timeout',
    async run(lab) {
      await createLongSource(lab);
      const { receiver, sender } = await halfWay(lab);
      receiver.killGroup('SIGKILL');
      await sender.expectExit(3);
      await assertNotCommitted('backup/data@monday');
    },
  },
  {
    name: 'Ctrl-C on the receiver mid-way',
    async run(lab) {
      await createLongSource(lab);
      const { receiver, sender } = await halfWay(lab);
      receiver.killGroup('SIGINT');
      await receiver.expectExit(130);
      await sender.expectExit(1);
      await assertNotCommitted('backup/data@monday');
    },
  },
  {
    name: 'Ctrl-C on the sender mid-way; SIGTERM alone to the receiver',
    async run(lab) {
      await createLongSource(lab);
      const first = await halfWay(lab);
      first.sender.killGroup('SIGINT');
      await first.sender.expectExit(130);
      await first.receiver.expectExit(1);
      await assertNotCommitted('backup/data@monday');
      const second = await halfWay(lab);
      second.receiver.kill('SIGTERM');
      await second.receiver.expectExit(143);
      await second.sender.expectExit(1);
      await assertNotCommitted('backup/data@monday');
    },
  },
];
