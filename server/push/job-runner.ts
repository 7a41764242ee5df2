/** Does one job, from its lease to its settlement. */
import { pauseAfter } from '../lib/backoff.ts';
import { expand, noMore } from './expand-job.ts';
import type { Job } from './jobs.ts';
import type { PipelinePorts, PipelineSettings } from './pipeline.ts';
import type { Settlement } from './push-queue.ts';
import { RenderingCache } from './rendering-cache.ts';
import { giveUp, type SendTask, send } from './send-job.ts';

/** A job that sends is taken so often at most, should the process die of it or its settlement fail. */
const CLAIMS_TO_SEND = 5;
/** A day of minutes: by then nobody wants to know any more. */
const CLAIMS_TO_NOTIFY = 1500;
/** Milliseconds until a publish that has enough jobs waiting is looked at again. */
const AHEAD_PAUSE_MS = 250;
const BACKOFF = { firstMs: 1000, longestMs: 60_000 };
/** Milliseconds for which it is tried to note what was sent. */
const SETTLE_MS = 5 * 60_000;

export class JobRunner {
  readonly #settings: PipelineSettings;
  readonly #ports: PipelinePorts;
  readonly #renderings: RenderingCache;
  readonly #stopping: AbortSignal;

  /** @param stopping aborted when the node stops */
  constructor(settings: PipelineSettings, ports: PipelinePorts, stopping: AbortSignal) {
    this.#settings = settings;
    this.#ports = ports;
    this.#renderings = new RenderingCache(ports.queue, ports.instanceOf);
    this.#stopping = stopping;
  }

  /**
   * Never rejects: a job that fails is put off.
   * @param signal aborted when nothing more is to be sent
   */
  async run(job: Job, signal: AbortSignal): Promise<void> {
    try {
      const settlement = await this.#settlement(job, signal);
      if (settlement === undefined) await this.#postpone(job, AHEAD_PAUSE_MS);
      else await this.#settle(job, settlement);
    } catch (error) {
      await this.#fail(job, error);
    }
  }

  /** Undefined: not yet. */
  async #settlement(job: Job, signal: AbortSignal): Promise<Settlement | undefined> {
    const { work } = job;
    const now = this.#ports.clock.now();
    if (work.kind === 'notify') return this.#notify(job);
    const rendering = await this.#renderings.of(job.publishId);
    if (rendering === undefined) return noMore(now, false);
    if (work.kind !== 'expand')
      return this.#send({ job, work, rendering, retry: this.#settings.retry, signal });
    if (job.cancelled) return noMore(now, false);
    if (job.openJobs > this.#settings.jobsAhead) return undefined;
    return expand(rendering.publish, work.after, this.#settings, this.#ports);
  }

  #send(task: SendTask): Promise<Settlement> {
    if (task.job.claims <= CLAIMS_TO_SEND) return send(task, this.#ports);
    return giveUp(task, `given up after ${CLAIMS_TO_SEND} workers failed at it`, this.#ports);
  }

  async #notify({ publishId, claims }: Job): Promise<Settlement> {
    const { queue, hook, clock, logger } = this.#ports;
    if (claims > CLAIMS_TO_NOTIFY) {
      logger.error({ publishId }, 'nobody could be told of the end of a publish');
      return noMore(clock.now(), false);
    }
    const finished = await queue.finished(publishId);
    if (finished !== undefined) await hook.finished(finished);
    return noMore(clock.now(), false);
  }

  /**
   * What was sent must be noted, or it is sent again. The queue takes it for as long as nobody else has the job, also when
   * the lease is over.
   */
  async #settle(job: Job, settlement: Settlement): Promise<void> {
    const { queue, clock, chance, log } = this.#ports;
    const end = clock.now() + SETTLE_MS;
    for (let failures = 1; ; failures += 1) {
      try {
        if (!(await queue.settle(job, settlement))) {
          log.warn('lease', { publishId: job.publishId }, 'a push job took longer than its lease');
        }
        return;
      } catch (error) {
        const pauseMs = pauseAfter(failures, { firstMs: 100, longestMs: 5000 }, chance);
        if (this.#stopping.aborted || clock.now() + pauseMs > end) throw error;
        log.warn('settle', { err: error }, 'what came of a push job could not be noted yet');
        await clock.pause(pauseMs);
      }
    }
  }

  async #fail(job: Job, error: unknown): Promise<void> {
    const { chance, log } = this.#ports;
    log.warn(job.work.kind, { err: error, job: job.work.kind, claims: job.claims }, 'push job failed');
    await this.#postpone(job, pauseAfter(job.claims, BACKOFF, chance));
  }

  /** If even that fails, the lease ends by itself. */
  async #postpone(job: Job, ms: number): Promise<void> {
    const { queue, clock, log } = this.#ports;
    try {
      await queue.postpone(job, clock.now() + ms);
    } catch (error) {
      log.warn('postpone', { err: error }, 'push job could not be put off');
    }
  }
}
