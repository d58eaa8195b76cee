// Where a stream lies now, as the receiver says it in a committed STATUS: {"target": string, "guid": decimal}.
import { ZwireError } from '../bytes/zwire-error.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';
import { LIMITS } from '../wire/limits.ts';
import { type JsonFields, parseJsonObject } from '../wire/json-fields.ts';
import type { Status } from '../wire/status.ts';
import type { TransferOutcome } from './worker-message.ts';

/**
 * What a committed STATUS says: `{"target": ..., "guid": ...}`, where it is more than words. Success is only taken for
 * the whole: `records` is undefined before END was said, and nobody can have committed then. Throws PEER_ABORTED, and
 * ZFS_GUID_MISMATCH when it is another snapshot than the announced one that lies there.
 */
export function outcomeOf(
  { cumulative, resultText }: Status,
  records: number | undefined,
  announcedGuid: bigint | undefined,
): TransferOutcome {
  if (cumulative !== records) {
    throw new ZwireError('PEER_ABORTED', 'the receiver says that it has committed what it cannot have yet', {
      fields: { cumulative },
      hint: 'Do not rely on that copy. Both sides have to be of the same version of zwire.',
    });
  }
  const { target, guid } = fieldsOf(resultText);
  if (guid !== undefined && announcedGuid !== undefined && BigInt(guid) !== announcedGuid) {
    const message = `the receiver has committed, but the snapshot there has guid ${guid}, and ${announcedGuid} was sent`;
    throw new ZwireError('ZFS_GUID_MISMATCH', message, {
      fields: { guid, expected: announcedGuid },
      hint: 'Do not rely on that copy. Look at what else writes to the target, and send again.',
    });
  }
  return {
    outcome: 'committed',
    ...(target === undefined ? {} : { target }),
    ...(guid === undefined ? {} : { guid }),
  };
}

/**
 * What is said is taken if it is what it should be. The text came without control characters, but JSON can bring them in
 * again as escapes.
 */
function fieldsOf(text: string): { readonly target?: string; readonly guid?: string } {
  const said = orNothing(() => parseJsonObject(encodeUtf8(text), 'STATUS'));
  const target = said && orNothing(() => said.text('target', LIMITS.messageBytes));
  const guid = said && orNothing(() => guidOf(said));
  return { ...(target === undefined ? {} : { target }), ...(guid === undefined ? {} : { guid }) };
}

function guidOf(said: JsonFields): string {
  return String(said.u64('guid'));
}

function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // An older or other receiver may say it in words.
    if (error instanceof ZwireError) return undefined;
    throw error;
  }
}
