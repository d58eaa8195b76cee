import { DeltaReader, Receiver } from 'zwire';

const decrypt = (chunk: Uint8Array): Uint8Array => chunk.map((byte) => byte ^ 0x5a);

// First the whole snapshot, then the delta.
for (let transfer = 0; transfer < 2; transfer += 1) {
  await using snapshot = new DeltaReader('backup/testpool');
  await using stream = new Receiver({ address: '', port: 1337, confirm: () => snapshot.finish() });
  for await (const chunk of stream) await snapshot.restore(decrypt(chunk));
}
