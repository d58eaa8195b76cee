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
 * The rule is 2 s on a real machine (test/netns measures it there). Here it is enough that nobody waits for a
 * timeout; emulation on a busy host takes its share, which `lab.slowness` measures.
 */
const END_LIMIT_MS = 6000;

/** Gives up after this: longer than a busy host makes one side stand still. */
const GIVE_UP_SECONDS = 15;

/**
 * Both pools, and 24 MiB to send: at 16 Mbit/s they take 12 s, so that there is a middle to break.
 *
 * @param {import('../lab.mjs').Lab} lab
 */
async function createLongSource(lab) {
  await lab.createPools();
  await run('zfs', 'create', 'tank/data');
  writeContent('/pool/tank/data/file', 24 * MIB);
  await run('zfs', 'snapshot', 'tank/data@monday');
}

/**
 * A transfer that has moved something and is far from its end.
 *
 * @param {import('../lab.mjs').Lab} lab
 */
async function halfWay(lab) {
  const patience = ['--timeout', String(GIVE_UP_SECONDS)];
  const receiver = await startReceiver(lab, '--once', '--into', 'backup', ...patience);
  const sender = startSender(lab, 'tank/data@monday', '--rate', '16Mbit', '--port', OWN_PORT, ...patience);
  await sender.waitFor((event) => event.event === 'progress' && (event.bytes ?? 0) > 2 * MIB, 'progress');
  return { receiver, sender };
}

/**
 * @param {import('../lab.mjs').Lab} lab
 * @param {Promise<unknown>} exit
 * @param {string} what
 * @param {number} [waitMs] before it even begins to end
 */
async function endsSoon(lab, exit, what, waitMs = 0) {
  const startedMs = performance.now();
  await exit;
  const tookMs = performance.now() - startedMs;
  const limitMs = waitMs + END_LIMIT_MS * lab.plan.slowness;
  assert.ok(tookMs < limitMs, `${what} took ${Math.round(tookMs)} ms to end`);
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
      const { receiver, sender } = await halfWay(lab);
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
      await endsSoon(lab, receiver.expectExit(3), 'the receiver', GIVE_UP_SECONDS * 1000);
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
      await endsSoon(lab, sender.expectExit(3), 'the sender', GIVE_UP_SECONDS * 1000);
      await assertNotCommitted('backup/data@monday');
    },
  },
  {
    name: 'Ctrl-C on the receiver mid-way',
    async run(lab) {
      await createLongSource(lab);
      const { receiver, sender } = await halfWay(lab);
      receiver.killGroup('SIGINT');
      await endsSoon(lab, receiver.expectExit(130), 'the receiver');
      await endsSoon(lab, sender.expectExit(1), 'the sender');
      await assertNotCommitted('backup/data@monday');
    },
  },
  {
    name: 'Ctrl-C on the sender mid-way; SIGTERM alone to the receiver',
    async run(lab) {
      await createLongSource(lab);
      const first = await halfWay(lab);
      first.sender.killGroup('SIGINT');
      await endsSoon(lab, first.sender.expectExit(130), 'the sender');
      await endsSoon(lab, first.receiver.expectExit(1), 'the receiver');
      await assertNotCommitted('backup/data@monday');
      const second = await halfWay(lab);
      second.receiver.kill('SIGTERM');
      await endsSoon(lab, second.receiver.expectExit(143), 'the receiver');
      await endsSoon(lab, second.sender.expectExit(1), 'the sender');
      await assertNotCommitted('backup/data@monday');
    },
  },
];
