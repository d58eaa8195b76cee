// Listens to the events of every transfer in this process and writes them down as a trace when the run is over,
// however it ended: what the workers recorded lies in memory that outlives them.
import type { TrackRole } from '../trace/activity.ts';
import {
  type CounterSample,
  drawActivity,
  drawCounters,
  drawFlights,
  nameProcess,
  nameTrack,
} from '../trace/draw.ts';
import { readEchoes } from '../trace/echo-list.ts';
import { type Flight, readFlights } from '../trace/flight-table.ts';
import { WORKER_TID } from '../trace/report.ts';
import { SampleSeries } from '../trace/sample-series.ts';
import { type TraceClock, traceClock } from '../trace/trace-clock.ts';
import { type TraceHost, type TraceTransfer, TRACE_FORMAT } from '../trace/trace-document.ts';
import { roundUs, type TraceEvent, TRANSFER } from '../trace/trace-event.ts';
import type { TraceWriter } from '../trace/trace-writer.ts';
import type { CounterSnapshot } from './counters.ts';
import { watch } from './event-channel.ts';
import type { EventOf } from './event.ts';
import type { RecordMemory } from './record-trace.ts';

/** A long run keeps its newest transfers; with them a file stays below a million events. */
export const TRANSFERS_MAX = 16;
export const SAMPLES_MAX = 2048;
const PID = 1;
/** Two tracks a transfer behind the worker's: its writer's and that of its records. */
const FIRST_TRANSFER_TID = 10;

interface Moment {
  readonly name: string;
  readonly atUs: number;
}

interface TracedTransfer {
  readonly transfer: string;
  readonly number: number;
  readonly samples: SampleSeries<CounterSample>;
  readonly moments: Moment[];
  name: string;
  kind: string;
  peer: string;
  outcome: TraceTransfer['outcome'];
  error: string | undefined;
  startUs: number;
  endUs: number;
  counters: CounterSnapshot | undefined;
  writer: SharedArrayBuffer | undefined;
  records: RecordMemory | undefined;
}

/** Collects what the threads of a transfer note down, for a trace. */
export class TraceCollector implements Disposable {
  readonly #role: TraceHost['role'];
  readonly #clock: TraceClock = traceClock();
  readonly #originUs: number;
  readonly #startedMs: number = Date.now();
  readonly #transfers: Map<string, TracedTransfer> = new Map();
  readonly #unwatch: readonly (() => void)[];
  #worker: { readonly role: TrackRole; readonly activity: SharedArrayBuffer } | undefined;
  #seen = 0;

