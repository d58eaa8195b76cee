// The keys of a command that moves data, from flags and from the files in their usual places.
import { existsSync } from 'node:fs';
import { formatIpv4 } from '../../bytes/ipv4-address.ts';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { bestCipher, type Cipher } from '../../seal/cipher.ts';
import { sharedKeyPairs } from '../../seal/handshake.ts';
import { KeyPair } from '../../seal/key-pair.ts';
import { formatPublicKey, parsePublicKey } from '../../seal/public-key.ts';
import type { LinkOptions } from '../../transfer/endpoint.ts';
import { type ReceiverKeys, type SenderKeys, sharedSecret } from '../../transfer/transfer-keys.ts';
import type { ReceiverKeyRequest, SenderKeyRequest } from '../request/key-request.ts';
import { usageError } from '../usage-error.ts';
import { parseAuthorizedSenders } from './authorized-senders.ts';
import { readKeyText, readKeyTextIfAny, readSecret } from './key-file.ts';
import { type KeyPlaces } from './key-places.ts';
import { findReceiver } from './known-receivers.ts';
import { type SayToOwner, SenderList, watchSenderList } from './sender-list.ts';

/**
 * A sender's keys; undefined when nothing says that the receiver has any. `link` is as typed, its host not resolved.
 * Throws USAGE where a key was named that would not be used: nothing goes out in clear that was to be sealed.
 */
export function senderKeys(
  request: SenderKeyRequest,
  link: LinkOptions,
  places: KeyPlaces,
): SenderKeys | undefined {
  const cipher = {
    cipher: request.cipher ?? bestCipher(),
    cipherMayChange: request.cipher === undefined,
  };
  const receiverKey = receiverKeyOf(request, link, places);
  const psk = readPsk(request.pskPath);
  if (receiverKey === undefined) {
    if (request.identityPath !== undefined) {
      throw usageError(
        `--identity names our key, and no key of the receiver ${hostOf(link) ?? ''} is known to go with it`,
        `Add --receiver-key KEY|FILE, or the receiver's line to ${places.knownReceivers}. Otherwise leave it out.`,
      );
    }
    if (psk === undefined) return undefined;
    const { sender, receiver } = sharedKeyPairs(psk.psk);
    return { identity: sharedSecret(sender.secret()), receiverKey: receiver.publicKey, ...psk, ...cipher };
  }
  const identity = sharedSecret(readHostKey(request.identityPath ?? places.hostKey));
  return { identity, receiverKey, ...psk, ...cipher };
}

function receiverKeyOf(
  request: SenderKeyRequest,
  link: LinkOptions,
  places: KeyPlaces,
): Uint8Array | undefined {
  const { receiverKey } = request;
  if (receiverKey !== undefined) {
    // A path has a slash or is there; a key is neither.
    if (existsSync(receiverKey)) return usable(parsePublicKey(readKeyText(receiverKey)).publicKey);
    return usable(keyOnCommandLine(receiverKey));
  }
  const known = readKeyTextIfAny(places.knownReceivers);
  const host = hostOf(link);
  const found =
    known === undefined || host === undefined ? undefined : findReceiver(known, places.knownReceivers, host);
  return found === undefined ? undefined : usable(found);
}

function keyOnCommandLine(text: string): Uint8Array {
  try {
    return parsePublicKey(text).publicKey;
  } catch (error) {
    if (!(error instanceof ZwireError)) throw error;
    throw new ZwireError(
      error.code,
      `--receiver-key: ${JSON.stringify(text)} is no file, and no public key`,
      {
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        cause: error,
      },
    );
  }
}

function hostOf(link: LinkOptions): string | undefined {
  if (link.kind === 'udp') return link.host;
  return link.destinationIp === undefined ? undefined : formatIpv4(link.destinationIp);
}

/** Keys of small order agree on nothing with anyone. */
function usable(publicKey: Uint8Array): Uint8Array {
  const shared = KeyPair.generate().agree(publicKey);
  if (shared === undefined)
    throw new ZwireError('KEY_MALFORMED', "the receiver's key is none: it is of small order");
  shared.fill(0);
  return publicKey;
}

/** How a receiver learns that its list of senders is another one. */
export interface ListWatch {
  readonly say: SayToOwner;
  readonly onRequest: (read: () => void) => void;
}

/** A receiver's keys; undefined when there is no list of senders and no shared key. Throws USAGE as above. */
export function receiverKeys(
  request: ReceiverKeyRequest,
  places: KeyPlaces,
  watch?: ListWatch,
): ReceiverKeys | undefined {
  const common = {
    stateDirectory: request.stateDirectory ?? places.stateDirectory,
    ...onlyCipher(request.cipher),
  };
  const psk = readPsk(request.pskPath);
  const path = request.authorizedSendersPath ?? places.authorizedSenders;
  const watched = watch && watchSenderList(new SenderList(path, watch.say), watch.onRequest);
  const list =
    request.authorizedSendersPath === undefined && psk !== undefined ? undefined : listOf(request, path);
  if (list !== undefined) {
    const authorized = parseAuthorizedSenders(list, path);
    if (authorized.length === 0) watch?.say('SENDERS_READ', `${path} names no sender: nobody is let in`);
    const identity = sharedSecret(readHostKey(request.identityPath ?? places.hostKey));
    const watchAuthorized = watched === undefined ? {} : { watchAuthorized: watched };
    return { identity, ...psk, authorized, ...watchAuthorized, ...common };
  }
  if (request.identityPath !== undefined) {
    throw usageError(
      '--identity names our key, and there is no list of the senders that it is for',
      `Name it with --authorized-senders FILE, or write it to ${places.authorizedSenders}. Otherwise leave --identity out.`,
    );
  }
  if (psk === undefined) return undefined;
  const { sender, receiver } = sharedKeyPairs(psk.psk);
  const authorized = [{ publicKey: sender.publicKey, name: 'the shared key', rules: { rawOnly: false } }];
  return { identity: sharedSecret(receiver.secret()), ...psk, authorized, ...common };
}

/** What it was told; a processor without AES asks for ChaCha20-Poly1305, any other takes both. */
function onlyCipher(told: Cipher | undefined): { readonly cipher?: Cipher } {
  const cipher = told ?? (bestCipher() === 'chacha20-poly1305' ? 'chacha20-poly1305' : undefined);
  return cipher === undefined ? {} : { cipher };
}

function listOf(request: ReceiverKeyRequest, path: string): string | undefined {
  return request.authorizedSendersPath === undefined ? readKeyTextIfAny(path) : readKeyText(path);
}

function readPsk(path: string | undefined): { readonly psk: Uint8Array } | undefined {
  return path === undefined ? undefined : { psk: sharedSecret(readSecret(path, 'zwire-shared1')) };
}

function readHostKey(path: string): Uint8Array {
  return readSecret(path, 'zwire-secret1');
}

/** The public line of a receiver or sender, for messages that say what to paste where. */
export function publicLineOf(secret: Uint8Array, comment: string): string {
  return formatPublicKey(KeyPair.fromSecret(secret).publicKey, comment);
}
