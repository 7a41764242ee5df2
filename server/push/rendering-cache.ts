/** Publishes that are being sent: read from the queue once, their messages prepared once. The last used are kept. */
import type { PushQueue, QueuedPublish } from './push-queue.ts';
import { Rendering } from './rendering.ts';

/** A publish may have a megabyte of payloads and values. */
const KEPT = 32;

export class RenderingCache {
  readonly #queue: PushQueue;
  readonly #instanceOf: (appId: string) => string | undefined;
  readonly #kept = new Map<number, Promise<Rendering | undefined>>();

  constructor(queue: PushQueue, instanceOf: (appId: string) => string | undefined) {
    this.#queue = queue;
    this.#instanceOf = instanceOf;
  }

  async of(publishId: number): Promise<Rendering | undefined> {
    const known = this.#kept.get(publishId) ?? this.#read(publishId);
    // Last in the map is most recent.
    this.#kept.delete(publishId);
    this.#kept.set(publishId, known);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value ?? publishId);
    try {
      return await known;
    } catch (error) {
      this.#kept.delete(publishId);
      throw error;
    }
  }

  async #read(publishId: number): Promise<Rendering | undefined> {
    const publish: QueuedPublish | undefined = await this.#queue.publish(publishId);
    return publish && new Rendering(publish, this.#instanceOf(publish.appId));
  }
}
