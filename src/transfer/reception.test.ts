// One transfer on the receiver's main thread, with real writing threads (of the built program) and sinks whose end is
// in the test's hand: what becomes of it when things come at the same time.
import { mkdtempSync, openSync, closeSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ANNOUNCEMENT } from '../../test/announced.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import { Counters } from './counters.ts';
import type { TransferEvent } from './event.ts';
import { MailSender } from './mailbox.ts';
import { Reception, type ReceptionHost } from './reception.ts';
import type { CommitResult, Sink, SinkPolicy } from './sink.ts';
import { SLOT_BYTES, SlotPool } from './slot-pool.ts';
import { StandbyWriter } from './standby-writer.ts';
import type { ReceiverMail } from './worker-message.ts';
import { WriteQueue } from './write-queue.ts';

const REVOKED = { code: 'SENDER_NOT_ALLOWED', message: 'no longer' } as const;
const INTERRUPTED = { code: 'INTERRUPTED', message: 'interrupted' } as const;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zwire-reception-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A sink into a file, of which it is known how it was ended. */
class WatchedSink implements Sink {
  readonly fd: number = openSync(join(directory, 'sink'), 'w');
  readonly target = 'the sink';
  readonly mayStall = false;
  readonly ends: string[] = [];
  readonly committed: PromiseWithResolvers = withResolvers();
  abortError: Error | undefined;

  commit(): Promise<CommitResult> {
    this.ends.push('commit');
    closeSync(this.fd);
    return this.committed.promise.then(() => ({ target: this.target }));
  }

