/** Takes jobs from the queue as there is room for them, and keeps their leases. One per node. */
import type { Ids } from '../lib/ids.ts';
import { JobLeases } from './job-leases.ts';
import { JobRunner } from './job-runner.ts';
import type { Job, Lane } from './jobs.ts';
import { LaneRooms } from './lane-rooms.ts';
import type { PipelinePorts, PipelineSettings } from './pipeline.ts';

/** Milliseconds until the queue is asked again after it failed. */
const FAILURE_PAUSE_MS = 1000;
/** How often a stop looks whether its time is over. */
const BEAT_MS = 20;

export class PushWorkers {
  readonly #settings: PipelineSettings;
  readonly #ports: PipelinePorts;
  readonly #owner: string;
  readonly #rooms: LaneRooms;
  readonly #leases: JobLeases;
  readonly #runner: JobRunner;
  readonly #abort = new AbortController();
  #started = false;
  #claiming: Promise<void> | undefined;
  #again = false;
  #cancelTimer: (() => void) | undefined;
  /** Milliseconds since the epoch at which the queue was last out of reach. */
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: PipelineSettings, ports: PipelinePorts, ids: Ids) {
    this.#settings = settings;
    this.#ports = ports;
    this.#owner = ids.uniqueId();
    this.#rooms = new LaneRooms(settings.recipientsPerProvider);
    this.#leases = new JobLeases(this.#owner, settings.leaseMs, ports);
    this.#runner = new JobRunner(settings, ports, this.#abort.signal);
  }

  start(): void {
    this.#started = true;
    this.wake();
  }

  /** There may be something to do. Cheap, and never waits. */
  wake(): void {
    if (!this.#running) return;
    if (this.#claiming !== undefined) {
      this.#again = true;
      return;
    }
    this.#claiming = this.#claim().finally(() => {
      this.#claiming = undefined;
      // Woken just after the last look.
      if (this.#again) this.wake();
    });
  }

  /** Jobs under way. */
  running(lane: Lane): number {
    return this.#rooms.runningIn(lane);
  }

  /**
   * Takes nothing more, sends nothing more, and waits for what is under way, at most `ms`. What is then left is given up
   * to others at once.
   */
  async stop(ms: number): Promise<void> {
    const { clock, queue, logger } = this.#ports;
    this.#started = false;
    this.#abort.abort();
    this.#leases.abort();
    this.#cancelTimer?.();
    const end = clock.now() + ms;
    await this.#claiming;
    while (this.#rooms.running > 0 && clock.now() < end) await clock.pause(BEAT_MS);
    this.#leases.stop();
    if (this.#rooms.running > 0) {
      logger.warn({ jobs: this.#rooms.running }, 'push jobs not finished before the stop');
    }
    try {
      await queue.release(this.#owner);
    } catch (error) {
      logger.error({ err: error }, 'push jobs could not be given up; others have them when their leases end');
    }
  }

  get #running(): boolean {
    return this.#started && !this.#abort.signal.aborted;
  }

  async #claim(): Promise<void> {
    const { clock, queue, log } = this.#ports;
    const { leaseMs, pollMs } = this.#settings;
    let pauseMs = pollMs;
    do {
      this.#again = false;
      const now = clock.now();
      const rooms = this.#rooms.free();
      const leaseUntil = now + leaseMs;
      this.#leases.look();
      // Whoever was cut off or stood still has that long to note what was sent, this node included.
      const patient = now < Math.max(this.#failedAt, this.#leases.lostAt) + leaseMs;
      try {
        const claim = { owner: this.#owner, now, lostBefore: patient ? 0 : now, leaseUntil, rooms };
        const { jobs, nextAt } = await queue.claim(claim);
        for (const job of jobs) void this.#run(job, leaseUntil);
        const wait = patient ? pollMs : (nextAt ?? Number.POSITIVE_INFINITY) - clock.now();
        pauseMs = Math.min(pollMs, Math.max(1, wait));
      } catch (error) {
        log.warn('claim', { err: error }, 'push queue cannot be asked for jobs');
        this.#failedAt = clock.now();
        this.#again = false;
        pauseMs = FAILURE_PAUSE_MS;
      }
    } while (this.#again && this.#running);
    if (this.#running) this.#wakeAfter(pauseMs);
  }

  #wakeAfter(ms: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#ports.clock.after(ms, () => this.wake());
  }

  async #run(job: Job, leaseUntil: number): Promise<void> {
    this.#rooms.enter(job);
    const signal = this.#leases.hold(job, leaseUntil);
    if (this.#abort.signal.aborted) this.#leases.abort();
    await this.#runner.run(job, signal);
    this.#leases.drop(job);
    this.#rooms.leave(job);
    this.wake();
  }
}
