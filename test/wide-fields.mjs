// Run by wide-fields.test.ts as `node --allow-natives-syntax`: prints a JSON object that says of each example whether an
// object kept its layout (V8's map) while it was used.
import { WIDE_ZERO } from '../dist/bytes/wide-zero.js';
import { RecordTable } from '../dist/transfer/record-table.js';
import { SendWindow } from '../dist/transfer/send-window.js';
import { emptySegmentHeader } from '../dist/wire/segment.js';
import { emptyStatus } from '../dist/wire/status.js';

// oxlint-disable-next-line no-implied-eval -- the only way to write what no parser of ours knows
const haveSameMap = new Function('a', 'b', 'return %HaveSameMap(a, b)');

/** Whether `use` leaves an object with the layout that a new one has. */
function keepsLayout(make, use) {
  const used = make();
  const fresh = make();
  if (!haveSameMap(used, fresh)) throw new Error('two new objects differ');
  use(used);
  return haveSameMap(used, fresh);
}

class Narrow {
  #bytes = 0;
  add(bytes) {
    return (this.#bytes += bytes);
  }
}

class Wide {
  #bytes = WIDE_ZERO;
  add(bytes) {
    return (this.#bytes += bytes);
  }
}

function useSegmentHeader(header) {
  Object.assign(header, { transferIdHigh: 0xffff_ffff, transferIdLow: 0xffff_ffff, record: 2 ** 47 });
}

function useStatus(status) {
  const numbers = { cumulative: 2 ** 47, delivered: 2 ** 47, highest: 2 ** 47, creditLimit: 2 ** 47 };
  Object.assign(status, { ...numbers, echoTimeUs: 1.5 });
}

function useWindow(window) {
  window.sent(0.75);
  window.sent(1.25);
  window.probed(1250, 1.25);
  const status = { ...emptyStatus(), cumulative: 2, delivered: 1, highest: 2, creditLimit: 64 };
  window.onStatus({ ...status, echoTimeUs: 1250 }, 2.375, () => undefined);
}

const makeWindow = () => new SendWindow({ slots: 64, linkRecords: 64, creditLimit: 64, nowMs: 0.5 });
const add = (bytes) => (counter) => counter.add(bytes);

const kept = {
  narrowBelow: keepsLayout(() => new Narrow(), add(2 ** 31 - 1)),
  narrowPast: keepsLayout(() => new Narrow(), add(2 ** 31)),
  widePast: keepsLayout(() => new Wide(), add(2 ** 31)),
  wideFraction: keepsLayout(() => new Wide(), add(0.5)),
  segmentHeader: keepsLayout(emptySegmentHeader, useSegmentHeader),
  status: keepsLayout(emptyStatus, useStatus),
  recordTable: keepsLayout(
    () => new RecordTable(64),
    (table) => table.notice(2 ** 31, 0.5),
  ),
  sendWindow: keepsLayout(makeWindow, useWindow),
};
process.stdout.write(JSON.stringify(kept));
