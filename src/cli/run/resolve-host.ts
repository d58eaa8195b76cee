// The name of a host becomes an IPv4 address, once, before anything starts.
import { lookup } from 'node:dns/promises';
import { ZwireError } from '../../bytes/zwire-error.ts';
import type { LinkOptions } from '../../transfer/endpoint.ts';
import { messageOf } from '../render/error-text.ts';

/** The link with its host as IPv4 text. @throws ZwireError HOST_UNKNOWN */
export async function resolveLink(link: LinkOptions): Promise<LinkOptions> {
  if (link.kind === 'raw' || link.host === undefined) return link;
  try {
    const { address } = await lookup(link.host, { family: 4 });
    return { ...link, host: address };
  } catch (error) {
    throw new ZwireError('HOST_UNKNOWN', `cannot find an IPv4 address of ${link.host}: ${messageOf(error)}`, {
      fields: { host: link.host },
      hint: 'Check the name, or give the address, such as --to 198.18.0.2.',
      cause: error,
    });
  }
}
