// Which keys a command was told to use, as plain data. The files are read when it runs; see ../keys/transfer-keys.ts.
import { usageError } from '../usage-error.ts';

export type CipherFlag = 'aes' | 'chacha20';

export interface KeyFlags {
  readonly cipher?: CipherFlag;
  readonly identity?: string;
  readonly pskFile?: string;
  readonly keyLog?: string;
  readonly insecure?: boolean;
  readonly wire?: 'v1' | 'v0';
}

export interface SenderKeyFlags extends KeyFlags {
  readonly receiverKey?: string;
}

export interface ReceiverKeyFlags extends KeyFlags {
  readonly authorizedSenders?: string;
  readonly stateDir?: string;
}

type CipherRequest = 'aes-256-gcm' | 'chacha20-poly1305';

export interface SenderKeyRequest {
  readonly identityPath?: string;
  /** A key, or the path of a file that holds one. */
  readonly receiverKey?: string;
  readonly pskPath?: string;
  readonly cipher?: CipherRequest;
}

export interface ReceiverKeyRequest {
  readonly identityPath?: string;
  readonly authorizedSendersPath?: string;
  readonly pskPath?: string;
  readonly stateDirectory?: string;
  readonly cipher?: CipherRequest;
}

/** Undefined: no keys, whatever lies in the usual places. @throws ZwireError USAGE */
export function senderKeyRequest(flags: SenderKeyFlags): SenderKeyRequest | undefined {
  const { identity, receiverKey, pskFile } = flags;
  if (!takesKeys(flags, { '--identity': identity, '--receiver-key': receiverKey, '--psk-file': pskFile }))
    return undefined;
  return {
    ...(identity === undefined ? {} : { identityPath: identity }),
    ...(receiverKey === undefined ? {} : { receiverKey }),
    ...(pskFile === undefined ? {} : { pskPath: pskFile }),
    ...cipherRequest(flags),
  };
}

/** Undefined: no keys, whatever lies in the usual places. @throws ZwireError USAGE */
export function receiverKeyRequest(flags: ReceiverKeyFlags): ReceiverKeyRequest | undefined {
  const { identity, authorizedSenders, pskFile, stateDir } = flags;
  const named = { '--identity': identity, '--authorized-senders': authorizedSenders, '--psk-file': pskFile };
  if (!takesKeys(flags, named)) return undefined;
  return {
    ...(identity === undefined ? {} : { identityPath: identity }),
    ...(authorizedSenders === undefined ? {} : { authorizedSendersPath: authorizedSenders }),
    ...(pskFile === undefined ? {} : { pskPath: pskFile }),
    ...(stateDir === undefined ? {} : { stateDirectory: stateDir }),
    ...cipherRequest(flags),
  };
}

function cipherRequest({ cipher }: KeyFlags): { readonly cipher?: CipherRequest } {
  if (cipher === undefined) return {};
  return { cipher: cipher === 'aes' ? 'aes-256-gcm' : 'chacha20-poly1305' };
}

/** Where the secrets of transfers are written down. @throws ZwireError USAGE */
export function keyLogRequest({ keyLog, wire }: KeyFlags): { readonly keyLogPath?: string } {
  if (keyLog === undefined) return {};
  if (wire === 'v0')
    throw usageError('--wire v0 seals nothing, so that --key-log has nothing to write', 'Leave it out.');
  return { keyLogPath: keyLog };
}

/** False under --insecure and with v0, which know no keys. */
function takesKeys(flags: KeyFlags, named: Readonly<Record<string, string | undefined>>): boolean {
  const without = flags.insecure === true ? '--insecure' : flags.wire === 'v0' ? '--wire v0' : undefined;
  if (without === undefined) return true;
  const flag = Object.keys(named).find((name) => named[name] !== undefined);
  if (flag === undefined) return false;
  throw usageError(
    `${without} means a transfer without keys, and ${flag} names one`,
    `Leave one of them out. With keys a transfer needs no --insecure.`,
  );
}
