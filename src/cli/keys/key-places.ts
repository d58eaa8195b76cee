// Where keys and what must be remembered lie unless a flag says otherwise: the XDG base directories.
import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Partial<Record<string, string>>>;

export interface KeyPlaces {
  /** The secret of this host. */
  readonly hostKey: string;
  readonly authorizedSenders: string;
  readonly knownReceivers: string;
  readonly stateDirectory: string;
}

export function keyPlaces(environment: Environment): KeyPlaces {
  const home = environment['HOME'] ?? homedir();
  const configuration = join(environment['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'zwire');
  return {
    hostKey: join(configuration, 'host_key'),
    authorizedSenders: join(configuration, 'authorized_senders'),
    knownReceivers: join(configuration, 'known_receivers'),
    stateDirectory: join(environment['XDG_STATE_HOME'] ?? join(home, '.local', 'state'), 'zwire'),
  };
}
