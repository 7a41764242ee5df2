/** The compiled program, run as a user runs it. */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../../bin/carillon.js', import.meta.url));

/** Without the variables of whoever runs the tests. */
function environment(more: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', ...more };
}

function carillon(args: string[], env: Record<string, string> = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', env: environment(env) });
}

describe('cli: the program', () => {
  it('shows its help', () => {
    const { status, stdout, stderr } = carillon(['--help']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('carillon --port 7000');
  });

  it('prints its configuration', () => {
    const { status, stdout } = carillon(['config', '--port', '7001'], { CARILLON_LOG_LEVEL: 'warn' });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ port: 7001, logLevel: 'warn' });
  });

  it('refuses wrong settings with 2 and the list of them', () => {
    const { status, stdout, stderr } = carillon(['--limits.frame-bytes', '1'], { CARILLON_PORT: 'x' });
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('CARILLON_PORT must be');
    expect(stderr).toContain('--limits.frame-bytes must be');
  });

  it('starts, takes an event from the command line, and stops on SIGTERM with 0', async () => {
    const node = spawn(process.execPath, [PROGRAM, '--port', '0'], { env: environment() });
    const exited = once(node, 'exit');
    let output = '';
    for await (const chunk of node.stdout.setEncoding('utf8')) {
      output += String(chunk);
      if (output.includes('npx carillon trigger')) break;
    }
    const port = /ws:\/\/127\.0\.0\.1:(\d+)\//.exec(output)?.[1] ?? '';
    const sent = carillon(['trigger', 'my-channel', 'my-event', '{"hello":"world"}', '--port', port]);
    expect(sent.stderr).toBe('');
    expect(sent.stdout).toContain('Sent my-event to my-channel');
    node.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
  });

  it('says that no node is there', async () => {
    const port = await freePort();
    const { status, stderr } = carillon(['trigger', 'c', 'e', '--port', String(port)]);
    expect(status).toBe(1);
    expect(stderr).toContain(`No node answers at http://127.0.0.1:${port} (connect ECONNREFUSED`);
  });
});

/** A port that nobody listened on a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
