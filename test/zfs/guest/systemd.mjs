/**
 * The guest's own systemd, as process 1 of namespaces beside the receiver's interface: it runs units as they are shipped.
 * Its /run and /tmp are its own, so that nothing of it outlives it; /etc and /var are the guest's.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Command, run } from './command.mjs';

const CGROUPS = '/sys/fs/cgroup';
/** Where its control groups hang; inside, that is the root of all. */
const CGROUP = `${CGROUPS}/systemd-of-zb`;
/** Where it listens for systemctl, without D-Bus. */
const SOCKET = 'run/systemd/private';
const BOOT_TIMEOUT_MS = 90_000;
const JOURNAL_TIMEOUT_MS = 60_000;

/**
 * Services of the boot that are left out: the first three would take /dev/zfs from its users, as they do on a host before
 * udev has its say; the others take their time.
 */
const LEFT_OUT = [
  'kmod-static-nodes',
  'systemd-tmpfiles-setup-dev',
  'systemd-tmpfiles-setup-dev-early',
  'systemd-tmpfiles-setup',
  'systemd-binfmt',
  'systemd-modules-load',
  'systemd-remount-fs',
  'systemd-sysctl',
  'systemd-sysusers',
  'systemd-update-utmp',
  'systemd-journal-flush',
];

/**
 * Becomes process 1, alone in its control group, or it could not hand controllers on. A read-only /sys is how systemd knows
 * that devices are not its business; container= keeps it from the kernel's settings. What is started is what every service
 * waits for, and no service that the release enables.
 */
const BOOT = `
  set -e
  echo 0 >${CGROUP}/cgroup.procs
  mount -t tmpfs -o mode=0755 tmpfs /run
  mount -t tmpfs tmpfs /tmp
  mount -t sysfs -o ro sysfs /sys
  mkdir -p /run/systemd/system
  for name in ${LEFT_OUT.join(' ')}; do ln -s /dev/null /run/systemd/system/$name.service; done
  exec unshare --cgroup sh -ec 'mount -t cgroup2 cgroup2 ${CGROUPS}
    exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      /lib/systemd/systemd --system --unit=sysinit.target'`;

/** A root shell on that host, and what its systemd says. */
export class Systemd {
  #lab;
  #pid;
  /** @type {Command | undefined} */
  #journal;

  /**
   * @param {import('./lab.mjs').Lab} lab
   * @param {number} pid of process 1, as it is outside
   */
  constructor(lab, pid) {
    this.#lab = lab;
    this.#pid = pid;
  }

  /**
   * Runs until the case ends; the kernel then ends whatever it has started.
   *
   * @param {import('./lab.mjs').Lab} lab
   * @returns {Promise<Systemd>}
   */
  static async boot(lab) {
    if (!existsSync(`${CGROUPS}/cgroup.procs`)) await run('mount', '-t', 'cgroup2', 'cgroup2', CGROUPS);
    writeFileSync(`${CGROUPS}/cgroup.subtree_control`, '+cpu +io +memory +pids');
    mkdirSync(CGROUP, { recursive: true });
    // No first boot, no update: what systemd does then takes long in there, and is not what is looked at.
    for (const directory of ['/etc', '/var']) writeFileSync(`${directory}/.updated`, '');
    if (!/^[0-9a-f]{32}$/m.test(readIfAny('/etc/machine-id')))
      writeFileSync('/etc/machine-id', `${'5a'.repeat(16)}\n`);
    const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--ipc', '--uts'];
    const words = ['--net=/run/netns/zb', ...unshare, '--propagation', 'slave', 'sh', '-c', BOOT];
    const command = lab.start(new Command('nsenter', words));
    const deadlineMs = performance.now() + BOOT_TIMEOUT_MS * lab.plan.slowness;
    for (;;) {
      const pid = childOf(command.pid);
      if (pid !== undefined && existsSync(`/proc/${pid}/root/${SOCKET}`)) return new Systemd(lab, pid);
      assert.equal(command.finished, undefined, 'systemd ended');
      assert.ok(performance.now() < deadlineMs, 'systemd does not answer');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /**
   * @param {string} line of a shell, as root
   * @param {number} [exitCode]
   * @returns {Promise<string>} what it said, on both streams
   */
  async shell(line, exitCode = 0) {
    const command = this.#start(line);
    const finished = await command.exit;
    assert.equal(finished.exitCode, exitCode, `exit of: ${line}`);
    return finished.stdout + finished.stderr;
  }

  /**
   * Waits for what a unit says. One journalctl follows it for the whole case: starting one takes a second in there.
   *
   * @param {string} unit
   * @param {RegExp} wanted
   * @param {number} [times] how often
   */
  async journal(unit, wanted, times = 1) {
    this.#journal ??= this.#start(`exec journalctl --follow --lines=all --unit=${unit}`);
    const deadlineMs = performance.now() + JOURNAL_TIMEOUT_MS * this.#lab.plan.slowness;
    const pattern = new RegExp(wanted, 'g');
    while ((this.#journal.stdout.match(pattern)?.length ?? 0) < times) {
      assert.ok(performance.now() < deadlineMs, `the journal of ${unit} does not say ${wanted}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** @param {string} line */
  #start(line) {
    const inside = ['--all', '--target', String(this.#pid), '--wd=/share/zwire'];
    return this.#lab.start(new Command('nsenter', [...inside, 'sh', '-ec', `${line}\n`]));
  }
}

/**
 * @param {number} pid
 * @returns {number | undefined} its first child
 */
function childOf(pid) {
  const text = readIfAny(`/proc/${pid}/task/${pid}/children`).trim();
  return text === '' ? undefined : Number(text.split(' ')[0]);
}

/** @param {string} path */
function readIfAny(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
