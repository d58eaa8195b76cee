// The flags that commands share: their words, their parsers, and nothing of what they do.
import type { FlagParametersForType } from '@stricli/core';
import { parseIpv4 } from '../../bytes/ipv4-address.ts';
import { parseMac } from '../../bytes/mac-address.ts';
import { parseDuration, parsePause } from '../parse/duration.ts';
import { parseLocale } from '../parse/locale.ts';
import { parseInterface, parsePath, parseUser } from '../parse/path.ts';
import { parseRate } from '../parse/rate.ts';
import { parseSize } from '../parse/size.ts';
import { parseVerbosity } from '../parse/verbosity.ts';
import { parseFrameSize, parsePort, parseTransferCount } from '../parse/whole-number.ts';
import type { KeyFlags, ReceiverKeyFlags, SenderKeyFlags } from '../request/key-request.ts';
import type { LinkFlags, SenderLinkFlags } from '../request/link-request.ts';
import type { OutputFlags } from '../request/output-request.ts';
import type { AcceptanceFlags } from '../request/receive-request.ts';
import type { DeliveryFlags } from '../request/send-request.ts';
import { toggle, value } from './flag-shape.ts';

export const OUTPUT_PARAMETERS: FlagParametersForType<OutputFlags> = {
  json: toggle('Print events as JSON lines on standard output'),
  quiet: toggle('Print warnings and errors only'),
  debug: toggle('Print causes and stacks of errors'),
  logDir: value(parsePath, 'DIR', 'Write the events to a new file in DIR as well'),
  verbosityLevel: value(
    parseVerbosity,
    'LEVEL',
    'Detail of that file: error, warning, info (default), debug',
  ),
  trace: value(parsePath, 'FILE', 'Write a trace for zwire trace report and ui.perfetto.dev'),
  locale: value(parseLocale, 'LOCALE', 'Accepted for the sake of the seed; messages are in English'),
};

export const DESTINATION_PARAMETERS: FlagParametersForType<
  Pick<SenderLinkFlags, 'destinationIp' | 'destinationMac'>
> = {
  destinationIp: value(parseIpv4, 'IP', 'Where the frames go; the address need not exist'),
  destinationMac: value(parseMac, 'MAC', 'Their next hop (default: asked of the system)'),
};

export const RAW_PARAMETERS: FlagParametersForType<Pick<LinkFlags, 'interface' | 'sourceIp' | 'sourceMac'>> =
  {
    interface: value(parseInterface, 'IF', 'The interface; needs CAP_NET_RAW'),
    sourceIp: value(parseIpv4, 'IP', "Our address in the frames, existing or not (default: the interface's)"),
    sourceMac: value(parseMac, 'MAC', "Our MAC in the frames, existing or not (default: the interface's)"),
  };

export const FRAME_PARAMETERS: FlagParametersForType<
  Pick<LinkFlags, 'port' | 'udpPort' | 'framesize' | 'noGso'>
> = {
  port: value(parsePort, 'PORT', "The receiver's UDP port (default: 1337)"),
  udpPort: value(parsePort, 'PORT', 'The same as --port'),
  framesize: value(
    parseFrameSize,
    'BYTES',
    "Largest packet, counted as an MTU is (default: the interface's)",
  ),
  noGso: toggle('Frames one by one, without segmentation offload'),
};

type SharedFlags = Pick<DeliveryFlags & AcceptanceFlags, 'wire' | 'timeout' | 'insecure'>;

/** What both sides of a transfer take. */
export const SHARED_PARAMETERS: FlagParametersForType<SharedFlags> = {
  insecure: toggle('Without keys, into a pool too: nobody is kept out'),
  timeout: value(parseDuration, 'TIME', 'Give up when the other side is silent for so long (default: 30s)'),
  wire: {
    kind: 'enum',
    values: ['v1', 'v0'],
    optional: true,
    brief: "Format on the wire; v0 is the seed's, which repairs nothing",
  },
};

export const PACE_PARAMETERS: FlagParametersForType<Pick<DeliveryFlags, 'rate' | 'rateLimit' | 'oneWay'>> = {
  rate: value(parseRate, 'RATE', 'No faster than this: 5Gbit, 800Mbit, or 125MB (bytes a second)'),
  rateLimit: value(parsePause, 'SECONDS', "Pause between two frames, the seed's way"),
  oneWay: toggle('Expect no answer: constant --rate (1Gbit); loss is found, not repaired'),
};

const OWN_KEY_PARAMETERS: FlagParametersForType<Pick<KeyFlags, 'identity' | 'pskFile' | 'keyLog'>> = {
  identity: value(parsePath, 'FILE', 'Our secret key (default: ~/.config/zwire/host_key)'),
  pskFile: value(parsePath, 'FILE', 'A key that both sides share: alone, or besides their own'),
  keyLog: value(parsePath, 'FILE', 'Append what Wireshark needs to read all that is sent: a secret'),
};

function cipherParameter(brief: string): FlagParametersForType<Pick<KeyFlags, 'cipher'>>['cipher'] {
  return { kind: 'enum', values: ['aes', 'chacha20'], optional: true, brief };
}

export const SENDER_KEY_PARAMETERS: FlagParametersForType<
  Pick<SenderKeyFlags, 'identity' | 'pskFile' | 'keyLog' | 'receiverKey' | 'cipher'>
> = {
  receiverKey: value(
    String,
    'KEY|FILE',
    "The receiver's public key (default: by host, from ~/.config/zwire/known_receivers)",
  ),
  ...OWN_KEY_PARAMETERS,
  cipher: cipherParameter('AES-256-GCM or ChaCha20-Poly1305 (default: aes where both processors have it)'),
};

export const RECEIVER_KEY_PARAMETERS: FlagParametersForType<
  Pick<ReceiverKeyFlags, 'identity' | 'pskFile' | 'keyLog' | 'authorizedSenders' | 'stateDir' | 'cipher'>
> = {
  authorizedSenders: value(
    parsePath,
    'FILE',
    'Who is let in (default: ~/.config/zwire/authorized_senders, where there is one)',
  ),
  ...OWN_KEY_PARAMETERS,
  stateDir: value(parsePath, 'DIR', 'Where one-way transfers are remembered (default: ~/.local/state/zwire)'),
  cipher: cipherParameter('Take only this one two-way (default: both, or chacha20 without AES instructions)'),
};

export const ACCEPTANCE_PARAMETERS: FlagParametersForType<
  Pick<AcceptanceFlags, 'once' | 'maxTransfers' | 'poolMemory' | 'user'>
> = {
  user: value(parseUser, 'NAME', 'Become this user when the sockets are open, and stay it'),
  once: toggle('End after the first transfer, with its result as exit code'),
  maxTransfers: value(parseTransferCount, 'N', 'Transfers taken at once (default: 8)'),
  poolMemory: value(parseSize, 'SIZE', 'Memory for what has arrived and is not yet written (default: 128M)'),
};
