/**
 * The command line under test, in the two namespaces: the sender in za (vza, 198.18.0.1), the receiver in zb
 * (vzb, 198.18.0.2).
 */
import assert from 'node:assert/strict';
import { Command } from './command.mjs';

export const SENDER_IP = '198.18.0.1';
export const RECEIVER_IP = '198.18.0.2';
/** Set in boot.sh; those of the seed's document. */
export const SENDER_MAC = '46:dc:e7:58:d0:a2';
export const RECEIVER_MAC = 'e2:ff:48:6e:a9:fe';

/** Node alone starts in 1.3 s there, and the other core may be busy. */
const START_TIMEOUT_MS = 30_000;

/**
 * An event line of --json, as src/transfer/event.ts has them; the fields that no case reads are left out.
 *
 * @typedef {object} ZwireEvent
 * @property {string} event
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
 * Starts a receiver and waits until it listens.
 *
 * @param {import('./lab.mjs').Lab} lab
 * @param {readonly string[]} args
 * @returns {Promise<Zwire>}
 */
export async function startReceiver(lab, ...args) {
  return listening(lab, ['receive', '--interface', 'vzb', '--insecure', '--json', ...args]);
}

/**
 * The same in the seed's form.
 *
 * @param {import('./lab.mjs').Lab} lab
 * @param {readonly string[]} args
 * @returns {Promise<Zwire>}
 */
export async function startSeedReceiver(lab, ...args) {
  return listening(lab, ['--reciever', '--interface', 'vzb', '--insecure', '--json', ...args]);
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
 * One transfer from beginning to end, with success on both sides.
 *
 * @param {import('./lab.mjs').Lab} lab
 * @param {readonly string[]} sendArgs
 * @param {readonly string[]} receiveArgs
 * @returns {Promise<{ sent: ZwireEvent, received: ZwireEvent }>} the last event of each side
 */
export async function transfer(lab, sendArgs, receiveArgs) {
  const receiver = await startReceiver(lab, '--once', ...receiveArgs);
  const sender = startSender(lab, ...sendArgs);
  await sender.expectExit(0);
  await receiver.expectExit(0);
  assertSuperFrames(lab, sender);
  return { sent: finishedEvent(sender), received: finishedEvent(receiver) };
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
