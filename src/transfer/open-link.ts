// Opens the link that the options name.
import type { LinkOptions, ReceiverLink, SenderLink } from '../link/link.ts';
import { openRawReceiver, openRawSender } from '../link/raw-link.ts';
import { openUdpReceiver, openUdpSender } from '../link/udp-link.ts';

export function openSenderLink(options: LinkOptions): SenderLink {
  return options.kind === 'raw' ? openRawSender(options) : openUdpSender(options);
}

/** `ordered`: datagrams come in their order of arrival, whatever they are (v0 needs it). */
export function openReceiverLink(options: LinkOptions, ordered = false): ReceiverLink {
  return options.kind === 'raw' ? openRawReceiver(options, ordered) : openUdpReceiver(options, ordered);
}
