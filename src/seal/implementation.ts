// Which implementation seals. All give the same bytes (record-seal.test.ts), so each side chooses for itself:
//   ipsec-mb   Intel's library, AES-256-GCM only, where installed and the processor has wide AES    sys/ipsec-mb.ts
//   evp        the OpenSSL that Node carries, on addresses                                           sys/evp.ts
//   node       node:crypto, where Node hides its OpenSSL: some 5 us slower a record                  cipher.ts
import { randomFillSync } from 'node:crypto';
import type { AeadContext } from '../sys/aead-context.ts';
import { EvpContext, evpAvailable } from '../sys/evp.ts';
import { IpsecMbContext, ipsecMbKernel } from '../sys/ipsec-mb.ts';
import { Memory } from '../sys/memory.ts';
import { type Cipher, createAead } from './cipher.ts';

export type SealImplementation = 'ipsec-mb' | 'evp' | 'node';

/** Those that are used through an AeadContext. */
export type AddressImplementation = Exclude<SealImplementation, 'node'>;

/** Those of this machine, the fastest first; never empty. */
export function availableImplementations(cipher: Cipher): SealImplementation[] {
  const all: SealImplementation[] = ['node'];
  if (evpAvailable()) all.unshift('evp');
  if (cipher === 'aes-256-gcm' && ipsecMbServes()) all.unshift('ipsec-mb');
  return all;
}

export function bestImplementation(cipher: Cipher): SealImplementation {
  return availableImplementations(cipher)[0] ?? 'node';
}

/** The library that seals AES-256-GCM beside Node's own, for people; undefined where Node's does. */
export function sealingLibrary(): string | undefined {
  return ipsecMbServes() ? ipsecMbKernel() : undefined;
}

/** A context for the key at `keyAddress`, which may be wiped afterwards. SEAL_UNAVAILABLE where it is not to be had. */
export function createContext(
  implementation: AddressImplementation,
  direction: 'encrypt' | 'decrypt',
  cipher: Cipher,
  keyAddress: number,
): AeadContext {
  return implementation === 'ipsec-mb' && cipher === 'aes-256-gcm'
    ? new IpsecMbContext(keyAddress)
    : new EvpContext(direction, cipher, keyAddress);
}

let serves: boolean | undefined;

/** There, and of one mind with node:crypto: a library of the system may be built or patched in any way. */
function ipsecMbServes(): boolean {
  serves ??= ipsecMbKernel() !== undefined && agreesWithNode();
  return serves;
}

//   0 key (32) | 64 nonce (12) | 128 associated data (28) | 256 plaintext | 2048 ciphertext and tag | 4096 opened again
const NONCE_AT = 64;
const AAD_AT = 128;
const AAD_BYTES = 28;
const PLAIN_AT = 256;
/** Neither a multiple of a block nor shorter than what one turn of the widest loop takes. */
const PLAIN_BYTES = 1501;
const SEALED_AT = 2048;
const OPENED_AT = 4096;
/** In the middle of a block, as a segment's end may be. */
const CUT_BYTES = 777;

/** One message is sealed, and opened again in two pieces, and the same with its tag spoilt. */
function agreesWithNode(): boolean {
  using memory = Memory.allocate(8192);
  const { address, bytes } = memory;
  randomFillSync(bytes.subarray(0, PLAIN_AT + PLAIN_BYTES));
  const plain = bytes.subarray(PLAIN_AT, PLAIN_AT + PLAIN_BYTES);
  const node = createAead(
    'aes-256-gcm',
    bytes.slice(0, 32),
    bytes.slice(NONCE_AT, NONCE_AT + 12),
    bytes.slice(AAD_AT, AAD_AT + AAD_BYTES),
  );
  const expected = Buffer.concat([node.update(plain), node.final(), node.getAuthTag()]);

  using context = new IpsecMbContext(address);
  context.seal(
    address + NONCE_AT,
    address + AAD_AT,
    AAD_BYTES,
    address + SEALED_AT,
    address + PLAIN_AT,
    PLAIN_BYTES,
  );
  const sealed = bytes.subarray(SEALED_AT, SEALED_AT + expected.byteLength);

  const open = (): boolean => {
    context.begin(address + NONCE_AT, address + AAD_AT, AAD_BYTES);
    context.update(address + OPENED_AT, address + SEALED_AT, CUT_BYTES);
    const rest = PLAIN_BYTES - CUT_BYTES;
    context.update(address + OPENED_AT + CUT_BYTES, address + SEALED_AT + CUT_BYTES, rest);
    return context.open(address + SEALED_AT + PLAIN_BYTES);
  };
  const right = open();
  const opened = bytes.slice(OPENED_AT, OPENED_AT + PLAIN_BYTES);
  const agrees = right && expected.equals(sealed) && plain.every((byte, at) => byte === opened[at]);
  bytes[SEALED_AT + PLAIN_BYTES] = (bytes[SEALED_AT + PLAIN_BYTES] ?? 0) ^ 1;
  return agrees && !open();
}
