#!/usr/bin/env node
// Records the demo as it looks on a terminal into an SVG that plays by itself, for the README.
//
//   node scripts/record-demo.mjs [--size 1G] > docs/demo.svg
//
// script(1) of util-linux gives the demo a terminal. What it prints is kept with its times, and every text that was to
// be seen somewhere becomes an element that is visible at those times. It plays again and again; a viewer that does
// not animate shows the last screen.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findProgram } from './packages.mjs';

const DEMO = fileURLToPath(new URL('demo.mjs', import.meta.url));
const COLUMNS_MIN = 72;
const [CHARACTER, LINE, MARGIN] = [7.8, 18, 16];
/** How long the last screen stays before it begins again, and the longest that nothing happens, seconds. */
const STAY = 5;
const PAUSE_MAX = 1;

/** What is on the screen, of the few sequences that the demo uses: \r, \n, erase to the end of the line. */
class Screen {
  lines = [''];
  #column = 0;

  write(text) {
    // oxlint-disable-next-line no-control-regex
    for (const piece of text.match(/\x1b\[K|\x1b\[[0-9;?]*[a-zA-Z]|\r|\n|[^\x1b\r\n]+/g) ?? []) {
      const last = this.lines.length - 1;
      const line = this.lines[last];
      if (piece === '\n') {
        this.lines.push('');
        this.#column = 0;
      } else if (piece === '\r') this.#column = 0;
      else if (piece === '\x1b[K') this.lines[last] = line.slice(0, this.#column);
      else if (!piece.startsWith('\x1b')) {
        this.lines[last] = line.slice(0, this.#column) + piece + line.slice(this.#column + piece.length);
        this.#column += piece.length;
      }
    }
  }
}

/** Runs the demo on a terminal of its own; resolves to the texts that were seen, with their times. */
async function record(size) {
  const command = `${process.execPath} ${DEMO} --size ${size}`;
  const child = spawn(findProgram('script'), ['-qefc', command, '/dev/null'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '1' },
  });
  const screen = new Screen();
  const seen = [];
  const shown = new Map();
  let [seconds, last] = [0, performance.now()];
  screen.write('$ npm run demo\n');
  const look = () => {
    screen.lines.forEach((text, row) => {
      const before = shown.get(row);
      if (before?.text === text) return;
      if (before !== undefined) before.until = seconds;
      const entry = { row, text, from: seconds, until: undefined };
      shown.set(row, entry);
      if (text.trim() !== '') seen.push(entry);
    });
  };
  look();
  child.stdout.on('data', (chunk) => {
    const now = performance.now();
    seconds += Math.min(PAUSE_MAX, (now - last) / 1000);
    last = now;
    screen.write(chunk.toString());
    look();
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the demo ended with ${code}:\n${screen.lines.join('\n')}`);
  return { seen: seen.filter(({ from, until }) => from !== until), rows: screen.lines.length, seconds };
}

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

function draw({ seen, rows, seconds }) {
  const whole = seconds + STAY;
  const percent = (time) => `${((time / whole) * 100).toFixed(2)}%`;
  const columns = Math.max(COLUMNS_MIN, ...seen.map(({ text }) => text.length));
  const [width, height] = [Math.ceil(columns * CHARACTER) + 2 * MARGIN, rows * LINE + 2 * MARGIN + 18];
  const rules = [];
  const texts = seen.map(({ row, text, from, until }, index) => {
    const y = MARGIN + 18 + (row + 1) * LINE - 4;
    const end = until === undefined ? '' : `${percent(until)}{visibility:hidden}`;
    rules.push(
      `@keyframes k${index}{0%{visibility:${from === 0 ? 'visible' : 'hidden'}}${percent(from)}{visibility:visible}${end}}`,
      `.k${index}{animation:k${index} ${whole.toFixed(2)}s step-end infinite${until === undefined ? '' : ';visibility:hidden'}}`,
    );
    return `<text class="k${index}" x="${MARGIN}" y="${y}" xml:space="preserve">${escaped(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" fill="#e6edf3">
<title>npm run demo</title>
<style>${rules.join('\n')}</style>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<g><circle cx="20" cy="17" r="5" fill="#ff5f57"/><circle cx="38" cy="17" r="5" fill="#febc2e"/><circle cx="56" cy="17" r="5" fill="#28c840"/></g>
${texts.join('\n')}
</svg>
`;
}

const { values } = parseArgs({ options: { size: { type: 'string', default: '1G' } } });
process.stdout.write(draw(await record(values.size)));
