/** How much a node does at a time, lane by lane, so that a slow provider holds up only its own notifications. */
import { type Job, LANES, type Lane, laneOf, sizeOf } from './jobs.ts';
import type { Room } from './push-queue.ts';

/** Jobs of a lane under way at a time: the many small ones of small publishes. */
const JOBS: Readonly<Record<Lane, number>> = {
  expand: 4,
  notify: 8,
  fcm: 64,
  apns: 64,
  webpush: 64,
  hms: 64,
};

export class LaneRooms {
  readonly #recipients: number;
  readonly #jobs = new Map<Lane, Set<Job>>(LANES.map((lane) => [lane, new Set()]));

  /** @param recipients that one provider's jobs may stand for together; one job is done however few these are */
  constructor(recipients: number) {
    this.#recipients = recipients;
  }

  get running(): number {
    let jobs = 0;
    for (const lane of this.#jobs.values()) jobs += lane.size;
    return jobs;
  }

  runningIn(lane: Lane): number {
    return this.#of(lane).size;
  }

  /** Lanes that have room. */
  free(): Room[] {
    return LANES.map((lane) => {
      const running = this.#of(lane);
      let recipients = this.#recipients;
      for (const { work } of running) recipients -= sizeOf(work);
      return { lane, jobs: JOBS[lane] - running.size, recipients, idle: running.size === 0 };
    }).filter(({ jobs, recipients }) => jobs > 0 && recipients > 0);
  }

  enter(job: Job): void {
    this.#of(laneOf(job.work)).add(job);
  }

  leave(job: Job): void {
    this.#of(laneOf(job.work)).delete(job);
  }

  #of(lane: Lane): Set<Job> {
    return this.#jobs.get(lane) ?? new Set();
  }
}
