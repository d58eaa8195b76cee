/**
 * The systemd unit as it is shipped, set up by the commands of docs/operations/service.md as they stand there, under the
 * guest's own systemd: a receiver with keys and without root, on a real pool.
 */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { run, tryRun } from '../command.mjs';
import { writeContent } from '../content.mjs';
import { assertReplica, exists } from '../replica.mjs';
import { Systemd } from '../systemd.mjs';
import { promiscuity, RECEIVER_IP, Zwire } from '../transfer.mjs';

const DOCUMENT = '/share/zwire/docs/operations/service.md';
const UNIT = 'zwire-receive@vzb';
/** As the document has it. */
const INTO = 'backup/hosts';
const LIST = '/etc/zwire/authorized_senders';
/** The exit code of a sender whom nobody answers. */
const NO_ANSWER = 3;
const ATTEMPTS = 4;
const ACCEPT_TIMEOUT_MS = 60_000;
/** CAP_NET_RAW is bit 13 (linux/capability.h). */
const NET_RAW = (1n << 13n).toString(16).padStart(16, '0');
/** Where systemd looks for programs, and the unit for zwire. */
const INSTALLED = {
  '/usr/local/bin/node': '/share/bin/node',
  '/usr/local/bin/zwire': '/share/zwire/bin/zwire.mjs',
};

/** @returns {string[]} the blocks of commands of the chapter about setting up, with the interface of the lab */
function documentedBlocks() {
  const chapter = /^## Set up$(.*?)^## /ms.exec(readFileSync(DOCUMENT, 'utf8'))?.[1] ?? '';
  return Array.from(chapter.matchAll(/(?:^ {4}.*\n)+/gm), ([block]) => block.replaceAll('eth1', 'vzb'));
}

/** Sends as a host with a key of its own. */
class KeyedSender {
  #lab;
  #path;
  /** The line for the receiver's list. */
  line = '';

  /**
   * @param {import('../lab.mjs').Lab} lab
   * @param {string} name
   */
  constructor(lab, name) {
    this.#lab = lab;
    this.#path = `/tmp/${name}.key`;
  }

