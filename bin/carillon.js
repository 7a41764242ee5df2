#!/usr/bin/env node
// The `carillon` command. The program itself is compiled; this only finds it.
import { existsSync } from 'node:fs';

const program = new URL('../dist/server/main.js', import.meta.url);
const firstCollection = new URL('../dist/server/warm-up/first-collection.js', import.meta.url);

if (existsSync(program)) {
  // uWebSockets' newer binaries refuse more than 4 KB of headers, cookies included, unless told before they load.
  process.env.UWS_HTTP_MAX_HEADERS_SIZE ??= '32768';
  const { collectOnce } = await import(firstCollection.href);
  collectOnce();
  await import(program.href);
} else {
  process.stderr.write('Carillon is not compiled yet. Run this first: npm run build\n');
  process.exitCode = 1;
}
