// Receives the seed's format (wire/v0.ts), from the seed or from `zwire send --wire v0`.
import { type ReceiveOptions, type ReceiveSummary, receiveThrough } from './receive.ts';

/** As `receive`; a transfer fails with DATA_LOST or DIGEST_MISMATCH at the first chunk that is missing or damaged. */
export function receiveV0(options: ReceiveOptions): Promise<ReceiveSummary> {
  return receiveThrough('v0-receiver-worker', options);
}
