// The file of --authorized-senders while a receiver runs: it is read again when it has changed, or on request. A file
// that cannot be read changes nothing: the receiver goes on with the list it has, and says so once.
import { statSync } from 'node:fs';
import { ZwireError } from '../../bytes/zwire-error.ts';
import type { AuthorizedSender, WatchAuthorized } from '../../transfer/transfer-keys.ts';
import { parseAuthorizedSenders } from './authorized-senders.ts';
import { readKeyText } from './key-file.ts';

const LOOK_EVERY_MS = 1000;

/** Words for whoever runs the receiver. */
export type SayToOwner = (code: string, message: string) => void;

export class SenderList {
  readonly #path: string;
  readonly #say: SayToOwner;
  /** What the file was like when it was read, and when it was looked at. */
  #read: string;
  #seen: string;

  /** To be made before the file is read for the first time. */
  constructor(path: string, say: SayToOwner) {
    this.#path = path;
    this.#say = say;
    this.#read = stampOf(path);
    this.#seen = this.#read;
  }

  /** The list, where the file has changed and then was the same at two looks: an editor may be writing it. */
  look(): AuthorizedSender[] | undefined {
    const stamp = stampOf(this.#path);
    const settled = stamp === this.#seen;
    this.#seen = stamp;
    return settled && stamp !== this.#read ? this.readNow() : undefined;
  }

  /** The list as it is now; undefined where it cannot be read. */
  readNow(): AuthorizedSender[] | undefined {
    this.#read = stampOf(this.#path);
    try {
      const senders = parseAuthorizedSenders(readKeyText(this.#path), this.#path);
      const count = senders.length === 1 ? 'one sender is' : `${senders.length} senders are`;
      this.#say('SENDERS_READ', `${this.#path} was read again: ${count} let in`);
      return senders;
    } catch (error) {
      if (!(error instanceof ZwireError)) throw error;
      this.#say(error.code, `${error.message}. The list from before stays in force`);
      return undefined;
    }
  }
}

/** Looks once a second; `onRequest` is given what reads it at once. */
export function watchSenderList(list: SenderList, onRequest: (read: () => void) => void): WatchAuthorized {
  return (changed) => {
    const use = (senders: AuthorizedSender[] | undefined): void => {
      if (senders !== undefined) changed(senders);
    };
    const timer = setInterval(() => use(list.look()), LOOK_EVERY_MS);
    timer.unref();
    onRequest(() => use(list.readNow()));
    return () => clearInterval(timer);
  };
}

/** Another file, or another content, has another stamp. */
function stampOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    // To read it is what tells why.
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}
