// Wrong combinations of flags: refused before anything starts, with what to add or to leave out.
import { ZwireError } from '../bytes/zwire-error.ts';

/** `message` says what does not go together or is missing; `hint` is what to type instead. Exit code 2. */
export function usageError(message: string, hint: string): ZwireError {
  return new ZwireError('USAGE', message, { hint });
}

/**
 * The refusal of a pool without keys. `doing` completes "cannot ... without keys".
 * What --insecure means is said here, in one place.
 */
export function insecureRequired(doing: string): ZwireError {
  return new ZwireError('INSECURE_REQUIRED', `cannot ${doing} without keys`, {
    hint:
      'This version has no keys yet. With --insecure, on both sides, the transfer runs unprotected:\n' +
      'damage on the wire is found and repaired, but nobody is kept out. Anyone on the network segment\n' +
      'can read the dataset, and can forge one that your receiver takes. Use it only on a wire you trust.',
  });
}
