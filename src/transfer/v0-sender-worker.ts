// Worker thread of one outgoing transfer in the seed's format: opens the link, runs the transfer, reports its end.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Counters } from './counters.ts';
import { MailReceiver } from './mailbox.ts';
import { openSenderLink } from './open-link.ts';
import { V0Outbound, v0FrameBytes } from './v0-outbound.ts';
import { type SenderData, type SenderMail, type SenderMessage, failureOf } from './worker-message.ts';
import { openSenderTrace } from './worker-trace.ts';

const port = parentPort;
if (port === null) throw new Error('v0-sender-worker runs as a worker thread');
const post = (message: SenderMessage): void => port.postMessage(message);

function run(data: SenderData, port: MessagePort): void {
  const mail = new MailReceiver<SenderMail>(data.mail, port);
  const { frameBytes, ...linkOptions } = data.link;
  // Plain frames only; and no probe of ours, which the seed's receiver would have to make sense of.
  using link = openSenderLink({ ...linkOptions, gso: 'off' });
  using transfer = new V0Outbound(
    data,
    link,
    v0FrameBytes(link.mtuBytes, frameBytes),
    mail,
    new Counters(data.counters),
    post,
    data.trace && openSenderTrace(data.trace).activity,
  );
  post({ kind: 'opened', gso: false, mtuBytes: link.mtuBytes, peer: link.description });
  post({ kind: 'result', result: transfer.run() });
}

try {
  // v0-send.ts builds this worker with SenderData.
  const data: SenderData = workerData;
  run(data, port);
} catch (error) {
  post({ kind: 'failed', failure: failureOf(error) });
}
