// Files with keys. A secret is one line, `zwire-secret1 BASE64` (a host's own) or `zwire-shared1 BASE64` (one that two
// hosts share), in a file that nobody else may read; and what says whom to trust nobody else may write. Anything else is
// refused, as SSH does.
import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { decodeKey } from '../../seal/public-key.ts';

const FILE_BYTES_MAX = 1 << 20;

export type SecretName = 'zwire-secret1' | 'zwire-shared1';

/** The text of a file with public keys. @throws ZwireError KEY_FILE_UNREADABLE, KEY_FILE_EXPOSED */
export function readKeyText(path: string): string {
  const bytes = readBounded(path, false);
  return bytes.toString('utf8');
}

/** Like readKeyText; undefined when there is no such file. */
export function readKeyTextIfAny(path: string): string | undefined {
  try {
    return readKeyText(path);
  } catch (error) {
    if (error instanceof ZwireError && error.fields['errno'] === 'ENOENT') return undefined;
    throw error;
  }
}

/** The 32 bytes of a secret; the caller wipes them. @throws ZwireError KEY_FILE_UNREADABLE, KEY_FILE_EXPOSED, KEY_MALFORMED */
export function readSecret(path: string, name: SecretName): Uint8Array {
  const bytes = readBounded(path, true);
  try {
    const lines = bytes.toString('latin1').split('\n');
    const [line = ''] = lines.filter((text) => text.trim() !== '' && !text.startsWith('#'));
    const [word, base64 = ''] = line.trim().split(/\s+/);
    const secret = word === name ? decodeKey(base64) : undefined;
    if (secret !== undefined) return secret;
  } finally {
    bytes.fill(0);
  }
  const make = name === 'zwire-secret1' ? 'zwire keygen' : 'zwire keygen --shared';
  throw new ZwireError('KEY_MALFORMED', `${path} holds no ${name} key`, {
    fields: { path },
    hint: `Such a file is made by ${make} --output FILE.`,
  });
}

/** Writes a secret to a new file, mode 0600, and syncs it. @throws ZwireError KEY_FILE_EXISTS, FILE_UNWRITABLE */
export function writeSecret(path: string, name: SecretName, secret: Uint8Array, note: string): void {
  const text = Buffer.from(`# ${note}\n${name} ${Buffer.from(secret).toString('base64')}\n`);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(path, 'wx', 0o600);
    try {
      fchmodSync(file, 0o600);
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    // mkdir says the same where a file stands in the place of the directory.
    if (errnoOf(error) === 'EEXIST' && existsSync(path)) {
      throw new ZwireError('KEY_FILE_EXISTS', `${path} exists, and a key is never replaced`, {
        fields: { path },
        hint: 'Name another file with --output, or move it away first. Whoever knows the old key must learn the new one.',
      });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new ZwireError('FILE_UNWRITABLE', `cannot write ${path}: ${reason}`, {
      fields: { path, errno: errnoOf(error) },
      cause: error,
      hint: 'Name a place that this user may write to: --output FILE.',
    });
  } finally {
    text.fill(0);
  }
}

function readBounded(path: string, secret: boolean): Buffer {
  try {
    const file = openSync(path, 'r');
    try {
      const stats = fstatSync(file);
      if (secret) refuseExposed(path, stats);
      else if (stats.isFile()) refuseWritable(path, stats);
      const bytes = Buffer.alloc(FILE_BYTES_MAX);
      let filled = 0;
      for (let count = -1; count !== 0 && filled < bytes.length; filled += count)
        count = readSync(file, bytes, filled, bytes.length - filled, null);
      if (filled === bytes.length) throw new Error(`it is longer than ${FILE_BYTES_MAX} bytes`);
      return bytes.subarray(0, filled);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw error instanceof ZwireError ? error : unreadable(path, secret, error);
  }
}

/** A secret that others can read is none. @throws ZwireError KEY_FILE_EXPOSED */
export function refuseExposed(
  path: string,
  { mode, uid }: { readonly mode: number; readonly uid: number },
): void {
  const ours = uid === 0 || uid === process.geteuid?.();
  if (ours && (mode & 0o077) === 0) return;
  const permissions = (mode & 0o777).toString(8).padStart(4, '0');
  const why = ours ? `others can read it (mode ${permissions})` : `it belongs to another user (${uid})`;
  throw new ZwireError('KEY_FILE_EXPOSED', `${path} holds a secret, and ${why}`, {
    fields: { path, mode: permissions },
    hint: `chmod 600 ${path}\nIf someone may have read it, make a new key.`,
  });
}

/** Whoever can add a line to a list of keys lets himself in, or poses as a receiver. */
function refuseWritable(path: string, { mode }: { readonly mode: number }): void {
  if ((mode & 0o022) === 0) return;
  const permissions = (mode & 0o777).toString(8).padStart(4, '0');
  throw new ZwireError(
    'KEY_FILE_EXPOSED',
    `${path} says which keys to trust, and others can write to it (mode ${permissions})`,
    {
      fields: { path, mode: permissions },
      hint: `chmod go-w ${path}\nLook at the keys in it first: someone else may have added one.`,
    },
  );
}

function unreadable(path: string, secret: boolean, error: unknown): ZwireError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ZwireError('KEY_FILE_UNREADABLE', `cannot read ${path}: ${reason}`, {
    fields: { path, errno: errnoOf(error) },
    cause: error,
    hint: secret
      ? 'Check the path and the user. `zwire keygen` makes a key for this host.'
      : 'Check the path and the user. docs/operations/keys.md says what stands in such a file.',
  });
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
