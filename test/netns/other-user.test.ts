// A receiver that was started as root and becomes a user: the sockets stay, everything else goes, in every thread.
import { accessSync, chmodSync, chownSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { credentials } from '../../src/sys/privilege.ts';
import { expectExit, expectSame, failure, Scene } from './scene.ts';

const NOBODY = 65_534;
const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

/** Whether everyone may read the program: a checkout below /root they may not, and then nobody can run it. */
function isReadableByAll(): boolean {
  for (let path = DIST; path !== '/'; path = dirname(path)) {
    if ((statSync(path).mode & 0o005) !== 0o005) return false;
  }
  accessSync(DIST, constants.R_OK);
  return true;
}

const isRoot = process.getuid?.() === 0;

it.runIf(isRoot && isReadableByAll()).each(['raw', 'udp'] as const)(
  'receives as nobody, with no capability in any thread, %s',
  async (link) => {
    await using scene = await Scene.open(link);
    chmodSync(scene.directory, 0o755);
    chownSync(scene.inbox, NOBODY, NOBODY);
    const receiver = await scene.receive(['--file', scene.target(), '--user', 'nobody']);
    const { path, content } = scene.source(3_000_000);
    await expectExit(scene.send(['--file', path]), 0);
    expectSame(scene.target(), content);
    expect(statSync(scene.target()).uid).toBe(NOBODY);

    const threads = readdirSync(`/proc/${receiver.pid}/task`);
    expect(threads.length).toBeGreaterThan(2);
    for (const thread of threads) {
      const now = credentials(readFileSync(`/proc/${receiver.pid}/task/${thread}/status`, 'utf8'));
      expect(now.uids).toEqual([NOBODY, NOBODY, NOBODY, NOBODY]);
      expect(now.gids).toEqual([NOBODY, NOBODY, NOBODY, NOBODY]);
      expect(now.groups.filter((gid) => gid !== NOBODY)).toEqual([]);
      expect([...now.capabilities, ...now.reserve]).toEqual([]);
    }
  },
);

it('a user that does not exist is refused before anything is opened', async () => {
  await using scene = await Scene.open('udp');
  const receiver = scene.startReceive(['--file', scene.target(), '--user', 'no-such-user']);
  await expectExit(receiver, 5);
  expect(failure(receiver).code).toBe('USER_UNKNOWN');
  expect(receiver.eventsNamed('listening')).toEqual([]);
});
