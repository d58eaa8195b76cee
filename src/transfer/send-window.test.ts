import { describe, expect, test } from 'vitest';
import { type Status, emptyStatus } from '../wire/status.ts';
import { SendWindow, type SendWindowOptions } from './send-window.ts';

const START_MS = 1000;
const WHOLE = 0xffff_ffff;

/** A window with the clock and the wire in the test's hands. */
class Desk {
  nowMs = START_MS;
  readonly window: SendWindow;
  repeated: [record: number, low: number, high: number][] = [];

  constructor(options: Partial<SendWindowOptions> = {}) {
    this.window = new SendWindow({
      slots: 96,
      linkRecords: 1000,
      creditLimit: 10_000,
      nowMs: START_MS,
      ...options,
    });
  }

  /** Sends what may be sent, at most `most`; returns how many left. */
  send(most = Infinity): number {
    let count = 0;
    for (; count < most && this.window.maySend(); count++) this.window.sent(this.nowMs);
    return count;
  }

  /** A STATUS arrives after `afterMs`; returns the records it made go again. */
  status(fields: Partial<Status>, afterMs = 0, missing: readonly [number, number, number][] = []): number[] {
    this.nowMs += afterMs;
    const status = Object.assign(emptyStatus(), { highest: fields.cumulative ?? 0 }, fields);
    status.entryCount = missing.length;
    for (const [index, [record, low, high]] of missing.entries()) {
      status.entryRecords[index] = record;
      status.entryMissingLow[index] = low;
      status.entryMissingHigh[index] = high;
    }
    this.repeated = [];
    this.window.onStatus(status, this.nowMs, (...repeat) => this.repeated.push(repeat));
    return this.repeated.map(([record]) => record);
  }

  probe(timeUs: number): void {
    this.window.probed(timeUs, this.nowMs);
  }
}

describe('credit', () => {
  test('is never passed, and says so', () => {
    const desk = new Desk({ creditLimit: 10 });
    expect(desk.send()).toBe(10);
    expect(desk.window.limitedBy).toBe('credit');
    desk.status({ cumulative: 10, creditLimit: 13 }, 1);
    expect(desk.send()).toBe(3);
    expect(desk.window.next).toBe(13);
  });

  test('is not taken back by a STATUS that came late', () => {
    const desk = new Desk({ creditLimit: 10 });
    desk.send();
    desk.status({ cumulative: 10, creditLimit: 40 }, 1);
    desk.status({ cumulative: 4, creditLimit: 20 }, 1);
    expect(desk.send()).toBe(30);
  });

  test('beats the window: a window with room is no leave to send', () => {
    const desk = new Desk({ creditLimit: 5 });
    expect(desk.send()).toBe(5);
    expect(desk.window.windowRecords).toBeGreaterThan(5);
    expect(desk.window.maySend()).toBe(false);
  });
});

