#!/usr/bin/env node
// Draws a merged trace as a picture for the README: what each worker did over the whole transfer, the rate, and a
// stretch of it in which single records can be seen on their way.
//
//   npm run demo -- --trace DIR && node scripts/trace-picture.mjs DIR/both.json > docs/trace.svg
import { readFileSync } from 'node:fs';

const WIDTH = 960;
const LEFT = 150;
const RIGHT = 16;
const PLOT = WIDTH - LEFT - RIGHT;
const TRACK_HEIGHT = 46;
const FONT = 'font-family="ui-sans-serif, system-ui, sans-serif"';
/** Columns that activities are summed up in. */
const COLUMNS = 260;
/** Arrows in the stretch that is shown larger. */
const ARROWS = 14;

const COLOURS = {
  start: '#d0d7de',
  read: '#8250df',
  seal: '#bf8700',
  send: '#1a7f37',
  'listen and repeat': '#57606a',
  'wait for the source': '#f6d9fb',
  'wait for the wire': '#c8e1ff',
  'wait for credit': '#ffd8b5',
  'wait for the rate': '#eaeef2',
  'wait for the producer to end': '#f6d9fb',
  'wait for the result': '#ffebd6',
  'repeat the end': '#d0d7de',
  idle: '#eaeef2',
  'receive and reassemble': '#0969da',
  check: '#bf8700',
  serve: '#57606a',
  'wait for records': '#eaeef2',
  write: '#1a7f37',
  'sink stalled': '#ffd8b5',
};

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const fixed = (value) => String(Math.round(value * 10) / 10);

function text(x, y, content, more = '') {
  return `<text x="${fixed(x)}" y="${fixed(y)}" ${more}>${escaped(content)}</text>`;
}

/** The parts of a span of time that each activity took, column by column. */
function columns(spans, fromUs, toUs) {
  const widthUs = (toUs - fromUs) / COLUMNS;
  const parts = Array.from({ length: COLUMNS }, () => new Map());
  for (const { name, ts, dur } of spans) {
    const first = Math.max(0, Math.floor((ts - fromUs) / widthUs));
    const last = Math.min(COLUMNS - 1, Math.floor((ts + dur - fromUs) / widthUs));
    for (let column = first; column <= last; column++) {
      const start = fromUs + column * widthUs;
      const us = Math.min(ts + dur, start + widthUs) - Math.max(ts, start);
      if (us > 0) parts[column].set(name, (parts[column].get(name) ?? 0) + us / widthUs);
    }
  }
  return parts;
}

/** Activities stacked upon each other: the whole stack first, and each lower part over it. */
function drawStack(spans, fromUs, toUs, top, height) {
  const parts = columns(spans, fromUs, toUs);
  const names = Object.keys(COLOURS).filter((name) => parts.some((part) => part.has(name)));
  const levels = parts.map(() => 0);
  const shapes = names.map((name) => {
    parts.forEach((part, column) => (levels[column] += part.get(name) ?? 0));
    return `<path d="${outline(levels, top, height)}" fill="${COLOURS[name]}"/>`;
  });
  const frame = `<rect x="${LEFT}" y="${top}" width="${PLOT}" height="${height}" fill="none" stroke="#d0d7de"/>`;
  return { svg: [...shapes.reverse(), frame].join('\n'), names };
}

/** From the bottom left along the levels to the bottom right; neighbours of one level are one step. */
function outline(levels, top, height) {
  const y = (level) => fixed(top + height * (1 - Math.min(1, level)));
  const steps = levels.map((level, column) =>
    y(level) === (column + 1 < levels.length ? y(levels[column + 1]) : undefined)
      ? ''
      : `V${y(level)}H${fixed(LEFT + ((column + 1) * PLOT) / levels.length)}`,
  );
  return `M${LEFT} ${top + height}${steps.join('')}V${top + height}z`;
}

