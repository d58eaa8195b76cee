// fletcher4 in WebAssembly with SIMD. The module is assembled by scripts/build-fletcher4.mjs; its memory is three
// pages: the four sums at address 0, and from the second page on what is summed, copied there piece by piece.
import type { ChecksumWords, Fletcher4Kernel } from './fletcher4.ts';
import { FLETCHER4_MODULE } from './fletcher4-module.ts';

/** The part of the WebAssembly API that is used; the type library of Node has none of it. */
declare const WebAssembly:
  | {
      readonly Module: new (bytes: Uint8Array) => object;
      readonly Instance: new (module: object) => { readonly exports: unknown };
    }
  | undefined;

interface ModuleExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Sums `bytes` bytes, a multiple of 4, from address `at`: little-endian words. */
  readonly little: (at: number, bytes: number) => void;
  /** The same for big-endian words. */
  readonly big: (at: number, bytes: number) => void;
}

const SUMS_BYTES = 32;
const STAGE_AT = 0x1_0000;
const STAGE_BYTES = 0x2_0000;

/** The one instance: its memory is a reservation of gigabytes of addresses, too much to have for every stream. */
interface Machine {
  readonly exports: ModuleExports;
  readonly sums: Uint8Array;
  readonly view: DataView;
  readonly stage: Uint8Array;
  /** Whose sums are in its memory. */
  owner: WasmKernel | undefined;
}

class WasmKernel implements Fletcher4Kernel {
  readonly #machine: Machine;
  readonly #sum: (at: number, bytes: number) => void;
  /** The sums while another kernel has the machine. */
  readonly #saved = new Uint8Array(SUMS_BYTES);

  constructor(machine: Machine, littleEndian: boolean) {
    this.#machine = machine;
    this.#sum = littleEndian ? machine.exports.little : machine.exports.big;
  }

  add(bytes: Uint8Array): void {
    const { stage } = this.#ownMachine();
    for (let at = 0; at < bytes.length; at += STAGE_BYTES) {
      const piece = bytes.length <= STAGE_BYTES ? bytes : bytes.subarray(at, at + STAGE_BYTES);
      stage.set(piece);
      this.#sum(STAGE_AT, piece.length);
    }
  }

  // The memory of WebAssembly is little-endian on every machine.
  words(): ChecksumWords {
    const { view } = this.#ownMachine();
    return [
      view.getBigUint64(0, true),
      view.getBigUint64(8, true),
      view.getBigUint64(16, true),
      view.getBigUint64(24, true),
    ];
  }

  set(words: ChecksumWords): void {
    const { view } = this.#ownMachine();
    words.forEach((word, index) => view.setBigUint64(index * 8, word, true));
  }

  #ownMachine(): Machine {
    const machine = this.#machine;
    if (machine.owner === this) return machine;
    if (machine.owner !== undefined) machine.owner.#saved.set(machine.sums);
    machine.sums.set(this.#saved);
    machine.owner = this;
    return machine;
  }
}

let machine: Machine | undefined;

/** Undefined where there is no WebAssembly (`node --jitless`) or no SIMD in it. */
export function createWasmKernel(littleEndian: boolean): Fletcher4Kernel | undefined {
  try {
    machine ??= startMachine();
  } catch {
    return undefined;
  }
  return machine === undefined ? undefined : new WasmKernel(machine, littleEndian);
}

function startMachine(): Machine | undefined {
  if (typeof WebAssembly === 'undefined') return undefined;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(decodeBase64(FLETCHER4_MODULE)));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what our own module exports
  const exports = instance.exports as ModuleExports;
  const { buffer } = exports.memory;
  const sums = new Uint8Array(buffer, 0, SUMS_BYTES);
  const stage = new Uint8Array(buffer, STAGE_AT, STAGE_BYTES);
  return { exports, sums, view: new DataView(buffer), stage, owner: undefined };
}

function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
