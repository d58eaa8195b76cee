// AES-256-GCM and ChaCha20-Poly1305 through the OpenSSL that Node itself carries and exports (EVP_EncryptInit(3)). A call through
// node:crypto costs about 5 us, which halves the rate of small segments; here a context is reused and works on
// addresses, so a record is sealed from and into the memory the kernel sends and fills.
import { ZwireError } from '../bytes/zwire-error.ts';
import { type AeadContext, TAG_BYTES } from './aead-context.ts';
import { ownSymbols } from './libc.ts';
import { Memory } from './memory.ts';

const EVP_CTRL_AEAD_GET_TAG = 0x10;
const EVP_CTRL_AEAD_SET_TAG = 0x11;

export type EvpCipher = 'aes-256-gcm' | 'chacha20-poly1305';

interface Symbols {
  readonly contextNew: () => number;
  readonly contextFree: (context: number) => void;
  /** EVP_CIPHER pointers of the two ciphers. */
  readonly ciphers: Readonly<Record<EvpCipher, () => number>>;
  readonly encryptInit: (context: number, type: number, engine: number, key: number, nonce: number) => number;
  readonly encryptUpdate: (
    context: number,
    out: number,
    outLength: number,
    input: number,
    bytes: number,
  ) => number;
  readonly encryptFinal: (context: number, out: number, outLength: number) => number;
  readonly decryptInit: (context: number, type: number, engine: number, key: number, nonce: number) => number;
  readonly decryptUpdate: (
    context: number,
    out: number,
    outLength: number,
    input: number,
    bytes: number,
  ) => number;
  readonly decryptFinal: (context: number, out: number, outLength: number) => number;
  readonly control: (context: number, command: number, argument: number, pointer: number) => number;
}

let symbols: Symbols | undefined | 'absent';

function resolve(): Symbols | undefined {
  if (symbols === undefined) {
    try {
      const self = ownSymbols();
      const init = (name: string) => `int ${name}(size_t, size_t, size_t, size_t, size_t)`;
      const update = (name: string) => `int ${name}(size_t, size_t, size_t, size_t, int)`;
      symbols = {
        contextNew: self.func('size_t EVP_CIPHER_CTX_new()'),
        contextFree: self.func('void EVP_CIPHER_CTX_free(size_t)'),
        ciphers: {
          'aes-256-gcm': self.func('size_t EVP_aes_256_gcm()'),
          'chacha20-poly1305': self.func('size_t EVP_chacha20_poly1305()'),
        },
        encryptInit: self.func(init('EVP_EncryptInit_ex')),
        encryptUpdate: self.func(update('EVP_EncryptUpdate')),
        encryptFinal: self.func('int EVP_EncryptFinal_ex(size_t, size_t, size_t)'),
        decryptInit: self.func(init('EVP_DecryptInit_ex')),
        decryptUpdate: self.func(update('EVP_DecryptUpdate')),
        decryptFinal: self.func('int EVP_DecryptFinal_ex(size_t, size_t, size_t)'),
        control: self.func('int EVP_CIPHER_CTX_ctrl(size_t, int, int, size_t)'),
      };
    } catch {
      // A Node built against a shared OpenSSL may hide the symbols: node:crypto does the work then (seal/).
      symbols = 'absent';
    }
  }
  return symbols === 'absent' ? undefined : symbols;
}

export function evpAvailable(): boolean {
  return resolve() !== undefined;
}

function must(result: number, what: string): void {
  if (result !== 1) throw new ZwireError('SEAL_UNAVAILABLE', `OpenSSL's ${what} failed`);
}

/** Either cipher with one key in one direction; see AeadContext. */
export class EvpContext implements AeadContext {
  readonly #evp: Symbols;
  readonly #context: number;
  readonly #lengthMemory: Memory = Memory.allocate(16);
  readonly #length: number;
  // Of the two families of calls, the one of our direction: chosen once, since they run for every segment.
  readonly #init: Symbols['encryptInit'];
  readonly #update: Symbols['encryptUpdate'];

  /** The key is copied into the context; the caller may wipe it at once. */
  constructor(direction: 'encrypt' | 'decrypt', cipher: EvpCipher, keyAddress: number) {
    const evp = resolve();
    if (evp === undefined) throw new ZwireError('SEAL_UNAVAILABLE', 'this Node hides its OpenSSL symbols');
    this.#evp = evp;
    this.#length = this.#lengthMemory.address;
    this.#context = evp.contextNew();
    this.#init = direction === 'encrypt' ? evp.encryptInit : evp.decryptInit;
    this.#update = direction === 'encrypt' ? evp.encryptUpdate : evp.decryptUpdate;
    must(this.#init(this.#context, evp.ciphers[cipher](), 0, keyAddress, 0), 'EVP init');
  }

  begin(nonceAddress: number, aadAddress: number, aadBytes: number): void {
    this.#init(this.#context, 0, 0, 0, nonceAddress);
    this.#update(this.#context, 0, this.#length, aadAddress, aadBytes);
  }

  update(outAddress: number, inAddress: number, bytes: number): void {
    if (bytes > 0) this.#update(this.#context, outAddress, this.#length, inAddress, bytes);
  }

  seal(
    nonceAddress: number,
    aadAddress: number,
    aadBytes: number,
    outAddress: number,
    inAddress: number,
    bytes: number,
  ): void {
    this.begin(nonceAddress, aadAddress, aadBytes);
    this.update(outAddress, inAddress, bytes);
    const tagAddress = outAddress + bytes;
    must(this.#evp.encryptFinal(this.#context, tagAddress, this.#length), 'EVP_EncryptFinal_ex');
    must(this.#evp.control(this.#context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tagAddress), 'AEAD tag');
  }

  open(tagAddress: number): boolean {
    must(this.#evp.control(this.#context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tagAddress), 'AEAD tag');
    return this.#evp.decryptFinal(this.#context, this.#length + 8, this.#length) === 1;
  }

  [Symbol.dispose](): void {
    this.#evp.contextFree(this.#context);
    this.#lengthMemory[Symbol.dispose]();
  }
}