describe('the window', () => {
  test('starts small, and doubles with every round trip up to the slots', () => {
    const desk = new Desk();
    const sizes = [desk.window.windowRecords];
    for (let round = 0; round < 4; round++) {
      desk.send();
      desk.status({ cumulative: desk.window.next, creditLimit: 10_000 }, 1);
      sizes.push(desk.window.windowRecords);
    }
    expect(sizes).toEqual([32, 64, 96, 96, 96]);
  });

  test('is never larger than what the link of the receiver holds', () => {
    const desk = new Desk({ linkRecords: 7 });
    for (let round = 0; round < 10; round++) {
      expect(desk.send()).toBeLessThanOrEqual(7);
      expect(desk.window.inFlight).toBeLessThanOrEqual(7);
      desk.status({ cumulative: desk.window.next }, 1);
    }
    expect(desk.window.windowRecords).toBe(7);
  });

  test('shrinks when the receiver drops, once a round trip, and grows by one a round trip after it', () => {
    const desk = new Desk();
    desk.send();
    desk.status({ cumulative: 32, ringDrops: 0 }, 10);
    const before = desk.window.windowRecords;
    desk.status({ cumulative: 32, ringDrops: 3 }, 10);
    const shrunk = Math.floor(before * 0.7);
    expect(desk.window.windowRecords).toBe(shrunk);
    desk.status({ cumulative: 32, ringDrops: 4 }, 0.5);
    expect(desk.window.windowRecords).toBe(shrunk);
    desk.send();
    desk.status({ cumulative: desk.window.next, ringDrops: 4 }, 10);
    expect(desk.window.windowRecords).toBe(shrunk + 1);
  });

  test('does not answer for what the receiver dropped before it', () => {
    const desk = new Desk();
    desk.send();
    desk.status({ cumulative: 32, ringDrops: 5000 }, 10);
    expect(desk.window.windowRecords).toBe(64);
  });

  test('keeps a few records, however much is dropped', () => {
    const desk = new Desk();
    for (let drops = 1; drops < 50; drops++) desk.status({ cumulative: 0, ringDrops: drops }, 10);
    expect(desk.window.windowRecords).toBe(4);
  });

  test('does not grow by shrinking where the link holds less than that', () => {
    const desk = new Desk({ linkRecords: 2 });
    for (let drops = 0; drops < 5; drops++) desk.status({ cumulative: 0, ringDrops: drops }, 10);
    expect(desk.window.windowRecords).toBeLessThanOrEqual(2);
  });

  test('shrinks when many records are lost without a counted drop, and not for a few', () => {
    const shrinks = (lost: number): boolean => {
      const desk = new Desk();
      const missing = Array.from({ length: lost }, (_, record): [number, number, number] => [record, 1, 0]);
      desk.send();
      desk.status({ cumulative: 0, highest: 32 }, 6, missing);
      desk.send();
      const before = desk.window.windowRecords;
      desk.status({ cumulative: 0, highest: 32 }, 20);
      return desk.window.windowRecords < before;
    };
    expect(shrinks(1)).toBe(false);
    expect(shrinks(10)).toBe(true);
  });
});

describe('repeats', () => {
  test('are of the missing segments that STATUS names', () => {
    const desk = new Desk();
    desk.send(10);
    desk.status({ cumulative: 2, highest: 10 }, 1, [
      [2, 0b101, 0],
      [5, WHOLE, 0b1],
    ]);
    expect(desk.repeated).toEqual([
      [2, 0b101, 0],
      [5, WHOLE, 0b1],
    ]);
  });

  test('are held off for a round trip, then sent again', () => {
    const desk = new Desk();
    desk.send(10);
    const ask = (afterMs: number): number[] => desk.status({ highest: 10 }, afterMs, [[0, 1, 0]]);
    expect(ask(4)).toEqual([0]);
    expect(ask(2)).toEqual([]);
    expect(ask(2)).toEqual([]);
    expect(ask(3)).toEqual([0]);
  });

  test('are not for what is acknowledged or was never sent', () => {
    const desk = new Desk();
    desk.send(10);
    desk.status({ cumulative: 5, highest: 10 }, 1);
    expect(
      desk.status({ cumulative: 5, highest: 10 }, 1, [
        [4, WHOLE, WHOLE],
        [10, WHOLE, WHOLE],
        [9, WHOLE, WHOLE],
      ]),
    ).toEqual([9]);
  });

  test('follow the slot: a new record in an old slot was not repeated yet', () => {
    const desk = new Desk({ slots: 4, linkRecords: 4 });
    desk.send();
    expect(desk.status({ cumulative: 0, highest: 4 }, 1, [[0, 1, 0]])).toEqual([0]);
    desk.status({ cumulative: 4 }, 0.1);
    desk.send();
    expect(desk.window.slotOf(4)).toBe(desk.window.slotOf(0));
    expect(desk.status({ cumulative: 4, highest: 8 }, 0.1, [[4, 1, 0]])).toEqual([4]);
  });
});

describe('a stale STATUS', () => {
  test('takes nothing back', () => {
    const desk = new Desk();
    desk.send(20);
    desk.status({ cumulative: 20, delivered: 15 }, 1);
    desk.status({ cumulative: 7, delivered: 3, creditLimit: 8 }, 1);
    expect(desk.window).toMatchObject({ acknowledged: 20, delivered: 15, inFlight: 0 });
  });

  test('from beyond what was sent is not believed', () => {
    const desk = new Desk({ creditLimit: 50 });
    desk.send(5);
    desk.status({ cumulative: 6, creditLimit: 1000 }, 1);
    desk.status({ cumulative: 5, highest: 6, creditLimit: 1000 }, 1);
    expect(desk.window.acknowledged).toBe(0);
    desk.status({ cumulative: 5 }, 1);
    for (let round = 0; round < 10; round++) {
      desk.send();
      desk.status({ cumulative: desk.window.next }, 1);
    }
    expect(desk.window.next).toBe(50);
  });
});

