// The listener of a transfer is the caller's code, and what it throws is the caller's to hear: it ends the transfer as an
// interruption does, and is thrown in the place of that.
import type { EventListener } from './event.ts';

interface Listened {
  readonly signal: AbortSignal;
  readonly onEvent: EventListener;
}

/** Runs `transfer` with options whose listener cannot throw. Throws the first that it threw, once everything has ended. */
export async function listened<O extends Listened, T>(
  options: O,
  transfer: (options: O) => Promise<T>,
): Promise<T> {
  const broken = new AbortController();
  const thrown: unknown[] = [];
  const onEvent: EventListener = (event) => {
    // It is told nothing more: what it keeps of the transfer is out of step.
    if (thrown.length > 0) return;
    try {
      options.onEvent(event);
    } catch (error) {
      thrown.push(error);
      // Not from within: whoever tells is in the middle of something.
      queueMicrotask(() => broken.abort());
    }
  };
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const [ended] = await Promise.allSettled([transfer({ ...options, onEvent, signal })]);
  if (thrown.length > 0) throw thrown[0];
  if (ended.status === 'rejected') throw ended.reason;
  return ended.value;
}
