import { open } from 'node:fs/promises';
import { parseSnapshotName, sendTo } from 'zwire';

const plan = {
  kind: 'recursive',
  to: parseSnapshotName('pool/testpool@base'),
  intermediates: false,
} as const;

const file = await open('/tmp/testpool.zfs', 'w');
try {
  for await (const progress of sendTo(plan, file.fd)) {
    if (progress.kind === 'size') console.log(`about ${progress.sizeBytes} bytes`);
    if (progress.kind === 'sent') console.log(`${progress.sentBytes} bytes of ${progress.snapshot}`);
  }
} finally {
  await file.close();
}