describe('what is lost at the very end', () => {
  test('goes again when the probe behind it is echoed', () => {
    const desk = new Desk();
    desk.send(10);
    desk.status({ cumulative: 6 }, 1);
    desk.probe(77);
    expect(desk.status({ cumulative: 6, echoTimeUs: 76 }, 1)).toEqual([]);
    expect(desk.status({ cumulative: 6, echoTimeUs: 77 }, 1)).toEqual([6, 7, 8, 9]);
    expect(desk.repeated[0]).toEqual([6, WHOLE, WHOLE]);
    // The receiver goes on echoing the same time in every STATUS.
    expect(desk.status({ cumulative: 6, echoTimeUs: 77 }, 50)).toEqual([]);
  });

  test('does not include what was sent after the probe', () => {
    const desk = new Desk();
    desk.send(10);
    desk.probe(77);
    desk.send(5);
    expect(desk.status({ cumulative: 8, echoTimeUs: 77 }, 1)).toEqual([8, 9]);
  });

  test('goes again on a way so long that probes overtake their answers', () => {
    const desk = new Desk();
    desk.send(1);
    const roundTripMs = 700;
    const echoes: { atMs: number; timeUs: number }[] = [];
    let repeats = 0;
    for (let ms = 0; ms < 3000 && repeats === 0; ms++) {
      desk.nowMs = START_MS + ms;
      if (desk.window.probeDue(desk.nowMs)) {
        desk.probe(ms + 1);
        echoes.push({ atMs: ms + roundTripMs, timeUs: ms + 1 });
      }
      if (echoes[0]?.atMs === ms) repeats += desk.status({ echoTimeUs: echoes.shift()?.timeUs ?? 0 }).length;
    }
    expect(echoes.length).toBeGreaterThan(0);
    expect(repeats).toBe(1);
  });
});

describe('asking', () => {
  /** The times at which it asks while nobody answers, ms from the start. */
  function questions(desk: Desk, forMs: number): number[] {
    const asked: number[] = [];
    for (let ms = 0; ms <= forMs; ms++) {
      desk.nowMs = START_MS + ms;
      if (!desk.window.probeDue(desk.nowMs)) continue;
      desk.probe(ms + 1);
      asked.push(ms);
    }
    return asked;
  }

  test('begins when nothing has moved for a retransmission timeout, and backs off', () => {
    const desk = new Desk();
    desk.send(1);
    const asked = questions(desk, 2000);
    const gaps = asked.slice(1).map((ms, index) => ms - (asked[index] ?? 0));
    expect(asked[0]).toBe(11);
    expect(gaps.slice(0, 4)).toEqual([21, 41, 81, 161]);
    expect(new Set(gaps.slice(4))).toEqual(new Set([201]));
  });

  test('goes on while nothing is in flight: a lost window update would stop the transfer for ever', () => {
    const desk = new Desk();
    const asked = questions(desk, 2000);
    expect(asked.length).toBeGreaterThanOrEqual(7);
    expect(asked[0]).toBe(251);
  });

  test('is quick again after progress', () => {
    const desk = new Desk();
    desk.send(10);
    desk.status({ cumulative: 0, highest: 10 }, 1);
    questions(desk, 1000);
    desk.status({ cumulative: 1, highest: 10 }, 1);
    const atMs = desk.nowMs;
    while (!desk.window.probeDue(desk.nowMs)) desk.nowMs++;
    expect(desk.nowMs - atMs).toBeLessThan(5);
  });

  test('is not due while answers come', () => {
    const desk = new Desk();
    for (let round = 0; round < 1000; round++) {
      desk.send(1);
      desk.status({ cumulative: desk.window.next }, 1);
      expect(desk.window.probeDue(desk.nowMs)).toBe(false);
    }
    expect(desk.window.silenceMs(desk.nowMs + 40)).toBe(40);
  });
});

test('the round trip is taken from the first answer, and smoothed from then on', () => {
  const desk = new Desk();
  desk.send(1);
  desk.status({ cumulative: 1 }, 80);
  expect(desk.window.smoothedRttMs).toBe(80);
  desk.send(1);
  desk.status({ cumulative: 2 }, 40);
  expect(desk.window.smoothedRttMs).toBe(75);
});
