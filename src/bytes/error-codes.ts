// Every error code of zwire, its exit code and its meaning, sorted by room.
// docs/errors.md gives cause and remedy for each; a test keeps the two complete.

/** Exit codes of the command line. 130 and 143 (interrupted) are added by the shell convention 128 + signal. */
export const EXIT = { done: 0, failed: 1, usage: 2, noAnswer: 3, refused: 4, environment: 5 } as const;

export interface ErrorCodeInfo {
  readonly exitCode: number;
  readonly meaning: string;
}

const info = (exitCode: number, meaning: string): ErrorCodeInfo => ({ exitCode, meaning });

export const ERROR_CODES = {
  // bytes
  MAC_MALFORMED: info(EXIT.usage, 'a MAC address is not six bytes in hex'),
  IPV4_MALFORMED: info(EXIT.usage, 'an IPv4 address is not four decimal bytes'),
  // wire
  MTU_TOO_SMALL: info(EXIT.usage, 'the frame size leaves no room for a segment'),
  NAME_TOO_LONG: info(EXIT.usage, 'the announcement does not fit one segment'),
  WIRE_MALFORMED: info(EXIT.failed, 'a message from the wire does not follow the protocol'),
  // sys
  INTERFACE_MISSING: info(EXIT.environment, 'there is no network interface of that name'),
  INTERFACE_DOWN: info(EXIT.environment, 'the network interface is not up'),
  PRIVILEGE_MISSING: info(EXIT.environment, 'the process lacks a capability'),
  SYSTEM_CALL_FAILED: info(EXIT.failed, 'a system call failed'),
  // seal
  SEAL_UNAVAILABLE: info(EXIT.environment, 'this Node has no AES-256-GCM'),
  // link
  FRAME_TOO_LARGE: info(EXIT.usage, 'the frame size is over the MTU of the interface'),
  PORT_TAKEN: info(EXIT.environment, 'another program holds the UDP port'),
  ADDRESS_UNKNOWN: info(EXIT.environment, 'an address was not given and could not be found from the system'),
  // transfer
  NO_RECEIVER: info(EXIT.noAnswer, 'no receiver answered the announcement'),
  PEER_LOST: info(EXIT.noAnswer, 'the other side stopped answering in the middle of a transfer'),
  PEER_ABORTED: info(EXIT.failed, 'the other side ended the transfer'),
  REFUSED: info(EXIT.refused, 'the receiver refused the transfer'),
  DATA_LOST: info(EXIT.failed, 'records are missing and nothing can bring them back (one-way)'),
  DIGEST_MISMATCH: info(EXIT.failed, 'what arrived is not what was announced at the end'),
  SOURCE_FAILED: info(EXIT.failed, 'reading the source failed'),
  SINK_FAILED: info(EXIT.failed, 'writing what arrived failed'),
  INTERRUPTED: info(130, 'the user ended the transfer'),
} as const satisfies Record<string, ErrorCodeInfo>;

export type ErrorCode = keyof typeof ERROR_CODES;
