// A bad wire: copies frames between two interfaces and mistreats the zwire segments among them exactly as told.
//   node relay.mjs LEFT RIGHT '[{"from":"left","types":[2],"every":7,"action":"drop"}, ...]'
//
// A rule counts the frames that come in at `from` and whose segment type is in `types` (default: every zwire
// segment). It acts on the frames numbered after (default 0) <= n < until (default: all) with n % every == 0.
//   drop       the frame is lost
//   duplicate  the frame goes out twice
//   hold       the frame goes out only after `by` later frames (reordering; default 5), or 20 ms of silence
//   damage     one payload byte is inverted and the UDP checksum made right again: only the record's tag can tell
//   spoil      one payload byte is inverted, the UDP checksum is wrong
//   cut        the datagram loses its last `by` bytes, IPv4 and UDP lengths and the checksum made right again
// Frames must be single datagrams with full checksums (Lab.withoutOffloads). Prints {"event":"relaying"}, then
// {"event":"treated","drop":3,...} whenever it was idle and a count has changed.
import { writeSync } from 'node:fs';
import { PacketSocket, readable } from './packet-socket.mjs';

const ETH_P_ALL = 3;
const PAYLOAD = 42;
const IDLE_MS = 20;

const [leftName, rightName, rulesText] = process.argv.slice(2);
const rules = JSON.parse(rulesText ?? '[]').map((rule) => ({
  every: 1,
  after: 0,
  until: Infinity,
  by: 5,
  ...rule,
  seen: 0,
}));
const left = Object.assign(new PacketSocket(leftName, ETH_P_ALL), { side: 'left' });
const right = Object.assign(new PacketSocket(rightName, ETH_P_ALL), { side: 'right' });
const counts = {};
let reported = '';
let held = [];

/** The segment type of a frame that carries zwire, else -1. */
function segmentType(frame) {
  if (frame.length < PAYLOAD + 4 || frame.readUInt16BE(12) !== 0x800 || frame[23] !== 17) return -1;
  return frame.readUInt16BE(PAYLOAD) === 0x5a57 ? frame[PAYLOAD + 3] : -1;
}

/** RFC 1624: a checksum after one 16-bit word of what it covers changed. */
function adjusted(checksum, before, after) {
  let sum = (~checksum & 0xffff) + (~before & 0xffff) + after;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff || 0xffff;
}

function invert(frame, repair) {
  const offset = PAYLOAD + 36; // in the payload of the segment, on an even boundary
  const before = frame.readUInt16BE(offset);
  frame.writeUInt16BE(before ^ 0xff00, offset);
  if (repair) frame.writeUInt16BE(adjusted(frame.readUInt16BE(40), before, before ^ 0xff00), 40);
}

/** Sum of 16-bit words, an odd last byte padded with zero. */
function sumWords(bytes, start, end) {
  let sum = 0;
  for (let i = start; i < end; i += 2) sum += (bytes[i] << 8) | (i + 1 < end ? bytes[i + 1] : 0);
  return sum;
}

function fold(sum) {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}

function cut(frame, by) {
  const bytes = Math.max(PAYLOAD, 14 + frame.readUInt16BE(16) - by);
  frame.writeUInt16BE(bytes - 14, 16);
  frame.writeUInt16BE(bytes - 34, 38);
  frame.writeUInt16BE(0, 24);
  frame.writeUInt16BE(fold(sumWords(frame, 14, 34)), 24);
  frame.writeUInt16BE(0, 40);
  frame.writeUInt16BE(fold(sumWords(frame, 26, bytes) + 17 + bytes - 34) || 0xffff, 40);
  return frame.subarray(0, bytes);
}

function actionFor(side, type) {
  let chosen;
  for (const rule of rules) {
    if (type < 0 || rule.from !== side || (rule.types && !rule.types.includes(type))) continue;
    const n = rule.seen;
    rule.seen += 1;
    if (!chosen && n >= rule.after && n < rule.until && n % rule.every === 0) chosen = rule;
  }
  return chosen;
}

function pass(from, to) {
  let frame = from.receive();
  const rule = actionFor(from.side, segmentType(frame));
  if (rule) counts[rule.action] = (counts[rule.action] ?? 0) + 1;
  for (const waiting of held) waiting.after -= 1;
  if (rule?.action === 'hold') held.push({ frame: Buffer.from(frame), to, after: rule.by });
  if (rule?.action === 'damage' || rule?.action === 'spoil') invert(frame, rule.action === 'damage');
  if (rule?.action === 'cut') frame = cut(frame, rule.by);
  if (rule?.action !== 'drop' && rule?.action !== 'hold') to.send(frame, frame.length);
  if (rule?.action === 'duplicate') to.send(frame, frame.length);
  if (held.length > 0) release(false);
}

function release(all) {
  for (const waiting of held) if (all || waiting.after <= 0) waiting.to.send(waiting.frame);
  held = all ? [] : held.filter((waiting) => waiting.after > 0);
}

writeSync(1, '{"event":"relaying"}\n');
for (;;) {
  const ready = readable([left, right], IDLE_MS);
  for (const socket of ready) pass(socket, socket === left ? right : left);
  if (ready.length > 0) continue;
  release(true);
  const report = JSON.stringify({ event: 'treated', ...counts });
  if (report !== reported) writeSync(1, `${report}\n`);
  reported = report;
}
