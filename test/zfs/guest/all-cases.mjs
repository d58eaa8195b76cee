/**
 * The list of cases, in the order they run. Imported on the host too, for the names: it does nothing by itself.
 */
import { brokenCases } from './cases/broken.mjs';
import { completeCases } from './cases/complete.mjs';
import { refusedCases } from './cases/refused.mjs';
import { seedFormCases } from './cases/seed-form.mjs';
import { smokeCases } from './cases/smoke.mjs';

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {(lab: import('./lab.mjs').Lab) => Promise<void>} run fails by throwing
 * @property {number} [timeoutMs]
 * @property {boolean} [needsCli] false: runs without dist/
 */

/** @type {readonly Case[]} */
export const allCases = [...smokeCases, ...completeCases, ...seedFormCases, ...refusedCases, ...brokenCases];

/**
 * Cases that are written and have not yet been seen to pass on both versions: `run.mjs --unproven` runs them too,
 * `npm test` does not. This list is to become empty.
 *
 * @type {readonly string[]}
 */
export const unprovenCases = [
  'two datasets at once into a receiver that stays, then Ctrl-C',
  'zfs receive stands still for 8 s and goes on',
  "seed's form: --full-sync --pool takes a snapshot and sends the pool",
  "seed's form: --reciever --pool, --full-sync of a dataset, then --send-delta",
  "seed's form: a bare --reciever extends the dataset that the sender names, and overwrites nothing",
  'existing target: refused, exit 4, pool untouched',
  'the very same snapshot again: refused, pool untouched',
  'diverged target: a snapshot of its own, and files of its own',
  'delta onto a target that does not exist',
  'missing target parent',
  'pools without --insecure: refused on both ends',
  'dataset and snapshot unknown at the sender; no receiver',
  "receiver's pool full: the reason of ZFS on both sides, nothing committed",
  'source destroyed mid-send: zfs send dies',
  'zfs destroy of what is being sent: refused by ZFS, the transfer completes',
  'zfs receive dies mid-way',
  'sender killed mid-way: the receiver gives up after --timeout',
  'receiver killed mid-way: the sender gives up after --timeout',
  'Ctrl-C on the receiver mid-way',
  'Ctrl-C on the sender mid-way; SIGTERM alone to the receiver',
];
