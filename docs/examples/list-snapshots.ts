import { listVolumes } from 'zwire';

for await (const volume of listVolumes()) {
  if (volume.name === 'pool') continue;
  console.log(volume);
  for await (const snapshot of volume.snapshots) console.log(snapshot);
}
