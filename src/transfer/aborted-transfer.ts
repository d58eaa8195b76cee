// Why a sender breaks a transfer off, in the receiver's terms.
import { ZwireError } from '../bytes/zwire-error.ts';
import type { AbortCode } from '../wire/abort.ts';
import { RemoteFailure } from './sender-conversation.ts';

/** The main thread ended the transfer: the code goes to the receiver, the failure to the caller. */
export class AbortedTransfer extends ZwireError {
  readonly abortCode: AbortCode;

  constructor(abortCode: AbortCode, failure: ZwireError) {
    super(failure.code, failure.message, {
      fields: failure.fields,
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    });
    this.abortCode = abortCode;
  }
}

/** The code of the ABORT that tells the receiver of a failure. */
export function abortCodeOf(error: unknown): AbortCode {
  if (error instanceof RemoteFailure) return 'DONE';
  return error instanceof AbortedTransfer ? error.abortCode : 'OTHER';
}
