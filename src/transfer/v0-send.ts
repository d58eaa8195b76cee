// Sends in the seed's format (wire/v0.ts): a rate, no answers, no repeats. Only for talking to the seed.
import { type SendOptions, type TransferResult, sendThrough } from './send.ts';

/** The seed's receiver is slow and drops what it cannot take; it takes about this. */
export const V0_BITS_PER_SECOND_DEFAULT = 200e6;

/**
 * Resolves with outcome `delivered` when everything has left: nothing tells whether it arrived.
 * Throws a ZwireError: SOURCE_FAILED, INTERRUPTED, and what keeps the link from opening.
 */
export function sendV0(options: SendOptions): Promise<TransferResult> {
  const { rateBitsPerSecond, pauseBetweenFramesMs } = options;
  const unpaced = rateBitsPerSecond === undefined && pauseBetweenFramesMs === undefined;
  const pace = unpaced ? { rateBitsPerSecond: V0_BITS_PER_SECOND_DEFAULT } : {};
  return sendThrough('v0-sender-worker', { ...options, ...pace, oneWay: true });
}
