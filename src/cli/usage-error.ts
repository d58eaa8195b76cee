// Wrong combinations of flags: refused before anything starts, with what to add or to leave out.
import { ZwireError } from '../bytes/zwire-error.ts';

/** `message` says what does not go together or is missing; `hint` is what to type instead. Exit code 2. */
export function usageError(message: string, hint: string): ZwireError {
  return new ZwireError('USAGE', message, { hint });
}

/**
 * The refusal of a pool without keys: the three commands that set keys up. `doing` completes "cannot ... without keys".
 * What --insecure means is said here, in one place.
 */
export function insecureRequired(doing: string): ZwireError {
  return new ZwireError('INSECURE_REQUIRED', `cannot ${doing} without keys`, {
    hint:
      'To set keys up, three commands:\n' +
      '  on both hosts:    zwire keygen\n' +
      "  on the receiver:  echo 'THE LINE OF THE SENDER' >> ~/.config/zwire/authorized_senders\n" +
      "  on the sender:    echo 'HOST THE LINE OF THE RECEIVER' >> ~/.config/zwire/known_receivers\n" +
      'Or, with --insecure on both sides, unprotected: damage on the wire is found and repaired, but nobody is\n' +
      'kept out. Anyone on the network segment can read the dataset, and can forge one that your receiver takes.',
  });
}
