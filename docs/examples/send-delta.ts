import { writeFile } from 'node:fs/promises';
import { Delta, deliver, getVolume } from 'zwire';

const encrypt = (chunk: Uint8Array): Uint8Array => chunk.map((byte) => byte ^ 0x5a);
const to = ['127.0.0.1', 1337] as const;

const volume = await getVolume('pool/testpool');
const snapshot1 = await volume.takeSnapshot({ name: 'before' });

// The other side needs the first one whole, once; without it there is nothing that a delta can extend.
await deliver(new Delta(undefined, snapshot1), { to, onSend: encrypt });

console.log('Writing data between snapshots..');
await writeFile('/pool/testpool/test.txt', new Date().toISOString());

const snapshot2 = await volume.takeSnapshot({ name: 'after' });

{
  await using stream = new Delta(snapshot1, snapshot2);
  await deliver(stream, { to, onSend: encrypt });
}

// Roll back the test snapshots and data.
await snapshot1.destroy();
await snapshot2.destroy();

const lastSnapshot = (await volume.lastSnapshots()).at(-1);
await lastSnapshot?.restore({ lose: 'changes' });
