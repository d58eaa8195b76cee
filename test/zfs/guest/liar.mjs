// A sender that says one thing and sends another: the library with a source of its own. A test program, run inside a
// namespace or a virtual machine. Sends one after another, and prints how each ended as one JSON event.
//
//   node liar.mjs LIBRARY '{"announcement": {...}, "path": FILE, "host": IP, "port": N}'...
//
// guids and sizes of the announcement are decimal strings.
import { closeSync, openSync } from 'node:fs';

const [library = '', ...requests] = process.argv.slice(2);
const { send } = await import(library);

const snapshot = (/** @type {{ name: string, guid: string } | undefined} */ given) =>
  given && { name: given.name, guid: BigInt(given.guid) };

/** @param {any} announcement */
function announced(announcement) {
  const { toSnapshot, fromSnapshot, sizeBytes, ...said } = announcement;
  return {
    kind: 'dataset',
    recursive: false,
    features: [],
    ...said,
    ...(toSnapshot === undefined ? {} : { toSnapshot: snapshot(toSnapshot) }),
    ...(fromSnapshot === undefined ? {} : { fromSnapshot: snapshot(fromSnapshot) }),
    ...(sizeBytes === undefined ? {} : { sizeBytes: BigInt(sizeBytes) }),
  };
}

/**
 * @param {any} announcement
 * @param {string} path of the stream
 */
function sourceOf(announcement, path) {
  return {
    describe: () => Promise.resolve(announced(announcement)),
    open() {
      const fd = openSync(path, 'r');
      const close = () => {
        closeSync(fd);
        return Promise.resolve(undefined);
      };
      return Promise.resolve({ fd, finish: close, abort: close });
    },
    close: () => Promise.resolve(),
  };
}

for (const request of requests) {
  const { announcement, path, host, port } = JSON.parse(request);
  let ended = { event: 'ended', code: 'OK', message: '' };
  try {
    await send({
      link: { kind: 'udp', host, port },
      source: sourceOf(announcement, path),
      wire: 'v1',
      oneWay: false,
      timeoutMs: 30_000,
      joinTimeoutMs: 10_000,
      insecure: true,
      signal: new AbortController().signal,
      onEvent: () => undefined,
    });
  } catch (error) {
    const { code, message } = /** @type {{ code?: string, message: string }} */ (error);
    ended = { event: 'ended', code: code ?? 'UNKNOWN', message };
  }
  console.log(JSON.stringify(ended));
}
