// The one shape of "this value is not what the flag takes": what was given, why not, and an example.
// The name of the flag is added where the command line is scanned (see ../command-line-text.ts).
import { ZwireError } from '../../bytes/zwire-error.ts';

/**
 * An error for a value that cannot be read. `what` completes the sentence `"VALUE" is not ...`;
 * `example` is one or more values that would do, as they are typed.
 */
export function malformed(value: string, what: string, example: string): ZwireError {
  return new ZwireError('FLAG_MALFORMED', `${JSON.stringify(value)} is not ${what}`, {
    fields: { value, example },
    hint: `For example: ${example}`,
  });
}
