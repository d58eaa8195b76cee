// The one way in which a stream is stopped that is not what was announced, or asks for more than a sender may have.
import { ZwireError } from '../bytes/zwire-error.ts';

/** `why` is for machines: name, guid, kind, base, type, feature, size, property. */
export function refused(why: string, text: string): ZwireError {
  return new ZwireError('STREAM_REFUSED', `the stream was stopped: ${text}`, {
    fields: { why },
    hint: 'Nothing of it was committed. Look at what the sender runs: it does not send what it announces.',
  });
}