  async abort(): Promise<undefined> {
    if (this.ends.length === 0) closeSync(this.fd);
    this.ends.push('abort');
    if (this.abortError !== undefined) throw this.abortError;
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve = (): void => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((onDone, onError) => {
    resolve = onDone;
    reject = onError;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

/** A receiver's main thread around one reception. */
class Host implements Disposable {
  readonly mails: ReceiverMail[] = [];
  readonly events: TransferEvent[] = [];
  readonly results: unknown[] = [];
  readonly reception: Reception;
  readonly #pool: SlotPool = new SlotPool(8 * SLOT_BYTES);
  readonly #accepted: PromiseWithResolvers = withResolvers();

  constructor(
    policy: SinkPolicy,
    writers: Pick<StandbyWriter, 'take'> = new StandbyWriter(),
    timeoutMs = 60_000,
  ) {
    const mail = new MailSender<ReceiverMail>();
    mail.attach({
      postMessage: (message) => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the sender of this type is given
        this.mails.push(message as ReceiverMail);
        this.#accepted.resolve();
      },
    });
    const { address, byteLength } = this.#pool.memory;
    const host = {
      options: {
        link: { kind: 'udp', port: 1 },
        wire: 'v1',
        sink: policy,
        once: false,
        timeoutMs,
        maxTransfers: 1,
        poolBytes: byteLength,
        insecure: true,
        signal: new AbortController().signal,
        onEvent: (event) => this.events.push(event),
      },
      authorized: [],
      freshness: undefined,
      mail,
      poolAddress: address,
      poolBytes: byteLength,
      slotBytes: SLOT_BYTES,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that a reception asks of it
      writers: writers as StandbyWriter,
      settled: (error) => this.results.push(error),
    } satisfies ReceptionHost;
    this.reception = new Reception(host, {
      kind: 'announced',
      transfer: '0123456789abcdef',
      announcement: ANNOUNCEMENT,
      peer: '198.18.0.1:40000',
      counters: new Counters().shared,
    });
    this.reception.begin();
  }

  /** The queue to its writing thread, once the sink is open. */
  async queue(): Promise<WriteQueue> {
    await this.#accepted.promise;
    const [mail] = this.mails;
    if (mail?.kind !== 'accept') throw new Error(`not accepted: ${JSON.stringify(mail)}`);
    return WriteQueue.attach(mail.queue);
  }

  get outcome(): string {
    const last = this.mails.at(-1);
    return last?.kind === 'failed' ? last.failure.code : (last?.kind ?? '');
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }
}

const into = (sink: Sink): SinkPolicy => ({ decide: async () => sink });

test('what was verified is committed, though its sender is taken off the list before it is written', async () => {
  const sink = new WatchedSink();
  using host = new Host(into(sink));
  const queue = await host.queue();
  host.reception.verified();
  const failed = host.reception.fail(REVOKED);
  queue.end();
  sink.committed.resolve();
  await failed;
  expect(host.outcome).toBe('committed');
  expect(sink.ends).toEqual(['commit']);
});

test('an interruption ends the wait for a commit that another failure waits for', async () => {
  const sink = new WatchedSink();
  using host = new Host(into(sink));
  await host.queue();
  host.reception.verified();
  // Nothing ends the queue: the sink would never have everything.
  const failed = host.reception.fail(REVOKED);
  void host.reception.fail(INTERRUPTED);
  await failed;
  expect(host.outcome).toBe('SENDER_NOT_ALLOWED');
  expect(sink.ends).toEqual(['abort']);
});

test('a commit that comes to its end although it is broken off is the result', async () => {
  const sink = new WatchedSink();
  sink.abort = async () => {
    sink.ends.push('abort');
    sink.committed.resolve();
    return undefined;
  };
  using host = new Host(into(sink));
  const queue = await host.queue();
  host.reception.verified();
  queue.end();
  await host.reception.fail(INTERRUPTED);
  expect(sink.ends).toEqual(['commit', 'abort']);
  expect(host.outcome).toBe('committed');
  expect(host.results).toEqual([undefined]);
});

test('a commit that fails because it is broken off is told as what broke it off', async () => {
  const sink = new WatchedSink();
  sink.abort = async () => {
    sink.committed.reject(new ZwireError('ZFS_SIGNAL', 'killed'));
    return undefined;
  };
  using host = new Host(into(sink));
  const queue = await host.queue();
  host.reception.verified();
  queue.end();
  await host.reception.fail(INTERRUPTED);
  expect(host.outcome).toBe('INTERRUPTED');
});

test('a sink that cannot be cleaned up is a warning, and the failure is told', async () => {
  const sink = new WatchedSink();
  sink.abortError = new Error('EROFS: read-only file system, unlink');
  using host = new Host(into(sink));
  await host.queue();
  await host.reception.fail(REVOKED);
  expect(host.outcome).toBe('SENDER_NOT_ALLOWED');
  expect(host.events.map(({ event }) => event).slice(-2)).toEqual(['warning', 'finished']);
});

test('what a sink has to say while it is cleaned up is told before the end', async () => {
  const sink = new WatchedSink();
  const policy: SinkPolicy = {
    decide: async ({ warn }) => {
      sink.abort = async () => {
        warn('it may be mounted');
        return undefined;
      };
      return sink;
    },
  };
  using host = new Host(policy);
  await host.queue();
  await host.reception.fail(REVOKED);
  expect(host.events.slice(-2)).toMatchObject([
    { event: 'warning', code: 'SINK_WARNING', message: 'it may be mounted' },
    { event: 'finished', outcome: 'failed' },
  ]);
});

test('a sink that does not open in time is given up', async () => {
  const given = withResolvers();
  const policy: SinkPolicy = {
    decide: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          given.resolve();
          reject(new Error('given up'));
        });
      }),
  };
  using host = new Host(policy, undefined, 20);
  await given.promise;
  await host.reception.fail(REVOKED);
  expect(host.outcome).toBe('SINK_FAILED');
});

test('a sink that no thread can write to is ended again', async () => {
  const sink = new WatchedSink();
  const none = {
    take: () => {
      throw new Error('no thread');
    },
  };
  using host = new Host(into(sink), none);
  await expect(host.queue()).rejects.toThrow('not accepted');
  expect(sink.ends).toEqual(['abort']);
  expect(host.outcome).toBe('refuse');
});
