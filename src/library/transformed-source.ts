// A source whose stream passes through a function on the main thread, chunk by chunk. It is announced as a file: for
// a receiver of datasets it is no stream that zfs could take, and it is refused there.
import { ZwireError } from '../bytes/zwire-error.ts';
import { createPipe } from '../sys/pipe.ts';
import { closeDescriptor } from '../sys/descriptor.ts';
import type { OpenSource, Source, SourceAnnouncement } from '../transfer/source.ts';
import { CHUNKS_FEATURE, chunkHeader } from './chunk-frames.ts';
import { endStream, readPipe, reopenPipe, writeChunk, writePipe } from './pipe-stream.ts';

/**
 * Turns one chunk into another, of any length up to 16 MiB; an empty one is left out. It is called in order, never
 * twice at once. What it throws ends the transfer with SOURCE_FAILED.
 */
export type ChunkTransform = (chunk: Uint8Array) => Uint8Array | Promise<Uint8Array>;

export function transformedSource(inner: Source, transform: ChunkTransform): Source {
  return {
    async describe(signal: AbortSignal): Promise<SourceAnnouncement> {
      const { name, toSnapshot } = await inner.describe(signal);
      return { kind: 'file', name: toSnapshot?.name ?? name, recursive: false, features: [CHUNKS_FEATURE] };
    },
    async open(signal: AbortSignal): Promise<OpenSource> {
      return openTransformed(await inner.open(signal), transform);
    },
    close: (outcome) => inner.close(outcome),
  };
}

function openTransformed(inner: OpenSource, transform: ChunkTransform): OpenSource {
  const pipe = createPipe();
  const reader = readPipe(reopenPipe(inner.fd, 'read'));
  const writer = writePipe(pipe.writeFd);
  let failure: ZwireError | undefined;
  let closing = false;
  const pump = async (): Promise<void> => {
    try {
      for await (const chunk of reader) {
        const out = await transformed(transform, chunk);
        if (out.length === 0) continue;
        await writeChunk(writer, chunkHeader(out.length));
        await writeChunk(writer, out);
      }
      await endStream(writer);
    } catch (error) {
      // Pipes that we closed ourselves break too, and nobody need know. Anything else cuts the stream off, and the end
      // that its reader sees must not pass for its end.
      if (!closing) failure = failureOf(error);
    } finally {
      reader.destroy();
      writer.destroy();
    }
  };
  const pumped = pump();
  let open = true;
  const close = async (): Promise<void> => {
    closing = true;
    reader.destroy();
    writer.destroy();
    await pumped;
    if (open) closeDescriptor(pipe.readFd);
    open = false;
  };
  return {
    fd: pipe.readFd,
    async finish(): Promise<void> {
      // The reader of our pipe has seen its end, so the pump has ended too.
      await pumped;
      if (failure !== undefined) throw failure;
      await close();
      await inner.finish();
    },
    async abort(): Promise<Error | undefined> {
      await close();
      const own = await inner.abort();
      return failure ?? own;
    },
  };
}

/** Throws SOURCE_FAILED with what the transform threw, and where it gave no chunk. */
async function transformed(transform: ChunkTransform, chunk: Uint8Array): Promise<Uint8Array> {
  let out: unknown;
  try {
    out = await transform(chunk);
  } catch (error) {
    throw onSendFailed(error instanceof Error ? error.message : String(error), error);
  }
  // Whoever calls from JavaScript may give anything: a text's length is not its bytes.
  if (out instanceof Uint8Array) return out;
  throw onSendFailed(`it returned ${typeof out} and no Uint8Array`);
}

function onSendFailed(why: string, cause?: unknown): ZwireError {
  return new ZwireError('SOURCE_FAILED', `onSend failed: ${why}`, { cause });
}

function failureOf(error: unknown): ZwireError {
  if (error instanceof ZwireError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new ZwireError('SOURCE_FAILED', `the stream broke on its way through onSend: ${why}`, {
    cause: error,
  });
}
