import { describe, expect, test } from 'vitest';
import { type CounterSnapshot, Counters } from './counters.ts';
import { ProgressMeter } from './progress-meter.ts';

function counters(values: Partial<CounterSnapshot>): CounterSnapshot {
  return { ...new Counters().snapshot(), ...values };
}

describe('rate', () => {
  test('is that of the interval, smoothed', () => {
    const meter = new ProgressMeter(undefined, 0);
    expect(meter.measure(counters({ bytes: 125_000 }), 1000).bitsPerSecond).toBe(1_000_000);
    expect(meter.measure(counters({ bytes: 125_000 + 250_000 }), 2000).bitsPerSecond).toBe(1_400_000);
    expect(meter.measure(counters({ bytes: 375_000 }), 3000).bitsPerSecond).toBe(840_000);
  });

  test('comes to rest at a steady rate', () => {
    const meter = new ProgressMeter(undefined, 0);
    let shown = 0;
    for (let second = 1; second <= 20; second++) {
      shown = meter.measure(counters({ bytes: second * 1_000_000 }), second * 1000).bitsPerSecond;
    }
    expect(shown).toBe(8_000_000);
  });

  test('survives two looks at the same moment', () => {
    const meter = new ProgressMeter(100, 5);
    meter.measure(counters({ bytes: 10 }), 5);
    expect(Number.isFinite(meter.measure(counters({ bytes: 10 }), 5).bitsPerSecond)).toBe(true);
  });
});

describe('time left', () => {
  test('is told when the size is known and something moves', () => {
    const meter = new ProgressMeter(10_000_000, 0);
    expect(meter.measure(counters({ bytes: 1_000_000 }), 1000)).toMatchObject({
      totalBytes: 10_000_000,
      etaSeconds: 9,
    });
  });

  test('is not guessed', () => {
    expect(new ProgressMeter(undefined, 0).measure(counters({ bytes: 10 }), 1000)).not.toHaveProperty(
      'etaSeconds',
    );
    expect(new ProgressMeter(1000, 0).measure(counters({}), 1000)).not.toHaveProperty('etaSeconds');
  });

  test('is never negative: an estimate of zfs may be too small', () => {
    const shown = new ProgressMeter(1000, 0).measure(counters({ bytes: 5000 }), 1000);
    expect(shown).toMatchObject({ etaSeconds: 0, bytes: 5000, totalBytes: 1000 });
  });
});

describe('bottleneck', () => {
  /** What limits when, of a second, this much was waited. */
  function limiting(waits: Partial<CounterSnapshot>): string {
    const meter = new ProgressMeter(undefined, 0);
    meter.measure(counters({ waitSourceMs: 500, waitSinkMs: 500 }), 1000);
    const total = {
      waitSourceMs: 500 + (waits.waitSourceMs ?? 0),
      waitSinkMs: 500 + (waits.waitSinkMs ?? 0),
      waitWireMs: waits.waitWireMs ?? 0,
    };
    return meter.measure(counters(total), 2000).bottleneck;
  }

  test('is unknown at first', () => {
    const meter = new ProgressMeter(undefined, 0);
    expect(meter.measure(counters({ waitSinkMs: 900 }), 1000).bottleneck).toBe('unknown');
  });

  test('is what was waited for longest, and the wire when there was little waiting', () => {
    expect(limiting({})).toBe('wire');
    expect(limiting({ waitSourceMs: 190, waitSinkMs: 190 })).toBe('wire');
    expect(limiting({ waitWireMs: 900 })).toBe('wire');
    expect(limiting({ waitSourceMs: 600, waitSinkMs: 300 })).toBe('source');
    expect(limiting({ waitSourceMs: 300, waitSinkMs: 600 })).toBe('sink');
  });
});

test('counts are passed on as they are', () => {
  const shown = new ProgressMeter(undefined, 0).measure(counters({ repeats: 3, frames: 4, drops: 5 }), 1000);
  expect(shown).toMatchObject({ event: 'progress', repeats: 3, frames: 4, drops: 5 });
});
