// Reads a stream from a file or standard input, and says what the reader finds.
import { createReadStream } from 'node:fs';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { readRecords } from '../../stream/read-records.ts';
import { decodeResumeToken } from '../../stream/resume-token.ts';
import type { StreamEnd } from '../../stream/stream-reader.ts';
import type { StreamRecord } from '../../stream/stream-record.ts';
import { StreamSummary, type SubstreamSummary } from '../../stream/stream-summary.ts';
import type { CliContext } from '../context.ts';
import { formatBytes, formatRate } from '../render/figures.ts';
import { beginJson, endJson, recordJson, substreamJson, tokenJson } from '../render/stream-json.ts';
import { beginText, endText, recordText, substreamText, tokenText } from '../render/stream-text.ts';
import { TerminalLine } from '../render/terminal-line.ts';

export interface InspectRequest {
  /** `-` is standard input. */
  readonly file: string;
  readonly records: boolean;
  readonly partial: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

const CHUNK_BYTES = 0x10_0000;
const STDIN = 0;
/** What takes longer gets a progress line. */
const PROGRESS_AFTER_MS = 1000;
const PROGRESS_EVERY_MS = 200;
/** Text is gathered up to this and written at once: --records would else write a line at a time. */
const OUTPUT_CHARACTERS = 0x1_0000;

export function runInspectToken(context: CliContext, token: string, json: boolean): void {
  const decoded = decodeResumeToken(token.trim());
  const lines = json ? [tokenJson(decoded)] : tokenText(decoded);
  context.process.stdout.write(`${lines.join('\n')}\n`);
}

/** @throws ZwireError of the stream, SOURCE_FAILED, TERMINAL_REFUSED, INTERRUPTED; what was found until then is said */
export async function runInspectStream(context: CliContext, request: InspectRequest): Promise<void> {
  const report = new Report(context, request);
  const progress = new Progress(context);
  try {
    const records = readRecords(watched(open(context, request), progress), { partial: request.partial });
    let next = await records.next();
    for (; next.done !== true; next = await records.next()) report.record(next.value);
    report.end(next.value);
  } catch (error) {
    report.abandon();
    throw request.signal.aborted ? request.signal.reason : readable(error, request.file);
  } finally {
    progress.close();
    report.flush();
  }
}

function open(context: CliContext, { file, signal }: InspectRequest): AsyncIterable<Uint8Array> {
  const options = { highWaterMark: CHUNK_BYTES, signal };
  if (file !== '-') return createReadStream(file, options);
  if (context.stdinIsTerminal) {
    throw new ZwireError('TERMINAL_REFUSED', 'cannot read a stream from a terminal', {
      hint: 'Redirect it: zwire inspect - < monday.zfs, or zfs send tank/data@monday | zwire inspect -',
    });
  }
  return createReadStream('', { ...options, fd: STDIN, autoClose: false });
}

/** A failure of the system as one of ours; others stay as they are. */
function readable(error: unknown, file: string): unknown {
  if (error instanceof ZwireError || !(error instanceof Error) || !('syscall' in error)) return error;
  return new ZwireError('SOURCE_FAILED', `cannot read ${file}: ${error.message}`, { cause: error });
}

async function* watched(source: AsyncIterable<Uint8Array>, progress: Progress): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    yield chunk;
    progress.add(chunk.length);
  }
}

/** Says what is found, as it is found: of a package that never ends all that came before is said too. */
class Report {
  readonly #stdout: CliContext['process']['stdout'];
  readonly #request: InspectRequest;
  readonly #summary = new StreamSummary();
  #text = '';

  constructor(context: CliContext, request: InspectRequest) {
    this.#stdout = context.process.stdout;
    this.#request = request;
  }

  record(record: StreamRecord): void {
    const { records, json } = this.#request;
    if (record.type === 'BEGIN') this.#say(json ? [beginJson(record.begin)] : beginText(record.begin));
    if (records) this.#say([json ? recordJson(record) : recordText(record)]);
    const ended = this.#summary.add(record);
    if (ended !== undefined) this.#substream(ended);
  }

  end(end: StreamEnd): void {
    this.abandon();
    const { checksums, substreams } = this.#summary;
    this.#say([
      this.#request.json ? endJson(end, substreams, checksums) : endText(end, substreams, checksums),
    ]);
  }

  /** The substream that has no END. */
  abandon(): void {
    const cut = this.#summary.incomplete();
    if (cut !== undefined) this.#substream(cut);
  }

  flush(): void {
    if (this.#text !== '') this.#stdout.write(this.#text);
    this.#text = '';
  }

  #substream(summary: SubstreamSummary): void {
    this.#say(this.#request.json ? [substreamJson(summary)] : substreamText(summary));
  }

  #say(lines: readonly string[]): void {
    this.#text += `${lines.join('\n')}\n`;
    if (this.#text.length > OUTPUT_CHARACTERS) this.flush();
  }
}

/** How far the reading has come, on a terminal, when it takes long. */
class Progress {
  readonly #now: () => number;
  readonly #line: TerminalLine | undefined;
  readonly #startedMs: number;
  #shownMs = 0;
  #bytes = 0;

  constructor(context: CliContext) {
    this.#now = context.now;
    this.#line = context.process.stderr.isTTY === true ? new TerminalLine(context.process.stderr) : undefined;
    this.#startedMs = this.#now();
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#line === undefined) return;
    const nowMs = this.#now();
    const elapsedMs = nowMs - this.#startedMs;
    if (elapsedMs < PROGRESS_AFTER_MS || nowMs - this.#shownMs < PROGRESS_EVERY_MS) return;
    this.#shownMs = nowMs;
    const rate = formatRate((this.#bytes * 8000) / elapsedMs);
    this.#line.show(`read ${formatBytes(this.#bytes)}  ${rate}`);
  }

  close(): void {
    this.#line?.clear();
  }
}
