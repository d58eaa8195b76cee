// Every error code of zwire, its exit code and its meaning, sorted by room.
// docs/errors.md gives cause and remedy for each; a test keeps the two complete.

/** Exit codes of the command line. 130 and 143 (interrupted) are added by the shell convention 128 + signal. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  noAnswer: 3,
  refused: 4,
  environment: 5,
  interrupted: 130,
} as const;

export const ERROR_CODES = {
  // bytes
  MAC_MALFORMED: { exit: 'usage', meaning: 'a MAC address is not six bytes in hex' },
  IPV4_MALFORMED: { exit: 'usage', meaning: 'an IPv4 address is not four decimal bytes' },
  // wire
  MTU_TOO_SMALL: { exit: 'usage', meaning: 'the frame size leaves no room for a segment' },
  NAME_TOO_LONG: { exit: 'usage', meaning: 'the announcement does not fit one segment' },
  WIRE_MALFORMED: { exit: 'failed', meaning: 'a message from the wire does not follow the protocol' },
  // sys
  INTERFACE_MISSING: { exit: 'environment', meaning: 'there is no network interface of that name' },
  INTERFACE_DOWN: { exit: 'environment', meaning: 'the network interface is not up' },
  PRIVILEGE_MISSING: { exit: 'environment', meaning: 'the process lacks a capability' },
  SYSTEM_CALL_FAILED: { exit: 'failed', meaning: 'a system call failed' },
  // seal
  SEAL_UNAVAILABLE: { exit: 'environment', meaning: 'this Node has no AES-256-GCM' },
  // link
  FRAME_TOO_LARGE: { exit: 'usage', meaning: 'the frame size is over the MTU of the interface' },
  PORT_TAKEN: { exit: 'environment', meaning: 'another program holds the UDP port' },
  ADDRESS_UNKNOWN: {
    exit: 'environment',
    meaning: 'an address was not given and could not be found from the system',
  },
  // transfer
  NO_RECEIVER: { exit: 'noAnswer', meaning: 'no receiver answered the announcement' },
  PEER_LOST: { exit: 'noAnswer', meaning: 'the other side stopped answering in the middle of a transfer' },
  PEER_ABORTED: { exit: 'failed', meaning: 'the other side ended the transfer' },
  REFUSED: { exit: 'refused', meaning: 'the receiver refused the transfer' },
  DATA_LOST: { exit: 'failed', meaning: 'records are missing and nothing can bring them back (one-way)' },
  DIGEST_MISMATCH: { exit: 'failed', meaning: 'what arrived is not what was announced at the end' },
  SOURCE_FAILED: { exit: 'failed', meaning: 'reading the source failed' },
  SINK_FAILED: { exit: 'failed', meaning: 'writing what arrived failed' },
  INTERRUPTED: { exit: 'interrupted', meaning: 'the user ended the transfer' },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export function exitCodeOf(code: ErrorCode): number {
  return EXIT[ERROR_CODES[code].exit];
}
