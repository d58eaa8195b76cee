// Floods a UDP port with announcements as fast as it is told, from a host of its own on the segment. A test program.
//
//   node flood.mjs LIBRARY IFACE DESTINATION_IP DESTINATION_MAC FRAMES_A_SECOND SECONDS PAYLOAD
//
// LIBRARY is the URL of dist/, PAYLOAD the UDP payload of an announcement in hex; each frame gets another transfer id.
// Its own address is 198.18.0.3. Prints what it sent, as JSON.
const [library = '', name = '', ip = '', mac = '', rate = '1000', seconds = '1', hex = ''] =
  process.argv.slice(2);
const { openRawSender } = await import(new URL('link/raw-link.js', library).href);
const { parseIpv4 } = await import(new URL('bytes/ipv4-address.js', library).href);
const { parseMac } = await import(new URL('bytes/mac-address.js', library).href);
const payload = Buffer.from(hex, 'hex');
const link = openRawSender({
  kind: 'raw',
  interface: name,
  port: 1337,
  sourceIp: parseIpv4('198.18.0.3'),
  destinationIp: parseIpv4(ip),
  destinationMac: parseMac(mac),
});
/** Frames of one system call. */
const BATCH = 256;
const TICK_MS = 2;
const batch = link.createFrameBatch(BATCH, payload.length);
const startMs = performance.now();
let sent = 0;
console.log('{"event":"flooding"}');
for (;;) {
  const elapsedMs = performance.now() - startMs;
  if (elapsedMs > Number(seconds) * 1000) break;
  const due = Math.min((elapsedMs * Number(rate)) / 1000, sent + 4 * BATCH);
  for (; sent < due; sent += 1) {
    const place = batch.add(payload.length);
    place.set(payload);
    new DataView(place.buffer, place.byteOffset).setUint32(8, sent);
  }
  batch.flush();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TICK_MS);
}
console.log(JSON.stringify({ event: 'flooded', sent, seconds: (performance.now() - startMs) / 1000 }));
