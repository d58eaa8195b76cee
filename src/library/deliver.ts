// Delivers a delta to an address: send() with everything decided that a program need not decide.
import { lookup } from 'node:dns/promises';
import { ZwireError } from '../bytes/zwire-error.ts';
import type { LinkOptions } from '../transfer/endpoint.ts';
import type { EventListener } from '../transfer/event.ts';
import { send, type TransferResult } from '../transfer/send.ts';
import type { SenderKeys } from '../transfer/transfer-keys.ts';
import { copyOfKeys } from './copy-of-keys.ts';
import type { Delta } from './delta.ts';
import { type ChunkTransform, transformedSource } from './transformed-source.ts';

/** The port that zwire uses unless told otherwise. */
export const PORT_DEFAULT = 1337;
const TIMEOUT_MS_DEFAULT = 30_000;
const JOIN_TIMEOUT_MS_DEFAULT = 5000;

/** Where a delta goes, and how. */
export interface DeliverOptions {
  /** Host or IPv4 address, and port; over a UDP socket. */
  readonly to: readonly [host: string, port: number] | string;
  /** In its place: any link, such as raw frames. */
  readonly link?: LinkOptions;
  /**
   * Every chunk of the stream passes through it before it leaves; the receiving program gets the same chunks and
   * undoes it. Without it, `zwire receive --into` takes the stream as well.
   */
  readonly onSend?: ChunkTransform;
  /** Only the receiver with this key can take it, and it knows who sends. They stay the caller's to wipe. */
  readonly keys?: SenderKeys;
  /** A dataset travels without keys only when both sides say so. What onSend makes is not a dataset any more. */
  readonly insecure?: boolean;
  readonly rateBitsPerSecond?: number;
  /** Without an answer for this long, give up; default 30 s. */
  readonly timeoutMs?: number;
  /** Without any receiver for this long, give up; default 5 s. */
  readonly joinTimeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: EventListener;
}

/**
 * Sends a delta and resolves when the receiver has taken all of it: has run it through `zfs receive`, or its program
 * has confirmed. Throws INSECURE_REQUIRED, HOST_UNKNOWN, NO_RECEIVER, REFUSED, PEER_LOST, SOURCE_FAILED, INTERRUPTED,
 * and what keeps the delta from being sent (ZFS_SNAPSHOT_MISSING, ZFS_FROM_NOT_EARLIER and so on).
 */
export async function deliver(delta: Delta, options: DeliverOptions): Promise<TransferResult> {
  const { onSend } = options;
  if (onSend === undefined && options.keys === undefined && options.insecure !== true) throw insecure(delta);
  const source = delta.source();
  return send({
    link: options.link ?? (await udpLink(options.to)),
    source: onSend === undefined ? source : transformedSource(source, onSend),
    wire: 'v1',
    oneWay: false,
    ...(options.rateBitsPerSecond === undefined ? {} : { rateBitsPerSecond: options.rateBitsPerSecond }),
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS_DEFAULT,
    joinTimeoutMs: options.joinTimeoutMs ?? JOIN_TIMEOUT_MS_DEFAULT,
    insecure: options.insecure ?? false,
    ...(options.keys === undefined ? {} : { keys: copyOfKeys(options.keys) }),
    signal: options.signal ?? new AbortController().signal,
    onEvent: options.onEvent ?? (() => undefined),
  });
}

async function udpLink(to: DeliverOptions['to']): Promise<LinkOptions> {
  const [name, port] = typeof to === 'string' ? [to, PORT_DEFAULT] : to;
  try {
    const { address } = await lookup(name, { family: 4 });
    return { kind: 'udp', host: address, port };
  } catch (error) {
    throw new ZwireError('HOST_UNKNOWN', `cannot find an IPv4 address of ${name}`, {
      fields: { host: name },
      cause: error,
    });
  }
}

function insecure(delta: Delta): ZwireError {
  return new ZwireError('INSECURE_REQUIRED', `cannot deliver ${delta.to} without keys`, {
    fields: { snapshot: delta.to },
    hint: 'Give both sides keys; or say insecure: true on both, on a wire that you trust; or encrypt in onSend.',
  });
}
