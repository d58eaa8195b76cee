// Worker thread of a receiver of the seed's format: opens the link, owns the memory pool, runs until it is told to stop.
import { parentPort, workerData } from 'node:worker_threads';
import { MailReceiver } from './mailbox.ts';
import { openReceiverLink } from './open-link.ts';
import { SLOT_BYTES, SlotPool } from './slot-pool.ts';
import { V0ReceiverLoop } from './v0-receiver-loop.ts';
import { type ReceiverData, type ReceiverMail, type ReceiverMessage, failureOf } from './worker-message.ts';

const port = parentPort;
if (port === null) throw new Error('v0-receiver-worker runs as a worker thread');
const post = (message: ReceiverMessage): void => port.postMessage(message);

try {
  // v0-receive.ts builds this worker with ReceiverData.
  const data: ReceiverData = workerData;
  const mail = new MailReceiver<ReceiverMail>(data.mail, port);
  // A receiver takes frames of any size.
  const { frameBytes: _, ...linkOptions } = data.link;
  {
    using link = openReceiverLink(linkOptions, true);
    const pool = new SlotPool(data.poolBytes);
    post({
      kind: 'listening',
      endpoint: link.description,
      mtuBytes: link.mtuBytes,
      advice: link.advice,
      poolAddress: pool.memory.address,
      poolBytes: pool.memory.byteLength,
      slotBytes: SLOT_BYTES,
    });
    new V0ReceiverLoop(data, link, pool, mail, post).run();
    // Every transfer is over, and its writer gone: mappings outlive a thread, this one would add up.
    pool[Symbol.dispose]();
  }
  // Only now: the port is free for the next receiver of this process.
  post({ kind: 'stopped' });
} catch (error) {
  post({ kind: 'error', failure: failureOf(error) });
}
