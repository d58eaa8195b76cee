// What a worker notes down of single records and of probes while somebody traces. Never made otherwise, and then the
// loops only ask whether it is there.
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import { EchoList } from '../trace/echo-list.ts';
import { FlightTable } from '../trace/flight-table.ts';
import type { TraceClock } from '../trace/trace-clock.ts';

/** Shared memory of one side of a transfer. */
export interface RecordMemory {
  readonly flights: SharedArrayBuffer;
  /** Records that were repeated; the sender's. */
  readonly repeated: SharedArrayBuffer;
  readonly echoes: SharedArrayBuffer;
}

export function shareRecordMemory(): RecordMemory {
  return { flights: FlightTable.share(), repeated: FlightTable.share(), echoes: EchoList.share() };
}

/** Probes whose echo is awaited. */
const PROBES_MAX = 32;
const PROBE_EVERY_MS = 100;

/** The sender's side. */
export class OutboundRecordTrace {
  readonly #clock: TraceClock;
  readonly #flights: FlightTable;
  readonly #repeated: FlightTable;
  readonly #echoes: EchoList;
  readonly #probes: { readonly probeUs: number; readonly leftUs: number }[] = [];
  #probedAtMs = WIDE_ZERO;

  constructor(memory: RecordMemory, clock: TraceClock) {
    this.#clock = clock;
    this.#flights = new FlightTable(memory.flights);
    this.#repeated = new FlightTable(memory.repeated, 1);
    this.#echoes = new EchoList(memory.echoes);
  }

  /** A record is about to leave for the first time: the receiver's times are never before this. */
  leaves(record: number): void {
    if (this.#flights.wants(record)) this.#flights.add(record, this.#clock.nowUs());
  }

  /** Segments of a record leave again; `sentAtMs`: when it left first, of performance.now(). */
  repeated(record: number, segments: number, sentAtMs: number): void {
    const { offsetUs, nowUs } = this.#clock;
    this.#repeated.repeat(record, segments, sentAtMs * 1000 + offsetUs, nowUs());
  }

  /** The receiver holds all records below `held`, its sink all below `delivered`. */
  passed(held: number, delivered: number): void {
    const nowUs = this.#clock.nowUs();
    this.#flights.passed(held, delivered, nowUs);
    this.#repeated.passed(held, delivered, nowUs);
  }

  /** Clocks are compared ten times a second, whether or not the transfer needs a probe. */
  probeDue(nowMs: number): boolean {
    return nowMs - this.#probedAtMs >= PROBE_EVERY_MS;
  }

  /** About to leave, as in leaves(): the quickest exchange decides, and none may look quicker than it was. */
  probeLeaves(probeUs: number, nowMs: number): void {
    this.#probedAtMs = nowMs;
    if (this.#probes.length === PROBES_MAX) this.#probes.shift();
    this.#probes.push({ probeUs, leftUs: this.#clock.nowUs() });
  }

  /** A STATUS echoes this time; only the first one that does tells anything. */
  echoed(echoUs: number): void {
    const index = this.#probes.findIndex((probe) => probe.probeUs === echoUs);
    const probe = this.#probes[index];
    if (probe === undefined) return;
    this.#probes.splice(0, index + 1);
    this.#echoes.add(probe.probeUs, probe.leftUs, this.#clock.nowUs());
  }
}

/** The receiver's side. */
export class InboundRecordTrace {
  readonly #clock: TraceClock;
  readonly #flights: FlightTable;
  readonly #echoes: EchoList;
  #probeUs = WIDE_ZERO;
  #cameUs = WIDE_ZERO;

  constructor(memory: RecordMemory, clock: TraceClock) {
    this.#clock = clock;
    this.#flights = new FlightTable(memory.flights);
    this.#echoes = new EchoList(memory.echoes);
  }

  /** A record is whole and authentic. */
  completed(record: number): void {
    if (this.#flights.wants(record)) this.#flights.add(record, this.#clock.nowUs());
  }

  /** All records below are in the sink. */
  delivered(below: number): void {
    this.#flights.passed(below, below, this.#clock.nowUs());
  }

  probeCame(probeUs: number): void {
    this.#probeUs = probeUs;
    this.#cameUs = this.#clock.nowUs();
  }

  echoLeaves(): void {
    this.#echoes.add(this.#probeUs, this.#cameUs, this.#clock.nowUs());
  }
}
