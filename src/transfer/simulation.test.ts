// The flow of records in virtual time: SendWindow, RecordTable and CreditPool as they are, between them a wire that
// loses, repeats, delays and reorders, behind them sinks that stall. The senders and receivers around the three do
// what outbound-transfer.ts and inbound-transfer.ts do, without bytes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasBit } from '../bytes/bitmap64.ts';
import { LIMITS } from '../wire/limits.ts';
import { decodeStatus, emptyStatus, encodeStatus } from '../wire/status.ts';
import { CreditPool } from './credit-pool.ts';
import { RecordTable } from './record-table.ts';
import { SendWindow } from './send-window.ts';

const TABLE_RECORDS = 512;
const SLOTS = 96;
const START_MS = 1000;
/** Longest time that a transfer may take: what stands still is broken. */
const LIMIT_MS = 600_000;

interface Scene {
  readonly seed: number;
  readonly transfers: number;
  readonly records: number;
  readonly segments: number;
  readonly poolRecords: number;
  readonly linkRecords: number;
  /** Shares of all datagrams, each way. */
  readonly lost: number;
  readonly doubled: number;
  /** Share of records that arrive whole and fail their check. */
  readonly damaged: number;
  readonly delayMs: number;
  /** Added to a datagram's delay at random: they overtake each other. */
  readonly jitterMs: number;
  readonly sinkRecordsPerMs: number;
  /** Share of turns at which a sink stops, and for how long. */
  readonly stalls: number;
  readonly stallMs: number;
}

/** mulberry32: uniform in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The clock and everything that is on its way. */
class Wire {
  nowMs = START_MS;
  readonly random: () => number;
  readonly #scene: Scene;
  readonly #turnMs: number;
  readonly #arrivals: Map<number, (() => void)[]> = new Map();
  #turn = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.random = randomFrom(scene.seed);
    this.#turnMs = Math.max(0.5, scene.delayMs / 20);
  }

  send(arrive: () => void): void {
    const { lost, doubled } = this.#scene;
    if (this.random() >= lost) this.#deliver(arrive);
    if (this.random() < doubled) this.#deliver(arrive);
  }

  #deliver(arrive: () => void): void {
    const { delayMs, jitterMs } = this.#scene;
    const afterMs = delayMs + this.random() * jitterMs;
    const turn = this.#turn + Math.max(1, Math.round(afterMs / this.#turnMs));
    const others = this.#arrivals.get(turn);
    if (others === undefined) this.#arrivals.set(turn, [arrive]);
    else others.push(arrive);
  }

  /** Time goes on by a turn, and what is due arrives. */
  advance(): void {
    this.#turn++;
    this.nowMs += this.#turnMs;
    for (const arrive of this.#arrivals.get(this.#turn) ?? []) arrive();
    this.#arrivals.delete(this.#turn);
  }
}

/** What all transfers into one receiver share. */
class Memory {
  readonly credit: CreditPool;
  readonly #slots: number;
  #taken = 0;

  constructor(scene: Scene) {
    this.#slots = scene.poolRecords;
    this.credit = new CreditPool(scene.poolRecords, scene.transfers);
  }

  take(): number {
    if (this.#taken === this.#slots) throw new Error('credit was given that no memory backs');
    return this.#taken++;
  }

  give(): void {
    this.#taken--;
  }
}

class Receiver {
  creditLimit = 0;
  delivered = 0;
  readonly table: RecordTable = new RecordTable(TABLE_RECORDS);
  readonly #id: string;
  readonly #scene: Scene;
  readonly #wire: Wire;
  readonly #memory: Memory;
  readonly #answer: (status: Uint8Array) => void;
  readonly #queue: number[] = [];
  #handedOver = 0;
  #probeTimeUs = 0;
  #echoTimeUs = 0;
  #dirty = true;
  #saidAtMs = 0;
  #sinkMayWrite = 0;
  #stalledUntilMs = 0;

  constructor(id: string, scene: Scene, wire: Wire, memory: Memory, answer: (status: Uint8Array) => void) {
    this.#id = id;
    this.#scene = scene;
    this.#wire = wire;
    this.#memory = memory;
    this.#answer = answer;
    if (!memory.credit.open(id)) throw new Error('the pool takes fewer transfers than it was told');
    this.#extendCredit();
  }

  #extendCredit(): void {
    const more = this.#memory.credit.grant(this.#id, this.creditLimit - this.delivered);
    const limit = Math.min(this.creditLimit + more, this.delivered + TABLE_RECORDS - 2);
    if (limit <= this.creditLimit) return;
    this.creditLimit = limit;
    this.#dirty = true;
  }