  /** Watches from now on; transfers that began before are not traced. */
  constructor(role: TraceHost['role']) {
    this.#role = role;
    this.#originUs = this.#clock.nowUs();
    this.#unwatch = [
      watch('track', (event) => this.#onTrack(event)),
      watch('records', (event) => {
        this.#of(event.transfer).records = event.memory;
      }),
      watch('sample', (event) => this.#onSample(event)),
      watch('announced', (event) => this.#onAnnounced(event)),
      watch('accepted', (event) => this.#moment(event.transfer, 'accepted')),
      watch('refused', (event) => {
        if (this.#role === 'receive') this.#transfers.delete(event.transfer);
      }),
      watch('finished', (event) => this.#onFinished(event)),
    ];
  }

  #onTrack({ role, transfer, activity }: EventOf<'track'>): void {
    if (role === 'writer') this.#of(transfer).writer = activity;
    else this.#worker = { role, activity };
  }

  #onAnnounced({ transfer, name, kind, peer }: EventOf<'announced'>): void {
    Object.assign(this.#of(transfer), { name, kind, peer });
    this.#moment(transfer, 'announced');
  }

  #onSample({ transfer, counters }: EventOf<'sample'>): void {
    const traced = this.#of(transfer);
    const timeUs = this.#clock.nowUs();
    if (traced.startUs === 0) traced.startUs = timeUs;
    traced.endUs = timeUs;
    traced.counters = counters;
    const { bytes, repeats, drops, creditRecords, poolRecords } = counters;
    const pool = this.#role === 'receive' ? { poolRecords } : {};
    traced.samples.add({ timeUs, bytes, repeats, drops, creditRecords, ...pool });
  }

  #onFinished({ transfer, outcome, error }: EventOf<'finished'>): void {
    const traced = this.#of(transfer);
    traced.outcome = outcome;
    traced.error = error?.code;
    traced.endUs = this.#clock.nowUs();
    this.#moment(transfer, outcome);
  }

  #moment(transfer: string, name: string): void {
    this.#of(transfer).moments.push({ name, atUs: this.#clock.nowUs() });
  }

  #of(transfer: string): TracedTransfer {
    const known = this.#transfers.get(transfer);
    if (known !== undefined) return known;
    if (this.#transfers.size === TRANSFERS_MAX) this.#leaveOneOut();
    const traced: TracedTransfer = {
      transfer,
      number: this.#seen++,
      samples: new SampleSeries(SAMPLES_MAX),
      moments: [],
      name: '',
      kind: '',
      peer: '',
      outcome: 'unfinished',
      error: undefined,
      startUs: 0,
      endUs: 0,
      counters: undefined,
      writer: undefined,
      records: undefined,
    };
    this.#transfers.set(transfer, traced);
    return traced;
  }

  /** The oldest that is over, or the oldest. */
  #leaveOneOut(): void {
    const all = [...this.#transfers.values()];
    const oldest = all.find((traced) => traced.outcome !== 'unfinished') ?? all[0];
    if (oldest !== undefined) this.#transfers.delete(oldest.transfer);
  }

  /** Writes everything and ends the file. @throws ZwireError TRACE_UNWRITABLE */
  write(writer: TraceWriter): void {
    const nowUs = this.#clock.nowUs();
    const add = (events: readonly TraceEvent[]): void => events.forEach((event) => writer.add(event));
    add(nameProcess(PID, `zwire ${this.#role}`));
    const worker = this.#worker;
    if (worker !== undefined) {
      const track = { pid: PID, tid: WORKER_TID };
      add(nameTrack(track, worker.role));
      add(drawActivity(track, worker.role, worker.activity, this.#originUs));
    }
    const transfers = [...this.#transfers.values()].map((traced) => {
      add(this.#draw(traced, nowUs));
      return this.#describe(traced, nowUs);
    });
    const host: TraceHost = {
      pid: PID,
      role: this.#role,
      startedMs: this.#startedMs,
      transfers,
      transfersLeftOut: this.#seen - transfers.length,
    };
    writer.finish({ producer: 'zwire', format: TRACE_FORMAT, hosts: [host], alignments: [] });
  }

  #draw(traced: TracedTransfer, nowUs: number): TraceEvent[] {
    const { transfer, name, writer, records, samples, moments } = traced;
    const originUs = this.#originUs;
    const events: TraceEvent[] = moments.map((moment) => ({
      ph: 'i',
      name: `${moment.name}: ${name}`,
      cat: TRANSFER,
      s: 'p',
      pid: PID,
      tid: WORKER_TID,
      ts: roundUs(moment.atUs - originUs),
      args: { transfer },
    }));
    if (writer !== undefined) {
      const track = { pid: PID, tid: writerTid(traced) };
      events.push(...nameTrack(track, `writer of ${transfer}`));
      events.push(...drawActivity(track, 'writer', writer, originUs));
    }
    events.push(...drawCounters(PID, transfer, samples.samples, originUs));
    if (records === undefined) return events;
    const track = { pid: PID, tid: recordsTid(traced) };
    events.push(...nameTrack(track, `sampled records of ${transfer}`));
    const endUs = traced.outcome === 'unfinished' ? nowUs : traced.endUs;
    const drawing = { track, transfer, originUs, endUs, side: this.#role };
    events.push(...drawFlights(drawing, flightsOf(records)));
    return events;
  }

  #describe(traced: TracedTransfer, nowUs: number): TraceTransfer {
    const { transfer, name, kind, peer, outcome, error, counters, records } = traced;
    const atUs = (us: number): number => roundUs((us === 0 ? nowUs : us) - this.#originUs);
    const echoes = records === undefined ? [] : readEchoes(records.echoes);
    const flights = records === undefined ? undefined : readFlights(records.flights);
    const repeated = records === undefined ? undefined : readFlights(records.repeated);
    const { bytes = 0, segments = 0, repeats = 0, frames = 0, drops = 0, rejected = 0 } = counters ?? {};
    return {
      transfer,
      name,
      kind,
      peer,
      outcome,
      ...(error === undefined ? {} : { error }),
      startUs: atUs(traced.startUs),
      endUs: atUs(traced.endUs),
      figures: { bytes, records: counters?.records ?? 0, segments, repeats, frames, drops, rejected },
      flightStride: flights?.stride ?? 1,
      repeatedStride: repeated?.stride ?? 1,
      unlistedRepeats: repeated?.unlistedRepeats ?? 0,
      echoes: echoes.map(({ probeUs, firstUs, secondUs }) => ({
        probeUs,
        firstUs: roundUs(firstUs - this.#originUs),
        secondUs: roundUs(secondUs - this.#originUs),
      })),
      writerTid: traced.writer === undefined ? 0 : writerTid(traced),
      recordsTid: recordsTid(traced),
    };
  }

  /** Workers that start from now on record nothing. */
  [Symbol.dispose](): void {
    for (const unwatch of this.#unwatch) unwatch();
  }
}

function writerTid(traced: TracedTransfer): number {
  return FIRST_TRANSFER_TID + 2 * traced.number;
}

function recordsTid(traced: TracedTransfer): number {
  return writerTid(traced) + 1;
}

/** The sample and what was repeated, each record once: where both tables have it, the second knows more. */
function flightsOf(records: RecordMemory): Flight[] {
  const repeated = readFlights(records.repeated).flights;
  const known = new Set(repeated.map((flight) => flight.record));
  const sampled = readFlights(records.flights).flights.filter((flight) => !known.has(flight.record));
  return [...sampled, ...repeated];
}
