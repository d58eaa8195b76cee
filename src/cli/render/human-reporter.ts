// What people see on standard error: a progress line on a terminal, a summary for each transfer, errors.
import type { OutputStream } from '../context.ts';
import { hasColour } from './colour.ts';
import { renderError, renderWarning } from './error-text.ts';
import { formatBytes, formatCount } from './figures.ts';
import { type ProgressState, progressLine } from './progress-line.ts';
import type { CommandEvent, Reporter } from './reporter.ts';
import { type FinishedEvent, type Role, summaryLine } from './summary.ts';
import { TerminalLine } from './terminal-line.ts';
import { printable } from './terminal-text.ts';

/** The progress line is drawn at most this often. */
const DRAW_INTERVAL_MS = 200;
/** Transfers that are kept track of; a receiver has far fewer at once, and ended ones are forgotten. */
const TRANSFERS_MAX = 1024;

export interface HumanReporterOptions {
  readonly stream: OutputStream;
  readonly environment: Readonly<Partial<Record<string, string>>>;
  readonly role: Role;
  readonly quiet: boolean;
  readonly debug: boolean;
  /** A transfer that fails is also thrown, and then printed by failure(): not twice. */
  readonly failuresAreThrown: boolean;
}

interface TransferState {
  readonly name: string;
  readonly peer: string;
  readonly progress?: ProgressState;
}

type ProgressEvent = Extract<CommandEvent, { event: 'progress' }>;

export class HumanReporter implements Reporter {
  readonly #options: HumanReporterOptions;
  readonly #line: TerminalLine;
  readonly #colour: boolean;
  /** Progress and chatter are for a terminal; elsewhere only what matters afterwards is said. */
  readonly #live: boolean;
  readonly #transfers: Map<string, TransferState> = new Map();
  #drawTime = Number.NEGATIVE_INFINITY;

  constructor(options: HumanReporterOptions) {
    this.#options = options;
    this.#line = new TerminalLine(options.stream);
    this.#colour = hasColour(options.stream, options.environment);
    this.#live = options.stream.isTTY === true && !options.quiet;
  }

  event(event: CommandEvent): void {
    switch (event.event) {
      case 'listening':
        this.#listening(`listening on ${event.endpoint}, MTU ${event.mtuBytes}`);
        return;
      case 'announced':
        this.#remember(event.transfer, { name: event.name, peer: event.peer });
        if (this.#options.role === 'send') this.#chat(announcedText(event));
        return;
      case 'accepted':
        this.#remember(event.transfer, { name: event.name, peer: event.peer });
        return;
      case 'snapshot':
        this.#say(`took snapshot ${event.name}`);
        return;
      case 'traced':
        this.#say(
          `wrote ${formatCount(event.events, 'event')} to ${event.path}; see: zwire trace report ${event.path}`,
        );
        return;
      case 'progress':
        this.#progress(event);
        return;
      case 'refused':
        // A sender that is refused ends with it as its error.
        if (this.#options.role === 'receive')
          this.#warn(event.code, `refused ${event.peer}: ${event.message}`);
        return;
      case 'warning':
        this.#warn(event.code, event.message);
        return;
      case 'finished':
        this.#finished(event);
        return;
      case 'error':
        return;
    }
  }

  failure(error: unknown): void {
    this.#line.clear();
    this.#line.print(renderError(error, { colour: this.#colour, debug: this.#options.debug }));
  }

  close(): void {
    this.#line.clear();
  }

  #remember(transfer: string, state: TransferState): void {
    if (this.#transfers.size >= TRANSFERS_MAX) this.#transfers.clear();
    this.#transfers.set(transfer, state);
  }

  #progress(event: ProgressEvent): void {
    const { name, peer } = this.#transfers.get(event.transfer) ?? { name: event.transfer, peer: '' };
    this.#transfers.set(event.transfer, { name, peer, progress: { ...event, name } });
    const sinceDrawnMs = event.time - this.#drawTime;
    // A clock that was set back must not freeze the line.
    if (!this.#live || (sinceDrawnMs >= 0 && sinceDrawnMs < DRAW_INTERVAL_MS)) return;
    this.#drawTime = event.time;
    const states = [...this.#transfers.values()].flatMap((state) => state.progress ?? []);
    const verb = this.#options.role === 'send' ? 'sending' : 'receiving';
    this.#line.show(progressLine(verb, states, this.#line.columns));
  }

  #finished(event: FinishedEvent): void {
    const transfer = this.#transfers.get(event.transfer) ?? { name: 'a transfer', peer: 'an unknown host' };
    this.#transfers.delete(event.transfer);
    if (this.#transfers.size === 0) this.#line.clear();
    if (event.outcome !== 'failed') {
      this.#say(summaryLine(this.#options.role, transfer, event));
      return;
    }
    if (this.#options.failuresAreThrown || event.error === undefined) return;
    const { code, message, hint } = event.error;
    const text = `${transfer.name} from ${transfer.peer} failed after ${formatBytes(event.bytes)}: ${message}`;
    const error = Object.assign(new Error(text), { code, hint });
    this.#line.print(renderError(error, { colour: this.#colour, debug: false }));
  }

  #warn(code: string, message: string): void {
    this.#line.print(renderWarning(code, message, this.#colour));
  }

  #say(text: string): void {
    if (!this.#options.quiet) this.#line.print(`zwire: ${printable(text)}`);
  }

  /** A receiver that stays says it anywhere: its journal tells since when it could be reached. */
  #listening(text: string): void {
    if (this.#options.failuresAreThrown) this.#chat(text);
    else this.#say(text);
  }

  #chat(text: string): void {
    if (this.#live) this.#line.print(`zwire: ${printable(text)}`);
  }
}

function announcedText(event: Extract<CommandEvent, { event: 'announced' }>): string {
  // The size of a file is known; that of a stream of ZFS is an estimate.
  const about = event.kind === 'file' ? '' : 'about ';
  const size = event.sizeBytes === undefined ? '' : `, ${about}${formatBytes(Number(event.sizeBytes))}`;
  const frames = event.gso === undefined ? '' : event.gso ? ', super-frames' : ', single frames';
  return `sending ${event.name} to ${event.peer}${size}, MTU ${event.mtuBytes}${frames}`;
}
