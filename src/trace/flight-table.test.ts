import { describe, expect, it } from 'vitest';
import { FlightTable, readFlights } from './flight-table.ts';

describe('a sample of records', () => {
  it('grows sparser instead of longer, and keeps its times', () => {
    const shared = FlightTable.share(8);
    const table = new FlightTable(shared, 2);
    for (let record = 0; record < 100; record++) {
      table.add(record, 1000 + record);
      table.passed(record, record - 3, 2000 + record);
    }
    const { flights, stride } = readFlights(shared);
    expect(stride).toBe(16);
    expect(flights.map((flight) => flight.record)).toEqual([0, 16, 32, 48, 64, 80, 96]);
    expect(flights[2]).toEqual({
      record: 32,
      beganUs: 1032,
      heldUs: 2033,
      deliveredUs: 2036,
      repeats: 0,
      repeatedUs: 0,
    });
    expect(flights.at(-1)?.deliveredUs).toBe(0);
  });

  it('takes what comes out of order', () => {
    const shared = FlightTable.share(8);
    const table = new FlightTable(shared, 1);
    for (const record of [3, 1, 2, 0]) table.add(record, record);
    table.passed(2, 2, 9);
    table.passed(4, 4, 10);
    expect(readFlights(shared).flights.map((flight) => [flight.record, flight.deliveredUs])).toEqual([
      [3, 10],
      [1, 9],
      [2, 10],
      [0, 9],
    ]);
  });
});

describe('repeats', () => {
  it('are summed up a record, from its first flight', () => {
    const shared = FlightTable.share(8);
    const table = new FlightTable(shared, 1);
    table.repeat(7, 3, 100, 150);
    table.repeat(7, 1, 100, 180);
    table.passed(8, 8, 200);
    expect(readFlights(shared).flights).toEqual([
      { record: 7, beganUs: 100, heldUs: 200, deliveredUs: 200, repeats: 4, repeatedUs: 180 },
    ]);
  });

  it('are counted even of records that have no place', () => {
    const shared = FlightTable.share(4);
    const table = new FlightTable(shared, 1);
    for (let record = 0; record < 1000; record++) table.repeat(record, 2, record, record);
    const { flights, unlistedRepeats } = readFlights(shared);
    expect(flights.length).toBeLessThanOrEqual(4);
    expect(flights.reduce((sum, flight) => sum + flight.repeats, unlistedRepeats)).toBe(2000);
  });
});
