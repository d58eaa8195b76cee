import {
  bookmarkName,
  createBookmark,
  destroySnapshots,
  getProperties,
  holdSnapshots,
  listEntities,
  parseDatasetName,
  parseHoldTag,
  releaseSnapshots,
  snapshotName,
  takeSnapshots,
} from 'zwire';

const dataset = parseDatasetName('pool/testpool');
const monday = snapshotName(dataset, 'monday');
const tuesday = snapshotName(dataset, 'tuesday');
const tag = parseHoldTag('example:job');

await takeSnapshots([monday], { properties: { 'org.example:job': 'nightly' } });
await takeSnapshots([tuesday]);
await holdSnapshots(tag, [monday]);
await createBookmark(monday, bookmarkName(dataset, 'monday'));

for await (const entity of listEntities({ of: dataset, depth: 1, types: ['snapshot', 'bookmark'] })) {
  console.log(entity.type, entity.guid, entity.createtxg, entity.name);
}
const job = (await getProperties([monday], ['org.example:job'])).get(monday)?.get('org.example:job');
console.log(job?.value, job?.source.kind);

// The held one stays, and the outcome says why; the other goes.
for (const [name, outcome] of await destroySnapshots([monday, tuesday])) {
  console.log(name, typeof outcome === 'string' ? outcome : outcome.code);
}
await releaseSnapshots(tag, [monday]);
await destroySnapshots([monday]);
