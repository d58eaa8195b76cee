/**
 * A receiver without root on a real pool: what `zwire doctor` says to delegate is enough, and what is missing is named.
 */
import assert from 'node:assert/strict';
import { run, tryRun } from '../command.mjs';
import { assertReplica } from '../replica.mjs';
import { OWN_PORT, startReceiver, startSender, Zwire } from '../transfer.mjs';
import { fillTwoDays } from './complete.mjs';

const USER = 'zwire';
const INTO = 'backup/hosts';

/** Pastes the line of `zfs allow` that the doctor prints. */
async function pasteDelegation() {
  const asked = ['doctor', '--role', 'receive', '--into', INTO, '--user', USER, '--json'];
  const doctor = await new Zwire('zb', asked).exit;
  assert.equal(doctor.exitCode, 5, doctor.stderr);
  const line = /zfs allow \S+ \S+ backup\/hosts/.exec(doctor.stdout)?.[0];
  assert.ok(line, doctor.stdout);
  await run('sh', '-c', line);
}

/** @type {readonly import('../all-cases.mjs').Case[]} */
export const delegatedCases = [
  {
    name: 'a receiver without root: what doctor says to delegate is enough, and what is missing is named',
    async run(lab) {
      await lab.createPools();
      await fillTwoDays('tank/data');
      await run('zfs', 'create', INTO);
      await run('useradd', '--system', '--no-create-home', '--shell', '/usr/sbin/nologin', USER);
      await pasteDelegation();
      const receiver = await startReceiver(lab, '--into', INTO, '--user', USER);
      await startSender(lab, 'tank/data@monday', '--port', OWN_PORT).expectExit(0);
      await startSender(lab, 'tank/data@tuesday', '--from', '@monday', '--port', OWN_PORT).expectExit(0);
      await assertReplica(lab, 'tank/data@tuesday', `${INTO}/data@tuesday`);

      await run('zfs', 'unallow', USER, 'create', INTO);
      await run('zfs', 'create', 'tank/more');
      await run('zfs', 'snapshot', 'tank/more@monday');
      const sender = startSender(lab, 'tank/more@monday', '--port', OWN_PORT);
      await sender.expectExit(5);
      for (const side of [sender, receiver]) assert.match(side.said(), /create is not delegated/);
      assert.notEqual((await tryRun('zfs', 'list', `${INTO}/more`)).exitCode, 0);
      receiver.kill('SIGTERM');
      await receiver.expectExit(143);
    },
  },
];