  async makeKey() {
    const { stdout } = await this.#lab
      .start(new Zwire('za', ['keygen', '--output', this.#path]))
      .expectExit(0);
    this.line = stdout;
  }

  /**
   * A transfer that the receiver has accepted. How long a sender waits for the first answer cannot be stretched, and a
   * receiver that has just started on a busy host is slower than that at its first handshake: then it is asked again.
   *
   * @param {string} receiverKey
   * @param {readonly string[]} args
   * @returns {Promise<Zwire>}
   */
  async send(receiverKey, ...args) {
    const route = ['--interface', 'vza', '--destination-ip', RECEIVER_IP, '--timeout', '120'];
    const keys = ['--identity', this.#path, '--receiver-key', receiverKey];
    for (let attempt = 1; ; attempt += 1) {
      const sender = this.#lab.start(new Zwire('za', ['send', ...route, ...keys, '--json', ...args]));
      try {
        const timeoutMs = ACCEPT_TIMEOUT_MS * this.#lab.plan.slowness;
        await sender.waitFor((event) => event.event === 'accepted', 'it was accepted', timeoutMs);
        return sender;
      } catch (error) {
        if (attempt === ATTEMPTS || sender.finished?.exitCode !== NO_ANSWER) throw error;
      }
    }
  }
}

/**
 * Both pools; tank/data of two days, and tank/long to break in the middle: at 2Mbit it takes 50 s.
 *
 * @param {import('../lab.mjs').Lab} lab
 */
async function createSources(lab) {
  await lab.createPools();
  await run('zfs', 'create', 'tank/data');
  await run('zfs', 'create', 'tank/long');
  writeContent('/pool/tank/data/file', 300_000);
  writeContent('/pool/tank/long/file', 12 * 2 ** 20);
  await run('zfs', 'snapshot', 'tank/data@monday', 'tank/long@monday');
  writeContent('/pool/tank/data/new', 200_000);
  await run('zfs', 'snapshot', 'tank/data@tuesday');
}

/**
 * From an empty host to a running service, by the document.
 *
 * @param {Systemd} host
 * @param {string} senders what the editor of the document writes
 * @returns {Promise<string>} the receiver's public key
 */
async function setUp(host, senders) {
  const [prepare = '', start = ''] = documentedBlocks();
  const ask = prepare.trim().split('\n').at(-1)?.trim() ?? '';
  assert.match(ask, /^zwire doctor /);
  const said = await host.shell(`editor() { echo '${senders.trim()}' >"$1"; }\n${prepare}`, 5);
  const publicKey = /^zwire1 \S+/m.exec(said)?.[0];
  assert.ok(publicKey, said);
  const paste = /zfs allow \S+ \S+ backup\/hosts/.exec(said)?.[0];
  assert.ok(paste, said);
  const left = await host.shell(`${paste}\n${ask}`);
  assert.doesNotMatch(left, /^(?:missing|excess)/m);
  await host.shell(start);
  return publicKey;
}

/** What the unit promises, as the kernel has it. */
async function assertConfined(/** @type {Systemd} */ host) {
  const said = await host.shell(`
    pid=$(systemctl show -P MainPID ${UNIT})
    cat /proc/$pid/status
    id -u zwire
    cat /sys/fs/cgroup$(cut -d: -f3 /proc/$pid/cgroup)/memory.max
    stat -c '%U %a' /var/lib/zwire`);
  const status = new Map(Array.from(said.matchAll(/^(\w+):\s+(.*)$/gm), ([, key, value]) => [key, value]));
  const [uid, memoryMax, state] = said.trim().split('\n').slice(-3);
  assert.deepEqual(status.get('Uid')?.split('\t'), Array(4).fill(uid));
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    assert.equal(status.get(set), NET_RAW, set);
  assert.equal(status.get('NoNewPrivs'), '1');
  assert.equal(status.get('Seccomp'), '2');
  assert.equal(memoryMax, String(2 ** 30));
  assert.equal(state, 'zwire 700');
}

/** @type {readonly import('../all-cases.mjs').Case[]} */
export const serviceCases = [
  {
    name: 'service: the unit as shipped, set up by its document: receives, reloads, stops in the middle',
    async run(lab) {
      await lab.standing.stop(); // the unit takes the default port, as its page does
      await tryRun('userdel', 'zwire'); // of another case
      for (const [path, target] of Object.entries(INSTALLED))
        if (!existsSync(path)) symlinkSync(target, path);
      const [first, second] = [new KeyedSender(lab, 'web1'), new KeyedSender(lab, 'web2')];
      const [host] = await Promise.all([
        Systemd.boot(lab),
        createSources(lab),
        first.makeKey(),
        second.makeKey(),
      ]);
      const key = await setUp(host, first.line);
      await host.journal(UNIT, /listening on .* vzb/);
      assert.match(await host.shell(`systemctl status --no-pager ${UNIT}`), /Active: active \(running\)/);
      await assertConfined(host);
      await (await first.send(key, 'tank/data@monday')).expectExit(0);

      appendFileSync(LIST, second.line);
      const letIn = /read again: 2 senders are let in/;
      await host.journal(UNIT, letIn);
      await host.shell(`systemctl reload ${UNIT}`);
      await host.journal(UNIT, letIn, 2);
      await (await second.send(key, 'tank/data@tuesday', '--from', '@monday')).expectExit(0);
      await assertReplica(lab, 'tank/data@tuesday', `${INTO}/data@tuesday`);

      const sender = await second.send(key, 'tank/long@monday', '--rate', '2Mbit');
      await sender.waitFor((event) => event.event === 'progress' && (event.bytes ?? 0) > 0, 'progress');
      const before = await promiscuity();
      await host.shell(`systemctl stop ${UNIT}`);
      await sender.expectExit(1);
      assert.match(sender.said(), /PEER_ABORTED.*the receiver was interrupted/);
      assert.equal(await exists(`${INTO}/long`), false);
      assert.equal(await promiscuity(), before - 1);
      // 3: not running, and not failed either.
      const story = await host.shell(`systemctl status --no-pager --full --lines=50 ${UNIT}`, 3);
      assert.match(story, /Active: inactive \(dead\)/);
      assert.match(story, new RegExp(`received tank/data from .*; now ${INTO}/data`));
      assert.match(story, /tank\/long from .* failed .*the receiver was interrupted/);
    },
  },
];
