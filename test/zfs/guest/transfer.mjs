/**
 * The command line under test, in the two namespaces: the sender in za (vza, 198.18.0.1), the receiver in zb
 * (vzb, 198.18.0.2).
 */
import assert from 'node:assert/strict';
import { Command, run } from './command.mjs';

export const SENDER_IP = '198.18.0.1';
export const RECEIVER_IP = '198.18.0.2';
/** Set in boot.sh; those of the seed's document. */
export const SENDER_MAC = '46:dc:e7:58:d0:a2';
export const RECEIVER_MAC = 'e2:ff:48:6e:a9:fe';

/** Node alone starts in 1.3 s there, and the other core may be busy. */
const START_TIMEOUT_MS = 90_000;

/** For receivers of a single case, beside the standing one on the default port. */
export const OWN_PORT = '1338';

/**
 * An event line of --json, as src/transfer/event.ts has them; the fields that no case reads are left out.
 *
 * @typedef {object} ZwireEvent
 * @property {string} event
 * @property {string} [transfer] 16 hex digits, the same on both sides
 * @property {string} [name]
 * @property {string} [target]
 * @property {boolean} [gso]
 * @property {number} [bytes]
 * @property {string} [outcome]
 * @property {string} [guid]
 * @property {string} [code]
 * @property {string} [message]
 * @property {{ code: string, message: string, hint?: string }} [error]
 */

/** @returns {Promise<number>} memberships that keep vzb promiscuous */
export async function promiscuity() {
  const details = await run('ip', '-n', 'zb', '-d', 'link', 'show', 'dev', 'vzb');
  const count = /promiscuity (\d+)/.exec(details)?.[1];
  assert.ok(count, `ip does not say: ${details}`);
  return Number(count);
}

/** One `zwire` command. */
export class Zwire extends Command {
  /**
   * @param {'za' | 'zb'} namespace
   * @param {readonly string[]} args
   */
  constructor(namespace, args) {
    super('nsenter', [
      `--net=/run/netns/${namespace}`,
      process.execPath,
      '/share/zwire/bin/zwire.mjs',
      ...args,
    ]);
  }

