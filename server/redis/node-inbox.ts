/** Questions from one node to another, by its number, or to all, through pub/sub. For what is rare. */
import type { Clock } from '../lib/clock.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { Unavailable } from '../lib/unavailable.ts';
import type { RedisConnections } from './redis-connections.ts';

/** Milliseconds another node has for its answer. */
const ANSWER_MS = 2000;
/** Questions that may wait for an answer. */
const MAX_ASKED = 10_000;

/** Who asked what, for the answer. */
export interface Asker {
  readonly node: number;
  readonly id: number;
}

type Letter =
  | { readonly from: number; readonly id: number; readonly question: unknown }
  | { readonly id: number; readonly answer: unknown };

interface Asked {
  resolve(answer: unknown): void;
  readonly cancel: () => void;
}

export class NodeInbox {
  readonly #connections: RedisConnections;
  readonly #number: number;
  readonly #clock: Clock;
  readonly #log: OccasionalLog;
  readonly #asked = new Map<number, Asked>();
  #answer: (question: unknown) => Eventual<unknown> = () => undefined;
  #lastId = 0;

  /** @param number this node's, which its socket ids begin with */
  constructor(connections: RedisConnections, number: number, ports: { clock: Clock; log: OccasionalLog }) {
    this.#connections = connections;
    this.#number = number;
    this.#clock = ports.clock;
    this.#log = ports.log;
  }

  /** Done when this node can be asked, and answered. Safe to repeat. */
  start(): Promise<void> {
    const { keys, subscriptions } = this.#connections;
    return subscriptions.subscribe(keys.inbox(this.#number), (message) => {
      this.#received(message).catch((error: unknown) =>
        this.#log.warn('inbox', { err: error }, 'question of another node not answered'),
      );
    });
  }

  /** Names who answers what this node alone is asked. */
  onQuestion(answer: (question: unknown) => Eventual<unknown>): void {
    this.#answer = answer;
  }

  /**
   * The other node's answer; undefined if there is no node of that number. Rejects with `Unavailable` when none comes
   * in time.
   */
  async ask(node: number, question: unknown): Promise<unknown> {
    const id = this.#nextId();
    const answered = new Promise<unknown>((resolve, reject) => {
      const cancel = this.#clock.after(ANSWER_MS, () => {
        this.#asked.delete(id);
        reject(new Unavailable(`Node ${node} didn't answer within ${ANSWER_MS} ms`, 'unknown'));
      });
      this.#asked.set(id, { resolve, cancel });
    });
    // Whichever way it fails, the caller hears of it below.
    answered.catch(() => undefined);
    try {
      if ((await this.#send(node, { from: this.#number, id, question })) > 0) return await answered;
      return undefined;
    } finally {
      this.#asked.get(id)?.cancel();
      this.#asked.delete(id);
    }
  }

  /**
   * Asks several nodes at once, in a way of the caller's. Done when as many have answered as it reached, or when one takes
   * too long.
   * @param send asks, and returns how many nodes it reached; they answer with `answerTo`
   */
  async askAll(send: (asker: Asker) => Promise<number>): Promise<void> {
    const id = this.#nextId();
    let answers = 0;
    let reached = Number.POSITIVE_INFINITY;
    const answered = new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ANSWER_MS, resolve);
      const count = (): void => {
        answers += 1;
        if (answers >= reached) resolve();
      };
      this.#asked.set(id, { resolve: count, cancel });
    });
    try {
      reached = await send({ node: this.#number, id });
      if (answers < reached) await answered;
    } finally {
      this.#asked.get(id)?.cancel();
      this.#asked.delete(id);
    }
  }

  /** Tells who asked several that this node has done it. */
  answerTo({ node, id }: Asker): void {
    // Whoever asked doesn't wait for ever.
    this.#send(node, { id, answer: true }).catch(() => undefined);
  }

  /** @throws Unavailable when too many questions wait for an answer */
  #nextId(): number {
    if (this.#asked.size >= MAX_ASKED) throw new Unavailable('Other nodes are too slow in answering', 'no');
    this.#lastId += 1;
    return this.#lastId;
  }

  async #received(message: Buffer): Promise<void> {
    const letter = JSON.parse(message.toString('utf8')) as Letter;
    if ('question' in letter) {
      await this.#send(letter.from, { id: letter.id, answer: await this.#answer(letter.question) });
      return;
    }
    this.#asked.get(letter.id)?.resolve(letter.answer);
  }

  /** Returns how many nodes it reached. */
  #send(node: number, letter: Letter): Promise<number> {
    return this.#connections.publish(this.#connections.keys.inbox(node), JSON.stringify(letter));
  }
}
