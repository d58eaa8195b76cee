// The keys that a transfer is given, as plain data for the worker threads. Secrets lie in shared memory: there is one
// copy of each, which its owner wipes, and none in the messages between threads.
import type { Cipher } from '../seal/cipher.ts';
import type { AnnouncementKind } from '../wire/announce.ts';

/** What a sender brings. */
export interface SenderKeys {
  /** Our X25519 secret, 32 bytes. */
  readonly identity: Uint8Array;
  /** The receiver's public key, 32 bytes. */
  readonly receiverKey: Uint8Array;
  /** A key that both sides have, 32 bytes; mixed in besides. */
  readonly psk?: Uint8Array;
  readonly cipher: Cipher;
  /** Whether the other one will do, where a two-way receiver asks for it. */
  readonly cipherMayChange?: boolean;
}

/** What the line of a sender in authorized_senders lets it do; what is left out is not limited. */
export interface SenderRules {
  /** The dataset that everything of this sender lands below. */
  readonly into?: string;
  readonly bitsPerSecondMax?: number;
  readonly bytesMax?: bigint;
  readonly kinds?: readonly AnnouncementKind[];
  /** Only raw streams of encrypted datasets: what arrives stays unreadable here. */
  readonly rawOnly: boolean;
}

/** A sender that a receiver takes transfers from. */
export interface AuthorizedSender {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The end of its line: for people. */
  readonly name: string;
  readonly rules: SenderRules;
}

/** Begins to watch the list, and calls back with each other one that is to be used; what it gives ends that. */
export type WatchAuthorized = (changed: (authorized: readonly AuthorizedSender[]) => void) => () => void;

/** What a receiver brings. */
export interface ReceiverKeys {
  readonly identity: Uint8Array;
  readonly psk?: Uint8Array;
  readonly authorized: readonly AuthorizedSender[];
  /** For a list that may change while the receiver runs. A sender that is no longer on it loses its transfers. */
  readonly watchAuthorized?: WatchAuthorized;
  /** The only one that two-way transfers may use; absent: either. */
  readonly cipher?: Cipher;
  /** Where one-way transfers that were taken are remembered, over restarts. */
  readonly stateDirectory: string;
}

/** A secret in memory that threads share; the original is wiped. */
export function sharedSecret(secret: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(secret.byteLength));
  shared.set(secret);
  secret.fill(0);
  return shared;
}
