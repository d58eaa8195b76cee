// What arrived is kept from being mounted, where the receive itself could not see to that: canmount is not inherited, so
// that the children of a recursive stream have to be told, and so has a top whose type was not known beforehand.
import { type Dataset, listDatasets, setProperty } from './dataset.ts';
import { setProperties } from './property.ts';
import { type ReceivePlan, SET_ON_NEW_FILESYSTEMS } from './receive.ts';

/**
 * After a receive that succeeded. `before` is what stood at and below the target before it, and is left alone, and so
 * is what the plan itself set. Gives what failed, for the warnings: the copy itself is there, and whole.
 */
export async function keepFromMounting(plan: ReceivePlan, before: readonly Dataset[]): Promise<string[]> {
  try {
    await keep(plan, before);
    return [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [`what arrived below ${plan.target} may be mounted at the next start of the system: ${why}`];
  }
}

async function keep(plan: ReceivePlan, before: readonly Dataset[]): Promise<void> {
  const topIsDone = plan.incremental || plan.type !== 'unknown';
  if (!plan.recursive && topIsDone) return;
  const known = new Set(before.map((dataset) => dataset.name));
  const made = ((await listDatasets(plan.target)) ?? []).filter(
    ({ name, type }) => type === 'filesystem' && !known.has(name) && !(topIsDone && name === plan.target),
  );
  const names = made.map((dataset) => dataset.name);
  if (topIsDone) {
    // Children inherit from their top what can be inherited; canmount cannot.
    await setProperty(names, 'canmount=noauto');
    return;
  }
  const chosen = plan.set ?? {};
  const unchosen = Object.entries(SET_ON_NEW_FILESYSTEMS).filter(([name]) => chosen[name] === undefined);
  for (const name of names) await setProperties(name, Object.fromEntries(unchosen));
}
