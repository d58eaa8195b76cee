import { getVolume, parseSnapshotName, planRollback, ZwireError } from 'zwire';

const volume = await getVolume('pool/testpool');
const [oldest] = await volume.lastSnapshots();

if (oldest !== undefined) {
  const plan = await planRollback(parseSnapshotName(oldest.name));
  console.log(`${plan.snapshots.length} newer snapshots, ${plan.writtenBytes} bytes written since`);
  try {
    await oldest.restore(); // without consent
  } catch (error) {
    if (!(error instanceof ZwireError) || error.code !== 'CONSENT_REQUIRED') throw error;
    console.log(error.message, error.fields['blocking']);
    await oldest.restore({ lose: 'newer' });
  }
}
