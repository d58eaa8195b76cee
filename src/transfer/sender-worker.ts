// Worker thread of one outgoing transfer: opens the link, runs the transfer, reports its end.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { geometryForMtu } from '../wire/geometry.ts';
import { Counters } from './counters.ts';
import { MailReceiver } from './mailbox.ts';
import { openSenderLink } from './open-link.ts';
import { OutboundTransfer } from './outbound-transfer.ts';
import { type SenderData, type SenderMail, type SenderMessage, failureOf } from './worker-message.ts';
import { openSenderTrace } from './worker-trace.ts';

const port = parentPort;
if (port === null) throw new Error('sender-worker runs as a worker thread');
const post = (message: SenderMessage): void => port.postMessage(message);

function run(data: SenderData, port: MessagePort): void {
  const mail = new MailReceiver<SenderMail>(data.mail, port);
  using link = openSenderLink(data.pauseMs > 0 ? { ...data.link, gso: 'off' } : data.link);
  const geometry = geometryForMtu(link.mtuBytes);
  post({ kind: 'opened', gso: link.gso, mtuBytes: link.mtuBytes, peer: link.description });
  const counters = new Counters(data.counters);
  const trace = data.trace === undefined ? undefined : openSenderTrace(data.trace);
  const transfer = new OutboundTransfer(data, link, geometry, mail, counters, post, trace);
  if (data.pauseMs > 0) transfer.pauseBeforeFrames(data.pauseMs);
  try {
    post({ kind: 'result', result: transfer.run() });
  } finally {
    transfer.dispose();
  }
}

try {
  // send.ts builds this worker with SenderData.
  run(workerData, port);
} catch (error) {
  post({ kind: 'failed', failure: failureOf(error) });
}
