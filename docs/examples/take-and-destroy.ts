import { getVolume } from 'zwire';

const volume = await getVolume('pool/testpool');

const snapshot = await volume.takeSnapshot();
await snapshot.destroy();
