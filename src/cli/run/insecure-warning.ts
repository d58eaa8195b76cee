// Said at every start under --insecure, so that nobody forgets it in a script.
import type { CommandEvent } from '../render/reporter.ts';

/** The warning event for a pool or dataset that travels without keys. */
export function insecureWarning(time: number): CommandEvent {
  return {
    event: 'warning',
    transfer: '',
    time,
    code: 'INSECURE',
    message: '--insecure: nobody is kept out; anyone on the network segment can read or forge this',
  };
}
