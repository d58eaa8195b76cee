/**
 * Runs programs in the guest. Every child leads its own process group, so that what it started can be ended
 * with it.
 */
import { spawn } from 'node:child_process';

/**
 * @typedef {object} Finished
 * @property {number | null} exitCode
 * @property {NodeJS.Signals | null} signal
 * @property {string} stdout
 * @property {string} stderr
 */

export class Command {
  /** As it would be typed, for transcripts. */
  line;
  stdout = '';
  stderr = '';
  /** @type {Finished | undefined} set when it has ended */
  finished;
  /** @type {Promise<Finished>} never rejects: a program that cannot be started ends with exit code 127 */
  exit;
  #child;

  /**
   * @param {string} file
   * @param {readonly string[]} args
   */
  constructor(file, args) {
    this.line = [file, ...args].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`)).join(' ');
    this.#child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#child.stdout.setEncoding('utf8').on('data', (text) => (this.stdout += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.exit = new Promise((resolve) => {
      const end = (/** @type {number | null} */ exitCode, /** @type {NodeJS.Signals | null} */ signal) => {
        this.finished = { exitCode, signal, stdout: this.stdout, stderr: this.stderr };
        resolve(this.finished);
      };
      this.#child.on('error', (error) => {
        this.stderr += error.message;
        end(127, null);
      });
      this.#child.on('close', end);
    });
  }

  /** @returns {number} */
  get pid() {
    return this.#child.pid ?? -1;
  }

  /**
   * Signals the program alone, as a supervisor would; a terminal's Ctrl-C is `interruptGroup`.
   *
   * @param {NodeJS.Signals} signal
   */
  kill(signal) {
    this.#child.kill(signal);
  }

  /**
   * Signals the whole process group, as the terminal does for Ctrl-C.
   *
   * @param {NodeJS.Signals} signal
   */
  killGroup(signal) {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // ESRCH: the group is gone, which is what was wanted
    }
  }

  /** @returns {string} */
  transcript() {
    const end = this.finished
      ? `ended with ${this.finished.signal ?? this.finished.exitCode}`
      : 'still running';
    const text = [`$ ${this.line}   (${end})`];
    if (this.stdout !== '') text.push(tail(this.stdout, 'stdout'));
    if (this.stderr !== '') text.push(tail(this.stderr, 'stderr'));
    return text.join('\n');
  }
}

/**
 * @param {string} text
 * @param {string} label
 */
function tail(text, label) {
  // Progress lines of --json say little and would bury the rest.
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('{"event":"progress"'));
  return lines.join('\n').slice(-3000).replace(/^/gm, `  ${label}: `);
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {Promise<Finished>}
 */
export function tryRun(file, ...args) {
  return new Command(file, args).exit;
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {Promise<string>} standard output; rejects when the program fails
 */
export async function run(file, ...args) {
  const command = new Command(file, args);
  const { exitCode } = await command.exit;
  if (exitCode !== 0) throw new Error(command.transcript());
  return command.stdout;
}
