// What arrived is kept from being mounted, where the receive itself could not see to that: canmount is not inherited, so
// that the children of a recursive stream have to be told, and so has a top whose type was not known beforehand.
import { type Dataset, listDatasets, setProperty } from './dataset.ts';
import { setProperties } from './property.ts';
import { type ReceivePlan, SET_ON_NEW_FILESYSTEMS } from './receive.ts';

/**
 * After a receive that succeeded. `before` is what stood at and below the target before it, and is left alone, and so
 * is what the plan itself set. Throws what `zfs list` and `zfs set` say.
 */
export async function keepFromMounting(
  plan: ReceivePlan,
  before: readonly Dataset[],
  signal?: AbortSignal,
): Promise<void> {
  const topIsDone = plan.incremental || plan.type !== 'unknown';
  if (!plan.recursive && topIsDone) return;
  const known = new Set(before.map((dataset) => dataset.name));
  const made = ((await listDatasets(plan.target, signal)) ?? []).filter(
    ({ name, type }) => type === 'filesystem' && !known.has(name) && !(topIsDone && name === plan.target),
  );
  const names = made.map((dataset) => dataset.name);
  if (topIsDone) {
    // Children inherit from their top what can be inherited; canmount cannot.
    await setProperty(names, 'canmount=noauto', signal);
    return;
  }
  const chosen = plan.set ?? {};
  const unchosen = Object.entries(SET_ON_NEW_FILESYSTEMS).filter(([name]) => chosen[name] === undefined);
  for (const name of names) await setProperties(name, Object.fromEntries(unchosen), signal);
}
