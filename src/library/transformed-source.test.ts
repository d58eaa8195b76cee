import { writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { closeDescriptor } from '../sys/descriptor.ts';
import { createPipe } from '../sys/pipe.ts';
import type { Source } from '../transfer/source.ts';
import { type ChunkTransform, transformedSource } from './transformed-source.ts';

/** A producer that has written all it has, and ended well. */
const producer: Source = {
  describe: async () => ({ kind: 'file', name: 'x', recursive: false, features: [] }),
  open: async () => {
    const { readFd, writeFd } = createPipe();
    writeSync(writeFd, 'a chunk');
    closeDescriptor(writeFd);
    const close = async (): Promise<undefined> => {
      closeDescriptor(readFd);
    };
    return { fd: readFd, finish: close, abort: close };
  },
  close: async () => undefined,
};

/** How it went, as it is asked when the end of the stream was read: here it fits into the pipe. */
async function finish(transform: ChunkTransform): Promise<void> {
  const source = await transformedSource(producer, transform).open(new AbortController().signal);
  try {
    await source.finish();
  } catch (error) {
    await source.abort();
    throw error;
  }
}

test('a transform that returns bytes does not fail', async () => {
  await finish((chunk) => chunk.map((byte) => byte + 1));
  await finish(() => new Uint8Array(0));
});

// What only JavaScript can return.
test.each<unknown>([undefined, 'text', null])(
  'one that returns %j fails the transfer: where its stream was cut off is not its end',
  async (returned) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is not what it says
    const transform = (() => returned) as ChunkTransform;
    await expect(finish(transform)).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining('onSend failed: it returned'),
    });
  },
);
