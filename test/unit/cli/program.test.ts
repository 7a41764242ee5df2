/** The compiled program, run as a user runs it. */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { startServer } from '../../support/server.ts';

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
      if (output.includes('npx --no carillon trigger')) break;
    }
    const port = /ws:\/\/127\.0\.0\.1:(\d+)\//.exec(output)?.[1] ?? '';
    const sent = carillon(['trigger', 'my-channel', 'my-event', '{"hello":"world"}', '--port', port]);
    expect(sent.stderr).toBe('');
    expect(sent.stdout).toContain('Sent my-event to my-channel');
    node.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
  });

  it.each(['SIGINT', 'SIGHUP'] as const)('stops on %s with 0', async (signal) => {
    const node = spawn(process.execPath, [PROGRAM, '--port', '0'], { env: environment() });
    const exited = once(node, 'exit');
    for await (const chunk of node.stdout.setEncoding('utf8')) {
      if (String(chunk).includes('npx --no carillon trigger')) break;
    }
    node.kill(signal);
    expect((await exited)[0]).toBe(0);
  });

  it('says that the port is in use, and how to choose another', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const { status, stderr } = carillon(['--port', port]);
    taken.close();
    expect(status).toBe(1);
    expect(stderr).toContain('the port is in use; choose another with --port or CARILLON_PORT');
  });

  it('says whether TLS has to be added or left out', async () => {
    const plain = await startServer();
    const withoutTls = await carillonBeside(['trigger', 'c', 'e', '--tls', '--port', String(plain.port)]);
    expect(withoutTls).toContain('answers, but not with TLS; leave out --tls');
    await plain.stop();
    const file = (name: string) => fileURLToPath(new URL(`../../support/tls/${name}`, import.meta.url));
    const secure = await startServer({ tls: { certFile: file('cert.pem'), keyFile: file('key.pem') } });
    const plainly = await carillonBeside(['trigger', 'c', 'e', '--port', String(secure.port)]);
    expect(plainly).toContain('It seems to want TLS; add --tls');
    await secure.stop();
  });

  it('says that no node is there', async () => {
    const port = await freePort();
    const { status, stderr } = carillon(['trigger', 'c', 'e', '--port', String(port)]);
    expect(status).toBe(1);
    expect(stderr).toContain(`No node answers at http://127.0.0.1:${port} (connect ECONNREFUSED`);
  });
});

/** What the program complains about while this process goes on serving. */
async function carillonBeside(args: string[]): Promise<string> {
  const program = spawn(process.execPath, [PROGRAM, ...args], { env: environment() });
  let complaint = '';
  for await (const chunk of program.stderr.setEncoding('utf8')) complaint += String(chunk);
  return complaint;
}
