#!/usr/bin/env node
// The `carillon` command. The program itself is compiled; this only finds it.
import { existsSync } from 'node:fs';

const program = new URL('../dist/server/main.js', import.meta.url);

if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write('Carillon is not compiled yet. Run this first: npm run build\n');
  process.exitCode = 1;
}
