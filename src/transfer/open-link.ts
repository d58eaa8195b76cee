// Opens the link that the options name.
import type { LinkOptions, ReceiverLink, SenderLink } from '../link/link.ts';
import { openRawReceiver, openRawSender } from '../link/raw-link.ts';
import { openUdpReceiver, openUdpSender } from '../link/udp-link.ts';

export function openSenderLink(options: LinkOptions): SenderLink {
  return options.kind === 'raw' ? openRawSender(options) : openUdpSender(options);
}

export function openReceiverLink(options: LinkOptions): ReceiverLink {
  return options.kind === 'raw' ? openRawReceiver(options) : openUdpReceiver(options);
}
