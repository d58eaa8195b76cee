// `zwire keygen`, loaded when it runs.
import { randomFillSync } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { EXIT } from '../../bytes/error-codes.ts';
import { KeyPair } from '../../seal/key-pair.ts';
import { formatPublicKey } from '../../seal/public-key.ts';
import type { CliContext } from '../context.ts';
import { readSecret, writeSecret } from '../keys/key-file.ts';
import { keyPlaces } from '../keys/key-places.ts';
import { hasColour } from '../render/colour.ts';
import { exitCodeForError, renderError } from '../render/error-text.ts';
import { usageError } from '../usage-error.ts';
import type { KeygenFlags } from './keygen-command.ts';

export function keygen(context: CliContext, flags: KeygenFlags): void {
  const { stdout, stderr, env } = context.process;
  try {
    const path = flags.output ?? keyPlaces(env).hostKey;
    if (flags.shared === true) makeSharedKey(flags);
    else stdout.write(`${flags.public === true ? publicLine(path, flags) : makeHostKey(path, flags)}\n`);
    if (flags.public !== true) stderr.write(`the secret is in ${path}; nobody else may read it\n`);
    context.process.exitCode = EXIT.done;
  } catch (error) {
    stderr.write(`${renderError(error, { colour: hasColour(stderr, env), debug: false })}\n`);
    context.process.exitCode = exitCodeForError(error);
  }
}

function makeHostKey(path: string, flags: KeygenFlags): string {
  const pair = KeyPair.generate();
  const secret = pair.secret();
  const line = formatPublicKey(pair.publicKey, commentOf(flags));
  try {
    writeSecret(path, 'zwire-secret1', secret, `Keep this secret. Its public line: ${line}`);
  } finally {
    secret.fill(0);
  }
  return line;
}

function publicLine(path: string, flags: KeygenFlags): string {
  if (flags.shared === true)
    throw usageError('a shared key has no public line', 'Leave --public or --shared out.');
  const secret = readSecret(path, 'zwire-secret1');
  try {
    return formatPublicKey(KeyPair.fromSecret(secret).publicKey, commentOf(flags));
  } finally {
    secret.fill(0);
  }
}

function makeSharedKey(flags: KeygenFlags): void {
  if (flags.public === true)
    throw usageError('a shared key has no public line', 'Leave --public or --shared out.');
  if (flags.output === undefined) {
    throw usageError(
      'it is not said where the shared key goes',
      'Add --output FILE; copy that file to the other host.',
    );
  }
  const secret = randomFillSync(new Uint8Array(32));
  try {
    writeSecret(
      flags.output,
      'zwire-shared1',
      secret,
      'A key that two hosts share, for --psk-file. Keep it secret.',
    );
  } finally {
    secret.fill(0);
  }
}

/** One line, whatever the host is called. */
function commentOf(flags: KeygenFlags): string {
  const comment = flags.comment ?? `${userInfo().username}@${hostname()}`;
  return comment.replace(/[\p{Cc}\s]+/gu, ' ').trim();
}
