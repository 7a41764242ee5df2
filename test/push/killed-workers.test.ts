/** Worker processes that are killed or stand still while they send: nothing is lost, and at most what was under way is sent again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatabaseSettings } from '../../server/config/config.ts';
import { openTestDatabase, postgresSettings, temporaryFolder } from '../support/databases.ts';
import { startPostgres } from '../support/postgres.ts';
import { until } from '../support/push/pipeline.ts';
import { newPublish } from '../support/push/publishes.ts';
import { BY_TOKEN, registration, testRegistry } from '../support/registry.ts';

const DEVICES = 400;
/** Requests of a job that a worker has under way at a time. */
const AT_ONCE = 5;
/** Devices that a worker sends to at a time. */
const UNDER_WAY = 60;
/** Processes start and leases end, on a machine that has more to do. */
const TEST_MS = 120_000;
const WORKER = join(import.meta.dirname, '../support/push/worker-process.mjs');
const SETTINGS = { pageSize: 40, recipientsPerProvider: UNDER_WAY, leaseMs: 1500, pollMs: 50 };

interface WorkerEvent {
  readonly accepted?: string;
  readonly finished?: string;
  readonly status?: string;
  readonly counts?: { readonly sent: number; readonly targeted: number };
}

let appId: string;
let receiver: Server;
/** Tokens in the order they arrived. */
let arrived: string[];
let onArrival: () => void;
let workers: ChildProcess[];
let events: WorkerEvent[];

beforeEach(async () => {
  appId = randomUUID();
  arrived = [];
  onArrival = () => undefined;
  workers = [];
  events = [];
  receiver = createServer((request, response) => {
    let token = '';
    request.on('data', (chunk: Buffer) => {
      token += chunk;
    });
    request.on('end', () => {
      arrived.push(token);
      onArrival();
      setTimeout(() => response.end(), 2);
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
});
afterEach(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  receiver.closeAllConnections();
  receiver.close();
});

async function registerDevices(settings: DatabaseSettings): Promise<void> {
  const database = await openTestDatabase(settings);
  const { store } = testRegistry(database);
  const tokens = Array.from({ length: DEVICES }, (_, n) => `t${n}`);
  for (const token of tokens)
    await store.register(appId, registration(token, { channels: ['all'] }), BY_TOKEN);
  await database.close();
}

function startWorker(database: DatabaseSettings, publish?: object): ChildProcess {
  const { port } = receiver.address() as AddressInfo;
  const address = `http://127.0.0.1:${port}`;
  const argument = JSON.stringify({ database, appId, address, settings: SETTINGS, publish });
  const worker = spawn(process.execPath, [WORKER, argument], { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: worker.stdout }).on('line', (line) => events.push(JSON.parse(line)));
  workers.push(worker);
  return worker;
}

/** Kills a worker with the arrival of so many messages. */
async function killAt(worker: ChildProcess, count: number): Promise<void> {
  const exited = once(worker, 'exit');
  onArrival = () => {
    if (arrived.length === count) worker.kill('SIGKILL');
  };
  await exited;
}

const publish = newPublish({ target: { kind: 'channels', channels: ['all'] } });

async function expectEnd(kills: number): Promise<void> {
  const end = await until(() => events.find(({ finished }) => finished !== undefined));
  expect(end).toMatchObject({ status: 'finished', counts: { targeted: DEVICES, sent: DEVICES } });
  expect(events.find(({ accepted }) => accepted !== undefined)?.accepted).toBe(end.finished);
  expect(new Set(arrived).size).toBe(DEVICES);
  expect(arrived.length - DEVICES).toBeLessThanOrEqual(kills * UNDER_WAY);
}

describe('a worker process that is killed', () => {
  it(
    'SQLite: the next one goes on where it was, again and again',
    async () => {
      const folder = temporaryFolder();
      const settings: DatabaseSettings = { kind: 'sqlite', folder };
      await registerDevices(settings);
      const first = startWorker(settings, { ...publish, appId });
      await killAt(first, 150);
      const second = startWorker(settings);
      await killAt(second, 300);
      startWorker(settings);
      await expectEnd(2);
      rmSync(folder, { recursive: true, force: true });
    },
    TEST_MS,
  );

  it(
    'PostgreSQL: the others take over what it had when its lease is over',
    async () => {
      const server = await startPostgres();
      try {
        const settings = postgresSettings(await server.createDatabase());
        await registerDevices(settings);
        const first = startWorker(settings, { ...publish, appId });
        startWorker(settings);
        await killAt(first, 150);
        await expectEnd(1);
      } finally {
        for (const worker of workers) worker.kill('SIGKILL');
        await server.stop();
      }
    },
    TEST_MS,
  );
});

describe('a worker process that stands still for longer than its lease', () => {
  it(
    'sends nothing more of what others have taken over, but for what was on its way',
    async () => {
      const server = await startPostgres();
      try {
        const settings = postgresSettings(await server.createDatabase());
        await registerDevices(settings);
        const first = startWorker(settings, { ...publish, appId });
        await until(() => arrived.length >= 100);
        first.kill('SIGSTOP');
        startWorker(settings);
        await expectEnd(1);
        const before = arrived.length;
        first.kill('SIGCONT');
        // It goes on, and would have the time to send all that it had.
        await pause(1000);
        expect(arrived.length - before).toBeLessThanOrEqual(AT_ONCE * 2);
        expect(first.exitCode).toBeNull();
      } finally {
        for (const worker of workers) worker.kill('SIGKILL');
        await server.stop();
      }
    },
    TEST_MS,
  );
});
