// send() with its real worker (of the built program) against receivers that this test plays: when it believes in
// success, and what it tells its source of a transfer whose end nobody knows.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openSuiteKeys } from '../seal/session-keys.ts';
import { decodeAnnounceClear } from '../wire/announce.ts';
import { encodeJoin, encodeJoinClear } from '../wire/join.ts';
import { decodeProbe } from '../wire/probe.ts';
import {
  decodeSegmentHeader,
  emptySegmentHeader,
  MessageType,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from '../wire/segment.ts';
import { emptyStatus, encodeStatus, type Status } from '../wire/status.ts';
import { ControlChannel } from './control-channel.ts';
import type { TransferEvent } from './event.ts';
import { send, type SendOptions, type TransferResult } from './send.ts';
import type { Source, SourceOutcome } from './source.ts';

const GUID = 22n;

/** A source of no bytes, which is one record. */
class EmptySource implements Source {
  closedWith: SourceOutcome | undefined;
  readonly describe: Source['describe'] = async () => ({
    kind: 'dataset',
    name: 'tank/x',
    toSnapshot: { name: 'tank/x@tue', guid: GUID },
    recursive: false,
    features: [],
  });

  async open(): ReturnType<Source['open']> {
    const fd = openSync('/dev/null', 'r');
    const abort = async (): Promise<undefined> => undefined;
    return {
      fd,
      finish: async () => closeSync(fd),
      abort,
    };
  }

  async close(outcome: SourceOutcome): Promise<void> {
    this.closedWith = outcome;
  }
}

type Answer = Partial<Status>;

/** A receiver that takes every record, and says of END, and before it, what the test wants. */
class PlayedReceiver implements AsyncDisposable {
  readonly #socket: Socket = createSocket('udp4');
  readonly #onEnd: () => Answer | undefined;
  readonly #before: Answer;
  readonly #header: SegmentHeader = emptySegmentHeader();
  #channel: ControlChannel | undefined;
  #records = 0;
  #silent = false;
  #announcements = 0;
  readonly #decidesAt: number;

  private constructor(onEnd: () => Answer | undefined, before: Answer, decidesAt: number) {
    this.#onEnd = onEnd;
    this.#before = before;
    this.#decidesAt = decidesAt;
    this.#socket.on('message', (datagram, from) => this.#onDatagram(datagram, from));
  }

  /** It answers the first announcement, and then none before that number `decidesAt`, which it accepts. */
  static async open(
    onEnd: () => Answer | undefined,
    before: Answer = {},
    decidesAt = 1,
  ): Promise<PlayedReceiver> {
    const receiver = new PlayedReceiver(onEnd, before, decidesAt);
    receiver.#socket.bind(0, '127.0.0.1');
    await once(receiver.#socket, 'listening');
    return receiver;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  #onDatagram(datagram: Buffer, from: RemoteInfo): void {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    if (this.#silent || decodeSegmentHeader(view, 0, datagram.byteLength, this.#header) !== '') return;
    const { type, record } = this.#header;
    const payload = new Uint8Array(datagram.subarray(SEGMENT_HEADER_BYTES));
    const say = (answer: Answer): void => this.#status(answer, from);
    if (type === MessageType.announce) this.#onAnnounce(payload, from);
    else if (type === MessageType.data) {
      this.#records = Math.max(this.#records, record + 1);
      say(this.#before);
    } else if (type === MessageType.probe) {
      const body = this.#channel?.read(this.#header, payload);
      if (body !== undefined) say({ echoTimeUs: decodeProbe(body).timeUs });
    } else if (type === MessageType.end) {
      const answer = this.#onEnd();
      this.#silent = answer === undefined;
      if (answer !== undefined) say(answer);
    }
  }

  #onAnnounce(payload: Uint8Array, from: RemoteInfo): void {
    if (this.#channel === undefined) {
      const keys = openSuiteKeys(decodeAnnounceClear(payload).salt);
      const { transferIdHigh, transferIdLow } = this.#header;
      this.#channel = new ControlChannel(
        keys.receiverControl,
        keys.senderControl,
        transferIdHigh,
        transferIdLow,
      );
    }
    this.#announcements++;
    if (this.#announcements < this.#decidesAt) {
      if (this.#announcements === 1) this.#status({}, from);
      return;
    }
    const join = { accepted: true, creditLimit: 100, windowRecords: 64, have: { snapshots: [] } } as const;
    const clear = encodeJoinClear({ nonce: new Uint8Array(32), ephemeralPublic: new Uint8Array(32) });
    this.#say(MessageType.join, encodeJoin(join), from, clear);
  }

  #status(answer: Answer, from: RemoteInfo): void {
    const records = this.#records;
    const whole = { cumulative: records, delivered: records, highest: records, creditLimit: 100 };
    const body = new Uint8Array(1400);
    const bytes = encodeStatus(new DataView(body.buffer), 0, { ...emptyStatus(), ...whole, ...answer });
    this.#say(MessageType.status, body.subarray(0, bytes), from);
  }

  #say(type: number, body: Uint8Array, { port, address }: RemoteInfo, clear?: Uint8Array): void {
    if (this.#channel !== undefined) this.#socket.send(this.#channel.write(type, body, clear), port, address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#channel?.[Symbol.dispose]();
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}

function sendTo(
  receiver: PlayedReceiver,
  source: Source,
  options: Partial<SendOptions> = {},
): Promise<TransferResult> {
  return send({
    link: { kind: 'udp', host: '127.0.0.1', port: receiver.port, gso: 'off' },
    source,
    wire: 'v1',
    oneWay: false,
    timeoutMs: 60_000,
    joinTimeoutMs: 60_000,
    insecure: true,
    signal: new AbortController().signal,
    onEvent: () => undefined,
    ...options,
  });
}

const committed = (result: object): Answer => ({
  state: 'committed',
  resultCode: 'OK',
  resultText: JSON.stringify(result),
});

test('success is what the receiver has committed after the end', async () => {
  await using receiver = await PlayedReceiver.open(() =>
    committed({ target: 'backup/x', guid: String(GUID) }),
  );
  const source = new EmptySource();
  expect(await sendTo(receiver, source)).toMatchObject({ target: 'backup/x', guid: GUID, records: 1 });
  expect(source.closedWith).toBe('committed');
});

test('a guid that is none is not one, and the commit counts', async () => {
  await using receiver = await PlayedReceiver.open(() =>
    committed({ target: 'backup/x', guid: 'twenty-two' }),
  );
  const result = await sendTo(receiver, new EmptySource());
  expect(result).toMatchObject({ outcome: 'committed', target: 'backup/x' });
  expect(result).not.toHaveProperty('guid');
});

test('another snapshot than the sent one is no success', async () => {
  await using receiver = await PlayedReceiver.open(() => committed({ target: 'backup/x', guid: '23' }));
  await expect(sendTo(receiver, new EmptySource())).rejects.toMatchObject({
    code: 'ZFS_GUID_MISMATCH',
    fields: { guid: '23', expected: GUID },
  });
});

test.each([
  ['before the end was said', {}, committed({})],
  ['of fewer records', { ...committed({}), cumulative: 0, delivered: 0 }, {}],
])('a commit %s is no success', async (_, onEnd, before) => {
  await using receiver = await PlayedReceiver.open(() => onEnd, before);
  await expect(sendTo(receiver, new EmptySource())).rejects.toMatchObject({ code: 'PEER_ABORTED' });
});

test('a receiver that is lost after the end may have committed: the source is told, and so are people', async () => {
  await using receiver = await PlayedReceiver.open(() => undefined);
  const source = new EmptySource();
  await expect(sendTo(receiver, source, { timeoutMs: 1000 })).rejects.toMatchObject({
    code: 'PEER_LOST',
    hint: expect.stringContaining('may have committed'),
  });
  expect(source.closedWith).toBe('unknown');
});

test('an interruption after the end may be of a transfer that is committed', async () => {
  const interruption = new AbortController();
  await using receiver = await PlayedReceiver.open(() => {
    interruption.abort();
    return {};
  });
  const source = new EmptySource();
  await expect(sendTo(receiver, source, { signal: interruption.signal })).rejects.toMatchObject({
    code: 'INTERRUPTED',
    hint: expect.stringContaining('may have committed'),
  });
  expect(source.closedWith).toBe('unknown');
});

test('an interruption while the source is described is heard', async () => {
  await using receiver = await PlayedReceiver.open(() => committed({}));
  const interruption = new AbortController();
  const source = new EmptySource();
  const { signal } = interruption;
  const describe: Source['describe'] = async () => {
    interruption.abort();
    return source.describe(signal);
  };
  const seen = { describe, open: () => source.open(), close: (how: SourceOutcome) => source.close(how) };
  await expect(sendTo(receiver, seen, { signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(source.closedWith).toBe('failed');
});

test('a receiver that has answered, and then stands still before it accepts, is waited for', async () => {
  // Announcements come ten times a second: silent for longer than the absence of any receiver is waited for.
  await using receiver = await PlayedReceiver.open(() => committed({ target: 'copy' }), {}, 10);
  const result = await sendTo(receiver, new EmptySource(), { joinTimeoutMs: 300 });
  expect(result).toMatchObject({ outcome: 'committed', target: 'copy' });
});

test.each(['announced', 'accepted', 'finished'])(
  'what the listener throws when it is told %s ends the transfer, and is thrown',
  async (name) => {
    await using receiver = await PlayedReceiver.open(() => committed({}));
    const source = new EmptySource();
    const told: string[] = [];
    const onEvent = ({ event }: TransferEvent): void => {
      told.push(event);
      if (event === name) throw new RangeError('of the listener');
    };
    await expect(sendTo(receiver, source, { onEvent })).rejects.toThrow(new RangeError('of the listener'));
    expect(told.at(-1)).toBe(name);
    expect(source.closedWith).toBe(name === 'finished' ? 'committed' : 'failed');
  },
);
