/** How workers are replaced, with processes that are played by the test. */
import { describe, expect, it } from 'vitest';
import { HubLink } from '../../server/hub/hub-link.ts';
import type { ParentService } from '../../server/hub/hub-services.ts';
import type { WorkerProcess } from '../../server/workers/spawn-worker.ts';
import { Supervisor } from '../../server/workers/supervisor.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { socketPair } from '../support/hub.ts';
import { silentLogger } from '../support/silent-logger.ts';

class FakeWorker implements WorkerProcess {
  readonly pid = 1;
  readonly stream;
  readonly link: HubLink<ParentService>;
  readonly signals: string[] = [];
  #exited: (how: string) => void = () => undefined;

  constructor([here, there]: Awaited<ReturnType<typeof socketPair>>) {
    this.stream = here;
    this.link = new HubLink<ParentService>(there);
    this.link.serve({ complete: () => undefined });
    this.link.start();
  }

  kill(signal: string): void {
    this.signals.push(signal);
    this.end(`was ended by ${signal}`);
  }

  onExit(listener: (how: string) => void): void {
    this.#exited = listener;
  }

  end(how: string): void {
    this.#exited(how);
  }
}

async function begin(workers: number, spare: number) {
  const pairs = await Promise.all(Array.from({ length: workers + spare }, () => socketPair()));
  const spawned: FakeWorker[] = [];
  const left: number[] = [];
  const clock = new FakeClock();
  let numbers = 0;
  const supervisor = new Supervisor({
    spawn: () => {
      const pair = pairs.shift();
      if (pair === undefined) throw new Error('the test has prepared too few');
      const worker = new FakeWorker(pair);
      spawned.push(worker);
      return worker;
    },
    nodeNumber: () => {
      numbers += 1;
      return numbers;
    },
    joined: () => undefined,
    left: (number) => left.push(number),
    metrics: () => ({ contentType: '', text: '' }),
    clock,
    chance: () => 0,
    logger: silentLogger,
  });
  const started = supervisor.start(workers, 6001);
  return { supervisor, started, spawned, left, clock };
}

describe('a supervisor', () => {
  it('has started when all workers listen, each of which has its own seat', async () => {
    const { supervisor, started, spawned } = await begin(2, 0);
    const seats = await Promise.all(spawned.map(({ link }) => link.call('seat', undefined)));
    expect(seats).toEqual([
      { worker: 1, nodeNumber: 1, port: 6001 },
      { worker: 2, nodeNumber: 2, port: 6001 },
    ]);
    let isStarted = false;
    started.then(() => {
      isStarted = true;
    });
    await spawned[0]?.link.call('listening', undefined);
    expect([isStarted, supervisor.listening().length]).toEqual([false, 1]);
    await spawned[1]?.link.call('listening', undefined);
    await started;
    await supervisor.stop();
    expect(spawned.map(({ signals }) => signals)).toEqual([['SIGTERM'], ['SIGTERM']]);
  });

  it('stops all when one can not start, and says why', async () => {
    const { started, spawned } = await begin(2, 0);
    const failed = expect(started).rejects.toThrow('no certificate');
    await spawned[0]?.link.call('listening', undefined);
    spawned[1]?.link.note('failed', 'no certificate');
    await failed;
    expect(spawned.map(({ signals }) => signals)).toEqual([['SIGTERM'], ['SIGTERM']]);
  });

  it('does not start when one ends before it listens', async () => {
    const { started, spawned } = await begin(1, 0);
    spawned[0]?.end('exited with 1');
    await expect(started).rejects.toThrow('worker 1 exited with 1 before it listened');
  });

  it('replaces a worker soon, later each time it ends again, and soon again once one has lived', async () => {
    const { supervisor, started, spawned, left, clock } = await begin(1, 4);
    await spawned[0]?.link.call('listening', undefined);
    await started;
    for (const [n, ms] of [100, 200, 400].entries()) {
      spawned[n]?.end('exited with 1');
      clock.advance(ms - 1);
      expect(spawned).toHaveLength(n + 1);
      clock.advance(1);
      expect(spawned).toHaveLength(n + 2);
    }
    clock.advance(60_000);
    spawned[3]?.end('exited with 1');
    clock.advance(100);
    expect(spawned).toHaveLength(5);
    expect(supervisor.restarts).toBe(4);
    await eventually(() => expect([...left].sort()).toEqual([1, 2, 3, 4]));
    await supervisor.stop();
  });

  it('takes the seat of a worker whose link is gone at once, and ends its process', async () => {
    const { supervisor, started, spawned, left, clock } = await begin(1, 1);
    await spawned[0]?.link.call('listening', undefined);
    await started;
    spawned[0]?.link.close();
    await eventually(() => expect(left).toEqual([1]));
    expect(supervisor.listening()).toEqual([]);
    clock.advance(1000);
    expect(spawned[0]?.signals).toEqual(['SIGKILL']);
    clock.advance(100);
    expect(spawned).toHaveLength(2);
    await supervisor.stop();
  });
});
