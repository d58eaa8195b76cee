// Takes the chunks of a send stream and feeds them to `zfs receive`. Never -F: what does not fit is refused.
import type { Socket } from 'node:net';
import { ZwireError } from '../bytes/zwire-error.ts';
import { PipedProcess } from '../transfer/piped-process.ts';
import type { CommitResult } from '../transfer/sink.ts';
import { type Dataset, getDataset, listDatasets, listSnapshots } from '../zfs/dataset.ts';
import { keepFromMounting } from '../zfs/keep-from-mounting.ts';
import { type DatasetName, parseDatasetName } from '../zfs/name.ts';
import { receiveError, type ReceivePlan, startReceive } from '../zfs/receive.ts';
import { checkTarget } from '../zfs/target.ts';
import { endStream, reopenPipe, writeChunk, writePipe } from './pipe-stream.ts';

/** What a DeltaReader sets on what it restores. */
export interface DeltaReaderOptions {
  /** Properties to set on what arrives (-o); readonly=on is set unless it is named here. */
  readonly set?: Readonly<Record<string, string>>;
  /** Properties of the stream to leave out (-x). */
  readonly exclude?: readonly string[];
  /**
   * The stream is one of a volume with all below it: its properties come along, and nothing of it is mounted. Only for
   * streams of senders that may change what stands in this pool (see DeltaReader).
   */
  readonly recursive?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Restores one stream into a dataset: a whole snapshot makes it, a delta extends it. What arrives is not mounted.
 * Disposed of before finish(), it ends `zfs receive`, which leaves the dataset as it was; only a snapshot whose last
 * chunk it was given already stays.
 *
 * The program vouches for the stream: `zfs receive` gets it as it is, without the gate of zfsSinkPolicy. By the list at
 * the head of a package, recursive or not, its maker has datasets and snapshots of this pool renamed, moved and
 * promoted. Take streams of others with zfsSinkPolicy.
 */
export class DeltaReader implements AsyncDisposable {
  readonly target: string;
  readonly #target: DatasetName;
  readonly #options: DeltaReaderOptions;
  #started: Promise<Receiving> | undefined;
  #finished: Promise<CommitResult> | undefined;

  /** The dataset that the stream lands in. Throws NAME_INVALID. */
  constructor(target: string, options: DeltaReaderOptions = {}) {
    this.#target = parseDatasetName(target);
    this.target = this.#target;
    this.#options = options;
  }

  /**
   * Writes a chunk and waits until there is room for another; await it, or chunks pile up in memory. The first one
   * starts `zfs receive`, and throws ZFS_PARENT_MISSING or ZFS_PARTIAL_STATE; any may throw what `zfs receive` says.
   */
  async restore(chunk: Uint8Array): Promise<void> {
    this.#started ??= this.#start();
    const receiving = await this.#started;
    try {
      await writeChunk(receiving.stream, chunk);
    } catch (error) {
      // The pipe broke since zfs receive has ended, and it knows why.
      throw await receiving.failure(error);
    }
  }

  /**
   * The last chunk was given: waits for `zfs receive` and gives the guid of the newest snapshot then. Throws what
   * `zfs receive` says, and SOURCE_FAILED when no chunk came at all. A second call gives the same.
   */
  finish(): Promise<CommitResult> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#started === undefined || this.#finished !== undefined) return;
    const receiving = await this.#started.catch(() => undefined);
    // Whoever leaves a block with an error is to see that one.
    for (const warning of (await receiving?.abort()) ?? []) process.emitWarning(warning, 'ZwireWarning');
  }

  async #start(): Promise<Receiving> {
    const { signal, set, exclude, recursive = false } = this.#options;
    const existing = await getDataset(this.#target, signal);
    await checkTarget(this.#target, { kind: existing === undefined ? 'full' : 'delta' }, signal);
    const before =
      existing === undefined || !recursive ? [] : ((await listDatasets(this.#target, signal)) ?? []);
    return Receiving.start(
      {
        target: this.#target,
        type: existing?.type ?? 'unknown',
        incremental: existing !== undefined,
        recursive,
        // Half a stream is of no use here: nobody asks the sender to go on with it.
        resumable: false,
        ...(set === undefined ? {} : { set }),
        ...(exclude === undefined ? {} : { exclude }),
      },
      before,
      signal,
    );
  }

  async #finish(): Promise<CommitResult> {
    if (this.#started === undefined) {
      throw new ZwireError('SOURCE_FAILED', `nothing came for ${this.target}`, {
        fields: { dataset: this.target },
      });
    }
    const receiving = await this.#started;
    await receiving.finish();
    // It is there: an interruption now changes nothing about that.
    const warnings = await receiving.keepFromMounting();
    const guid = (await listSnapshots(this.#target))?.at(-1)?.guid;
    return {
      target: this.target,
      ...(guid === undefined ? {} : { guid }),
      ...(warnings.length === 0 ? {} : { warnings }),
    };
  }
}

/** A running `zfs receive` with our end of its pipe as a stream. */
class Receiving {
  readonly stream: Socket;
  readonly #plan: ReceivePlan;
  /** What stood at and below the target. */
  readonly #before: readonly Dataset[];
  readonly #process: PipedProcess;
  #ended = false;

  private constructor(plan: ReceivePlan, before: readonly Dataset[], process: PipedProcess, stream: Socket) {
    this.#plan = plan;
    this.#before = before;
    this.#process = process;
    this.stream = stream;
    // Told to whoever writes; without a listener it would end the program.
    stream.on('error', () => undefined);
  }

  static async start(
    plan: ReceivePlan,
    before: readonly Dataset[],
    signal: AbortSignal | undefined,
  ): Promise<Receiving> {
    const process = await PipedProcess.start('write', (fd) => startReceive(plan, fd, signal));
    return new Receiving(plan, before, process, writePipe(reopenPipe(process.fd, 'write')));
  }

  /** Gives what failed, a sentence each. */
  keepFromMounting(): Promise<string[]> {
    return keepFromMounting(this.#plan, this.#before);
  }

  async finish(): Promise<void> {
    await endStream(this.stream);
    const status = await this.#process.finish();
    this.#ended = true;
    if (status.exitCode !== 0) throw await this.#withWhatIsLeft(receiveError(this.#plan, status));
  }

  /** The error of `zfs receive`, or the given one when it had none. */
  async failure(error: unknown): Promise<unknown> {
    this.stream.destroy();
    const status = await this.#process.finish();
    this.#ended = true;
    return status.exitCode === 0 ? error : await this.#withWhatIsLeft(receiveError(this.#plan, status));
  }

  /** Ends it, unless it has ended. Gives what could not be kept from being mounted. */
  async abort(): Promise<string[]> {
    if (this.#ended) return [];
    // Killed before the pipe closes: its end must not pass for the end of the stream.
    const ended = this.#process.abort();
    this.stream.destroy();
    await ended;
    return this.keepFromMounting();
  }

  /** Of a package that broke off whole snapshots are here, and datasets made for them. */
  async #withWhatIsLeft(error: ZwireError): Promise<ZwireError> {
    const warnings = await this.keepFromMounting();
    if (warnings.length === 0) return error;
    const { code, fields, hint } = error;
    return new ZwireError(code, `${error.message}; ${warnings.join('; ')}`, {
      fields,
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}
