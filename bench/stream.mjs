#!/usr/bin/env node
// npm run bench:stream: how fast a send stream is read and verified, from memory, in one thread.
import { compile } from './compile.mjs';

const { main } = await compile('stream');
main();