  /** @returns {ZwireEvent[]} what it has said so far */
  events() {
    const complete = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1);
    return complete
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }

  /**
   * @param {(event: ZwireEvent) => boolean} wanted
   * @param {string} what for the error's text
   * @param {number} [timeoutMs]
   * @returns {Promise<ZwireEvent>} rejects when it ends without, or takes too long
   */
  async waitFor(wanted, what, timeoutMs = START_TIMEOUT_MS) {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const ended = this.finished !== undefined;
      const found = this.events().find(wanted);
      if (found) return found;
      if (ended) throw new Error(`ended before ${what}`);
      if (performance.now() > deadlineMs) throw new Error(`no ${what} within ${timeoutMs / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /**
   * @param {number} exitCode
   * @returns {Promise<import('./command.mjs').Finished>}
   */
  async expectExit(exitCode) {
    const finished = await this.exit;
    assert.equal(finished.signal ?? finished.exitCode, exitCode, `exit of: ${this.line}`);
    return finished;
  }

  /** @returns {string} everything it said, for a look whether people are told something */
  said() {
    return this.stdout + this.stderr;
  }
}

/**
 * One receiver for all cases that need no flags of their own: it takes one transfer after another into the pool
 * `backup` that the case has made. (Starting one takes several seconds in there.)
 */
export class StandingReceiver {
  /** @type {Zwire | undefined} */
  #command;
  #eventsBefore = 0;
  /** How many promiscuous memberships of vzb are its own. */
  promiscuity = 0;

  /** @returns {boolean} */
  get isRunning() {
    return this.#command !== undefined && this.#command.finished === undefined;
  }

  /** Starts it when there is none, or when it has ended against the rules. */
  async ready() {
    if (!this.#command || !this.isRunning) {
      const flags = ['--interface', 'vzb', '--into', 'backup', '--insecure', '--json'];
      const before = await promiscuity();
      this.#command = new Zwire('zb', ['receive', ...flags]);
      await this.#command.waitFor((event) => event.event === 'listening', 'listening');
      this.promiscuity = (await promiscuity()) - before;
    }
    this.#eventsBefore = this.#command.events().length;
  }

  /** @returns {ZwireEvent[]} since it was made ready for the last time */
  events() {
    return this.#command?.events().slice(this.#eventsBefore) ?? [];
  }

  /**
   * @param {(event: ZwireEvent) => boolean} wanted
   * @param {string} what
   * @returns {Promise<ZwireEvent>}
   */
  async waitFor(wanted, what) {
    if (!this.#command) throw new Error('the standing receiver has not been started');
    const old = new Set(
      this.#command
        .events()
        .slice(0, this.#eventsBefore)
        .map((event) => JSON.stringify(event)),
    );
    return this.#command.waitFor((event) => wanted(event) && !old.has(JSON.stringify(event)), what);
  }

  /** After a case that failed: whatever it was doing for that is not the next one's business. */
  async stop() {
    this.#command?.killGroup('SIGKILL');
    await this.#command?.exit;
    this.#command = undefined;
    this.#eventsBefore = 0;
  }

  /** @returns {string[]} */
  transcript() {
    if (!this.#command) return [];
    const events = this.events().filter((event) => event.event !== 'progress');
    const state = this.isRunning ? 'running' : 'ended';
    return [
      `standing receiver (${state})`,
      ...events.map((event) => `  ${JSON.stringify(event)}`),
      this.#command.stderr,
    ];
  }
}

/**
 * Starts a receiver of the case's own and waits until it listens, on another port than the standing one.
 *
 * @param {import('./lab.mjs').Lab} lab
 * @param {readonly string[]} args
 * @returns {Promise<Zwire>}
 */
export async function startReceiver(lab, ...args) {
  return listening(lab, [
    'receive',
    '--interface',
    'vzb',
    '--port',
    OWN_PORT,
    '--insecure',
    '--json',
    ...args,
  ]);
}

/**
 * The same in the seed's form.
 *
 * @param {import('./lab.mjs').Lab} lab
 * @param {readonly string[]} args
 * @returns {Promise<Zwire>}
 */
export async function startSeedReceiver(lab, ...args) {
  return listening(lab, [
    '--reciever',
    '--interface',
    'vzb',
    '--udp-port',
    OWN_PORT,
    '--insecure',
    '--json',
    ...args,
  ]);
}

/**
 * @param {import('./lab.mjs').Lab} lab
 * @param {readonly string[]} args
 * @returns {Zwire}
 */
export function startSender(lab, ...args) {
  const route = ['--interface', 'vza', '--destination-ip', RECEIVER_IP];
  return lab.start(new Zwire('za', ['send', ...route, '--insecure', '--json', ...args]));
}

/**
 * @param {import('./lab.mjs').Lab} lab
 * @param {readonly string[]} args
 */
async function listening(lab, args) {
  const receiver = lab.start(new Zwire('zb', args));
  await receiver.waitFor((event) => event.event === 'listening', 'listening');
  return receiver;
}

/**
 * One transfer from beginning to end into the standing receiver, with success on both sides.
 *
 * @param {import('./lab.mjs').Lab} lab
 * @param {readonly string[]} sendArgs
 * @returns {Promise<{ sent: ZwireEvent, received: ZwireEvent }>} the last event of each side
 */
export async function transfer(lab, ...sendArgs) {
  await lab.standing.ready();
  const sender = startSender(lab, ...sendArgs);
  await sender.expectExit(0);
  assertSuperFrames(lab, sender);
  const sent = finishedEvent(sender);
  const received = await lab.standing.waitFor(
    (event) => event.event === 'finished' && event.transfer === sent.transfer,
    'the end of the transfer',
  );
  assert.equal(received.outcome, 'committed');
  return { sent, received };
}

/**
 * Linux 6.1 refuses GSO on packet sockets (it came with 6.2): there the frames must leave one by one, and on a
 * newer kernel they must not.
 *
 * @param {import('./lab.mjs').Lab} lab
 * @param {Zwire} sender
 */
export function assertSuperFrames(lab, sender) {
  const said = new Set(sender.events().flatMap((event) => (event.gso === undefined ? [] : [event.gso])));
  assert.deepEqual([...said], [lab.plan.gso], 'gso in the events of the sender');
}

/**
 * @param {Zwire} command
 * @returns {ZwireEvent}
 */
export function finishedEvent(command) {
  const found = command.events().findLast((event) => event.event === 'finished');
  assert.ok(found, `no event 'finished' from: ${command.line}`);
  return found;
}