  onSegment(record: number, segment: number): void {
    if (record >= this.creditLimit)
      throw new Error(`record ${record} passed the credit of ${this.creditLimit}`);
    const { table } = this;
    if (!table.wants(record)) return;
    this.#dirty = true;
    if (!table.isPartial(record)) table.begin(record, this.#memory.take(), 1);
    if (!table.addSegment(record, segment) || table.segmentsHere(record) < this.#scene.segments) return;
    if (this.#wire.random() < this.#scene.damaged) {
      table.forget(record);
      this.#memory.give();
      return;
    }
    table.notice(record, this.#wire.nowMs);
    table.complete(record, 0, 1);
    while (table.advance());
    this.#handOver();
  }

  /** The newest waits for the one behind it; the last of all for END, which is taken as known here. */
  #handOver(): void {
    const { cumulative } = this.table;
    const end = cumulative === this.#scene.records ? cumulative : cumulative - 1;
    for (; this.#handedOver < end; this.#handedOver++) {
      this.#queue.push(this.#handedOver);
      this.table.clear(this.#handedOver);
    }
  }

  onProbe(timeUs: number): void {
    this.#probeTimeUs = Math.max(this.#probeTimeUs, timeUs);
  }

  turn(turnMs: number): void {
    this.#write(turnMs);
    const asked = this.#probeTimeUs > this.#echoTimeUs;
    this.#echoTimeUs = this.#probeTimeUs;
    const sinceMs = this.#wire.nowMs - this.#saidAtMs;
    const due = (this.#dirty && sinceMs >= 1) || (this.table.hasGaps() && sinceMs >= 2) || sinceMs >= 100;
    if (asked || due) this.#say();
  }

  #write(turnMs: number): void {
    const { sinkRecordsPerMs, stalls, stallMs } = this.#scene;
    const { nowMs, random } = this.#wire;
    if (nowMs < this.#stalledUntilMs) return;
    if (random() < stalls) this.#stalledUntilMs = nowMs + stallMs;
    this.#sinkMayWrite = Math.min(
      this.#sinkMayWrite + turnMs * sinkRecordsPerMs,
      1 + turnMs * sinkRecordsPerMs,
    );
    for (; this.#sinkMayWrite >= 1 && this.#queue.length > 0; this.#sinkMayWrite--) {
      const record = this.#queue.shift();
      if (record !== this.delivered)
        throw new Error(`record ${record} was written after ${this.delivered - 1}`);
      this.delivered++;
      this.#memory.give();
      this.#dirty = true;
    }
    this.#extendCredit();
  }

  #say(): void {
    this.#saidAtMs = this.#wire.nowMs;
    this.#dirty = false;
    const status = emptyStatus();
    status.cumulative = this.table.cumulative;
    status.delivered = this.delivered;
    status.highest = this.table.highest;
    status.creditLimit = this.creditLimit;
    status.echoTimeUs = this.#echoTimeUs;
    this.table.listMissing(status, this.#wire.nowMs);
    const bytes = new Uint8Array(LIMITS.controlBodyBytes);
    this.#answer(bytes.subarray(0, encodeStatus(new DataView(bytes.buffer), 0, status)));
  }
}

class Sender {
  readonly window: SendWindow;
  readonly #scene: Scene;
  readonly #wire: Wire;
  readonly #status = emptyStatus();
  #receiver: Receiver | undefined;
  repeats = 0;

  constructor(scene: Scene, wire: Wire, creditLimit: number) {
    this.#scene = scene;
    this.#wire = wire;
    const { linkRecords } = scene;
    this.window = new SendWindow({ slots: SLOTS, linkRecords, creditLimit, nowMs: wire.nowMs });
  }

  attach(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  onStatus(bytes: Uint8Array): void {
    decodeStatus(
      new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      0,
      bytes.byteLength,
      this.#status,
    );
    this.window.onStatus(this.#status, this.#wire.nowMs, (record, low, high) => {
      for (let segment = 0; segment < this.#scene.segments; segment++) {
        if (hasBit(low, high, segment)) this.#sendSegment(record, segment);
      }
      this.repeats++;
    });
  }

  #sendSegment(record: number, segment: number): void {
    this.#wire.send(() => this.#receiver?.onSegment(record, segment));
  }

  turn(): void {
    const { window } = this;
    const { nowMs } = this.#wire;
    while (window.next < this.#scene.records && window.maySend()) {
      for (let segment = 0; segment < this.#scene.segments; segment++)
        this.#sendSegment(window.next, segment);
      window.sent(nowMs);
    }
    if (window.inFlight > Math.min(SLOTS, this.#scene.linkRecords))
      throw new Error('more in flight than the link holds');
    if (!window.probeDue(nowMs)) return;
    const timeUs = Math.round(nowMs * 1000);
    window.probed(timeUs, nowMs);
    this.#wire.send(() => this.#receiver?.onProbe(timeUs));
  }
}

/** Runs all transfers to their end; returns how long it took, ms, and how many records were sent again. */
function run(scene: Scene): { durationMs: number; repeats: number } {
  const wire = new Wire(scene);
  const memory = new Memory(scene);
  const pairs = Array.from({ length: scene.transfers }, (_, index) => {
    const answer = (status: Uint8Array): void => wire.send(() => sender.onStatus(status));
    const receiver = new Receiver(String(index), scene, wire, memory, answer);
    const sender: Sender = new Sender(scene, wire, receiver.creditLimit);
    sender.attach(receiver);
    return { sender, receiver };
  });
  const { records } = scene;
  const over = ({ sender, receiver }: (typeof pairs)[number]): boolean =>
    receiver.delivered === records && sender.window.acknowledged === records;
  while (!pairs.every(over)) {
    const before = wire.nowMs;
    for (const { sender } of pairs) sender.turn();
    wire.advance();
    for (const { receiver } of pairs) receiver.turn(wire.nowMs - before);
    if (wire.nowMs - START_MS > LIMIT_MS) {
      const states = pairs.map(
        ({ sender, receiver }) => `${sender.window.acknowledged}/${receiver.delivered}`,
      );
      throw new Error(
        `of ${records} records, acknowledged/delivered after ${LIMIT_MS} ms: ${states.join(' ')}`,
      );
    }
  }
  const repeats = pairs.reduce((sum, { sender }) => sum + sender.repeats, 0);
  return { durationMs: wire.nowMs - START_MS, repeats };
}

const share = (max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constant(0), fc.double({ min: 0, max, noNaN: true }));
const scenes: fc.Arbitrary<Scene> = fc.record({
  seed: fc.integer(),
  transfers: fc.integer({ min: 1, max: 3 }),
  records: fc.integer({ min: 1, max: 300 }),
  segments: fc.constantFrom(1, 2, 7, 44),
  poolRecords: fc.integer({ min: 8, max: 400 }),
  linkRecords: fc.integer({ min: 2, max: 200 }),
  lost: share(0.3),
  doubled: share(0.3),
  damaged: share(0.1),
  delayMs: fc.constantFrom(0.05, 1, 20, 300),
  jitterMs: fc.constantFrom(0, 0.4, 3, 50, 400),
  sinkRecordsPerMs: fc.constantFrom(0.2, 2, 50),
  stalls: share(0.02),
  stallMs: fc.constantFrom(1, 30, 3000),
});

test('every record arrives once and in order, credit is never passed, and it always ends', () => {
  fc.assert(
    fc.property(scenes, (scene) => {
      run(scene);
    }),
    { numRuns: 150, seed: 20_260_728 },
  );
});

const CALM: Scene = {
  seed: 1,
  transfers: 1,
  records: 1000,
  segments: 7,
  poolRecords: 2000,
  linkRecords: 96,
  lost: 0,
  doubled: 0,
  damaged: 0,
  delayMs: 1,
  jitterMs: 0,
  sinkRecordsPerMs: 1000,
  stalls: 0,
  stallMs: 0,
};

test('a good wire is used well, and nothing goes twice', () => {
  const { durationMs, repeats } = run(CALM);
  expect(repeats).toBe(0);
  // A thousand records, 96 a round trip of some 4 ms.
  expect(durationMs).toBeLessThan(80);
});

test('a bad cable costs about what it loses', () => {
  const { durationMs, repeats } = run({ ...CALM, segments: 1, lost: 0.02 });
  expect(repeats).toBeGreaterThan(5);
  expect(repeats).toBeLessThan(60);
  expect(durationMs).toBeLessThan(400);
});

test('a sink that stands still for seconds loses nothing and repeats nothing', () => {
  const { repeats } = run({ ...CALM, poolRecords: 64, stalls: 0.05, stallMs: 2000 });
  expect(repeats).toBe(0);
});

test('over a long way what is lost goes again once, not with every STATUS that names it', () => {
  const { durationMs, repeats } = run({ ...CALM, segments: 1, lost: 0.02, delayMs: 50 });
  expect(repeats).toBeLessThan(60);
  // A thousand records at 96 in flight are 11 round trips of 100 ms; every loss costs one or two more.
  expect(durationMs).toBeLessThan(8000);
});
