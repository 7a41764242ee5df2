/** What V8 does of its own while the compiled program starts, as it tells with `--trace-gc`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../bin/carillon.js', import.meta.url));

it('a node that starts and practises makes one full collection of garbage, its own, before it loads', async () => {
  const node = spawn(process.execPath, ['--trace-gc', PROGRAM, 'start', '--port', '0'], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(node, 'exit');
  let output = '';
  for await (const chunk of node.stdout.setEncoding('utf8')) {
    output += String(chunk);
    if (output.includes('npx --no carillon trigger')) break;
  }
  node.kill('SIGTERM');
  await exited;
  const collections: readonly string[] = output.match(/ ms: .*/g) ?? [];
  const full = collections.filter((line) => line.includes('Mark-Compact'));
  expect(full).toEqual([expect.stringContaining('testing')]);
  expect(collections.indexOf(full[0] ?? '')).toBeLessThan(3);
});
