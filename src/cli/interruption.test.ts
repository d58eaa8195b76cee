import { describe, expect, it } from 'vitest';
import { fakeContext } from '../../test/cli/fake-context.ts';
import { watchInterruption } from './interruption.ts';

describe('signals', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('%s aborts, and the exit code is %d', (name, exitCode) => {
    const context = fakeContext();
    const interruption = watchInterruption(context, () => undefined);
    expect(interruption.exitCode()).toBeUndefined();
    context.signals.emit(name, name);
    expect(interruption.signal.aborted).toBe(true);
    expect(interruption.signal.reason).toMatchObject({ code: 'INTERRUPTED' });
    expect(interruption.exitCode()).toBe(exitCode);
    expect(context.exits).toEqual([]);
  });

  it('the second one ends the process, after the terminal was restored', () => {
    const context = fakeContext();
    const order: string[] = [];
    watchInterruption(
      { ...context, exitNow: (code) => void order.push(`exit ${code}`) },
      () => void order.push('restored'),
    );
    context.signals.emit('SIGTERM', 'SIGTERM');
    context.signals.emit('SIGINT', 'SIGINT');
    expect(order).toEqual(['restored', 'exit 143']);
  });

  it('SIGHUP ends nothing where it has another meaning', () => {
    const context = fakeContext();
    const interruption = watchInterruption(context, () => undefined);
    let times = 0;
    interruption.takeHangUp(() => void times++);
    context.signals.emit('SIGHUP', 'SIGHUP');
    context.signals.emit('SIGHUP', 'SIGHUP');
    expect(times).toBe(2);
    expect(interruption.signal.aborted).toBe(false);
    context.signals.emit('SIGTERM', 'SIGTERM');
    expect(interruption.exitCode()).toBe(143);
  });

  it('leaves no listener behind', () => {
    const context = fakeContext();
    watchInterruption(context, () => undefined).close();
    expect(context.signals.eventNames()).toEqual([]);
  });
});