/** Spans as they are, side by side. */
function drawSpans(spans, fromUs, toUs, top, height) {
  const scale = PLOT / (toUs - fromUs);
  // What is narrower than a third of a pixel is not seen.
  const seen = spans.filter(({ ts, dur }) => ts + dur > fromUs && ts < toUs && dur * scale > 0.3);
  return seen
    .map(({ name, ts, dur }) => {
      const x = LEFT + Math.max(0, ts - fromUs) * scale;
      const end = LEFT + Math.min(toUs - fromUs, ts + dur - fromUs) * scale;
      return `<rect x="${fixed(x)}" y="${top}" width="${fixed(end - x)}" height="${height}" fill="${COLOURS[name]}"/>`;
    })
    .join('\n');
}

function drawRate(samples, fromUs, toUs, top, height) {
  const most = Math.max(1, ...samples.map(({ args }) => args.rate));
  const points = samples
    .filter(({ ts }) => ts >= fromUs && ts <= toUs)
    .map(({ ts, args }) => {
      const x = LEFT + ((ts - fromUs) / (toUs - fromUs)) * PLOT;
      return `${fixed(x)},${fixed(top + height * (1 - args.rate / most))}`;
    });
  return [
    `<rect x="${LEFT}" y="${top}" width="${PLOT}" height="${height}" fill="none" stroke="#d0d7de"/>`,
    `<polyline points="${points.join(' ')}" fill="none" stroke="#0969da" stroke-width="1.5"/>`,
    text(LEFT + 4, top + 12, `${most.toFixed(1)} Gbit/s`, 'font-size="10" fill="#57606a"'),
  ].join('\n');
}

function axis(fromUs, toUs, y, unit) {
  const scale = { s: 1e6, ms: 1e3 }[unit];
  return [0, 0.25, 0.5, 0.75, 1]
    .map((part) => {
      const value = ((toUs - fromUs) * part) / scale;
      const anchor = part === 0 ? 'start' : part === 1 ? 'end' : 'middle';
      const label = `${value.toFixed(2)} ${unit}`;
      return text(LEFT + PLOT * part, y, label, `font-size="10" fill="#57606a" text-anchor="${anchor}"`);
    })
    .join('\n');
}

function legend(names, y) {
  let x = LEFT;
  let line = y;
  const items = names.map((name) => {
    const width = 26 + name.length * 6.1;
    if (x + width > WIDTH - RIGHT) [x, line] = [LEFT, line + 18];
    const item = `<rect x="${fixed(x)}" y="${line - 9}" width="10" height="10" fill="${COLOURS[name]}" stroke="#d0d7de"/>${text(x + 15, line, name, 'font-size="11"')}`;
    x += width;
    return item;
  });
  return { svg: items.join('\n'), bottom: line };
}

/** A stretch in the middle with so many arrows. */
function stretch(arrows) {
  const first = Math.max(0, Math.floor(arrows.length / 2) - Math.floor(ARROWS / 2));
  const chosen = arrows.slice(first, first + ARROWS);
  const fromUs = Math.min(...chosen.map((arrow) => arrow.fromUs));
  const toUs = Math.max(...chosen.map((arrow) => arrow.toUs));
  const margin = (toUs - fromUs) * 0.03;
  return { chosen, fromUs: fromUs - margin, toUs: toUs + margin };
}

