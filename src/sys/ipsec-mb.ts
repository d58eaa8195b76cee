// AES-256-GCM through Intel's Multi-Buffer Crypto for IPsec (libIPSec_MB, Debian's libipsec-mb1 and libipsec-mb2), where
// it is installed and the processor has wide AES instructions (VAES): there it seals at twice the speed of the OpenSSL
// that Node 20 and 22 carry. On other processors it gains nothing and is left alone (docs/decisions/0031).
import type { LibraryHandle } from 'koffi';
import { ZwireError } from '../bytes/zwire-error.ts';
import { type AeadContext, TAG_BYTES } from './aead-context.ts';
import { memcpy, openLibrary } from './libc.ts';
import { Memory } from './memory.ts';
import { processorFeatures } from './processor.ts';

/** Newest first: the sonames whose structures are those below. */
const SONAMES: readonly string[] = ['libIPSec_MB.so.2', 'libIPSec_MB.so.1'];

/** The library's variants of GCM that are worth having, best first, with what the processor must list for each. */
const KERNELS: readonly { readonly name: string; readonly needs: readonly string[] }[] = [
  { name: 'vaes_avx512', needs: ['vaes', 'vpclmulqdq', 'avx512f', 'avx512vl', 'avx512bw', 'avx512dq'] },
  { name: 'vaes_avx2', needs: ['vaes', 'vpclmulqdq', 'avx2'] },
];

/** `off` leaves the library alone. */
const SWITCH = 'ZWIRE_IPSEC_MB';

interface Symbols {
  readonly expandKey: (key: number, keyData: number) => void;
  readonly init: (keyData: number, context: number, nonce: number, aad: number, aadBytes: number) => void;
  readonly update: (keyData: number, context: number, out: number, input: number, bytes: number) => void;
  readonly finalize: (keyData: number, context: number, tag: number, tagBytes: number) => void;
  /** All of it in one call instead of three for every record. */
  readonly encrypt: (
    keyData: number,
    context: number,
    out: number,
    input: number,
    bytes: number,
    nonce: number,
    aad: number,
    aadBytes: number,
    tag: number,
    tagBytes: number,
  ) => void;
}

interface Kernel {
  /** Soname and variant, for people. */
  readonly name: string;
  readonly symbols: Symbols;
}

/** The variants that this processor can run, best first. */
export function usableKernels(features: ReadonlySet<string> = processorFeatures() ?? new Set()): string[] {
  return KERNELS.filter(({ needs }) => needs.every((name) => features.has(name))).map(({ name }) => name);
}

let loaded: { readonly kernel: Kernel | undefined } | undefined;

function load(): Kernel | undefined {
  loaded ??= { kernel: findKernel() };
  return loaded.kernel;
}

function findKernel(): Kernel | undefined {
  if (process.env[SWITCH] === 'off') return undefined;
  const names = usableKernels();
  for (const soname of names.length > 0 ? SONAMES : []) {
    const library = openLibrary(soname);
    for (const name of library === undefined ? [] : names) {
      const symbols = library && resolve(library, name);
      if (symbols !== undefined) return { name: `${soname}, ${name}`, symbols };
    }
  }
  return undefined;
}

function resolve(library: LibraryHandle, kernel: string): Symbols | undefined {
  const func = (name: string, words: number): ReturnType<LibraryHandle['func']> =>
    library.func(`void aes_gcm_${name}_${kernel}(${Array(words).fill('size_t').join(', ')})`);
  try {
    return {
      expandKey: func('pre_256', 2),
      init: func('init_256', 5),
      update: func('dec_256_update', 5),
      finalize: func('dec_256_finalize', 4),
      encrypt: func('enc_256', 10),
    };
  } catch {
    // An older version has not all variants.
    return undefined;
  }
}

/** Soname and variant that this processor can use; undefined where there is none. */
export function ipsecMbKernel(): string | undefined {
  return load()?.name;
}

/** AES-256-GCM with one key; see AeadContext. */
//   0 struct gcm_key_data: 15 round keys of 16 bytes, then up to 48 powers of the hash key (64-byte aligned)
//   4096 struct gcm_context_data (96 bytes) | 4224 tag that was computed | 4240 tag that came
export class IpsecMbContext implements AeadContext {
  static readonly #contextAt = 4096;
  static readonly #computedAt = 4224;
  static readonly #givenAt = 4240;
  readonly #memory: Memory = Memory.allocate(8192);
  readonly #keyData: number;
  readonly #context: number;
  readonly #symbols: Symbols;

  /** The key is expanded into memory of our own, which dispose() wipes; the caller may wipe his at once. */
  constructor(keyAddress: number) {
    const symbols = load()?.symbols;
    if (symbols === undefined)
      throw new ZwireError('SEAL_UNAVAILABLE', 'there is no libIPSec_MB for this processor');
    this.#keyData = this.#memory.address;
    this.#context = this.#memory.address + IpsecMbContext.#contextAt;
    this.#symbols = symbols;
    symbols.expandKey(keyAddress, this.#keyData);
  }

  seal(
    nonceAddress: number,
    aadAddress: number,
    aadBytes: number,
    outAddress: number,
    inAddress: number,
    bytes: number,
  ): void {
    const { encrypt } = this.#symbols;
    encrypt(
      this.#keyData,
      this.#context,
      outAddress,
      inAddress,
      bytes,
      nonceAddress,
      aadAddress,
      aadBytes,
      outAddress + bytes,
      TAG_BYTES,
    );
  }

  begin(nonceAddress: number, aadAddress: number, aadBytes: number): void {
    this.#symbols.init(this.#keyData, this.#context, nonceAddress, aadAddress, aadBytes);
  }

  update(outAddress: number, inAddress: number, bytes: number): void {
    if (bytes > 0) this.#symbols.update(this.#keyData, this.#context, outAddress, inAddress, bytes);
  }

  open(tagAddress: number): boolean {
    const { address, view } = this.#memory;
    this.#symbols.finalize(this.#keyData, this.#context, address + IpsecMbContext.#computedAt, TAG_BYTES);
    memcpy(address + IpsecMbContext.#givenAt, tagAddress, TAG_BYTES);
    // No early way out: how many bytes of a forged tag are right is nobody's business.
    let difference = 0;
    for (let at = 0; at < TAG_BYTES; at += 4)
      difference |=
        view.getUint32(IpsecMbContext.#computedAt + at) ^ view.getUint32(IpsecMbContext.#givenAt + at);
    return difference === 0;
  }

  [Symbol.dispose](): void {
    this.#memory.bytes.fill(0);
    this.#memory[Symbol.dispose]();
  }
}