function size(bytes) {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(2)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function picture(trace) {
  const { hosts } = trace.otherData;
  const [sender, receiver] = ['send', 'receive'].map((role) => hosts.find((host) => host.role === role));
  const transfer = sender?.transfers[0];
  const landing = receiver?.transfers.find((candidate) => candidate.transfer === transfer?.transfer);
  if (transfer === undefined || landing === undefined) throw new Error('this is not a merged trace');
  const of = (pid, tid) =>
    trace.traceEvents.filter(
      (event) => event.ph === 'X' && event.cat === 'activity' && event.pid === pid && event.tid === tid,
    );
  const tracks = [
    ['a: sender', of(sender.pid, 1)],
    ['b: receiver', of(receiver.pid, 1)],
    ['b: writer', of(receiver.pid, landing.writerTid)],
  ];
  const starts = trace.traceEvents.filter((event) => event.ph === 's');
  const ends = new Map(
    trace.traceEvents.flatMap((event) => (event.ph === 'f' ? [[event.id, event.ts]] : [])),
  );
  const arrows = starts
    .map(({ id, ts }) => ({ fromUs: ts, toUs: ends.get(id) ?? ts }))
    .sort((one, other) => one.fromUs - other.fromUs);
  const [fromUs, toUs] = [transfer.startUs, transfer.endUs];
  const rates = trace.traceEvents.filter(
    (event) => event.ph === 'C' && event.pid === sender.pid && event.name.startsWith('rate'),
  );

  const parts = [];
  let y = 30;
  const seconds = (toUs - fromUs) / 1e6;
  const { bytes } = transfer.figures;
  const rate = ((bytes * 8) / seconds / 1e9).toFixed(2);
  const title = `${size(bytes)} in ${seconds.toFixed(2)} s, ${rate} Gbit/s: what the workers did`;
  parts.push(text(LEFT, y - 8, title, 'font-size="14" font-weight="600"'));
  const label = (name, top, height) =>
    text(LEFT - 10, top + height / 2 + 4, name, 'font-size="12" text-anchor="end"');
  parts.push(label('rate', y, TRACK_HEIGHT), drawRate(rates, fromUs, toUs, y, TRACK_HEIGHT));
  y += TRACK_HEIGHT + 8;
  const names = new Set();
  for (const [name, spans] of tracks) {
    const stack = drawStack(spans, fromUs, toUs, y, TRACK_HEIGHT);
    parts.push(label(name, y, TRACK_HEIGHT), stack.svg);
    stack.names.forEach((activity) => names.add(activity));
    y += TRACK_HEIGHT + 8;
  }
  parts.push(axis(fromUs, toUs, y + 6, 's'));
  y += 24;

  const zoom = stretch(arrows);
  if (zoom.chosen.length > 1) {
    y += 22;
    const what = `${((zoom.toUs - zoom.fromUs) / 1000).toFixed(1)} ms of it: sampled records on their way from host to host`;
    parts.push(text(LEFT, y - 8, what, 'font-size="12" font-weight="600"'));
    const height = 20;
    const gap = 46;
    const scale = PLOT / (zoom.toUs - zoom.fromUs);
    parts.push(label('a: sender', y, height), drawSpans(tracks[0][1], zoom.fromUs, zoom.toUs, y, height));
    const below = y + height + gap;
    parts.push(label('b: receiver', below, height));
    parts.push(drawSpans(tracks[1][1], zoom.fromUs, zoom.toUs, below, height));
    for (const arrow of zoom.chosen) {
      const x1 = fixed(LEFT + (arrow.fromUs - zoom.fromUs) * scale);
      const x2 = fixed(LEFT + (arrow.toUs - zoom.fromUs) * scale);
      parts.push(
        `<line x1="${x1}" y1="${y + height}" x2="${x2}" y2="${below - 3}" stroke="#cf222e" marker-end="url(#tip)"/>`,
      );
    }
    y = below + height + 14;
    parts.push(axis(zoom.fromUs, zoom.toUs, y, 'ms'));
    y += 8;
  }
  const key = legend(
    Object.keys(COLOURS).filter((name) => names.has(name)),
    y + 24,
  );
  parts.push(key.svg);
  const height = key.bottom + 16;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ${FONT} fill="#1f2328">
<title>${escaped(title)}</title>
<defs><marker id="tip" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L6 3L0 6z" fill="#cf222e"/></marker></defs>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`;
}

const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error('usage: node scripts/trace-picture.mjs MERGED_TRACE > PICTURE.svg');
  process.exitCode = 2;
} else process.stdout.write(picture(JSON.parse(readFileSync(path, 'utf8'))));
