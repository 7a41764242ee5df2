/**
 * One end of the local socket between the hub and a worker: calls that are answered, notes that are not, and
 * publications, all in one order. What is said in one turn of the loop leaves in one write.
 */
import type { Duplex } from 'node:stream';
import type { Eventual } from '../lib/eventual.ts';
import { type Done, Unavailable } from '../lib/unavailable.ts';
import {
  ANSWER,
  CALL,
  decodePublication,
  decodeValue,
  encodeValue,
  FAILURE,
  FRAME,
  type FrameRecord,
  kindOfRecord,
  NOTE,
  RecordReader,
} from './hub-wire.ts';
import { TurnWriter } from './turn-writer.ts';

/** What one side does for the other, by name. What is noted, not called, answers nothing. */
export type Service = Record<string, (argument: never) => unknown>;

type Argument<S extends Service, N extends keyof S> = Parameters<S[N]>[0];
type Answer<S extends Service, N extends keyof S> = Awaited<ReturnType<S[N]>>;

/** Bytes that may wait to be written before publishers have to wait too. */
const CROWDED_BYTES = 4_194_304;
/** Bytes past which nothing more is taken but what must not be lost. */
const FULL_BYTES = 67_108_864;

interface Pending {
  readonly landed: (answer: unknown) => void;
  readonly failed: (error: Unavailable) => void;
}

interface Failure {
  readonly message: string;
  readonly done: Done;
}

/** The hub can't be had now, as whoever asked for it is told. */
export const hubUnavailable = (message: string, done: Done): Unavailable =>
  new Unavailable(message, done, { what: 'the hub' });

export class HubLink<Remote extends Service> {
  readonly #stream: Duplex;
  readonly #writer: TurnWriter;
  readonly #pending = new Map<number, Pending>();
  readonly #served = new Map<string, (argument: never) => unknown>();
  #published: (publication: FrameRecord) => void = () => undefined;
  #ended: () => void = () => undefined;
  #lastId = 0;
  #closed = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#writer = new TurnWriter(stream);
    // What follows is 'close'.
    stream.on('error', () => undefined);
    stream.on('close', () => this.#end());
  }

  /** From here on what arrives is read. What the other side may ask for at once is served before. */
  start(): void {
    const reader = new RecordReader();
    this.#stream.on('data', (chunk: Buffer) => reader.read(chunk, (record) => this.#arrived(record)));
    this.#stream.on('end', () => this.#stream.destroy());
  }

  /** Adds to what this side does for the other. What can be answered at once keeps its place among publications. */
  serve(service: Service): void {
    for (const [name, act] of Object.entries(service)) this.#served.set(name, act);
  }

  /** Names who takes publications. */
  onPublication(take: (publication: FrameRecord) => void): void {
    this.#published = take;
  }

  /** Names who hears that the other side is gone, or was cut off. */
  onEnd(ended: () => void): void {
    this.#ended = ended;
    if (this.#closed) ended();
  }

  /** Bytes that are not written yet. */
  get bytesWaiting(): number {
    return this.#writer.bytesWaiting;
  }

  /** Whether so much waits that nothing more should be sent but what must not be lost. */
  get isFull(): boolean {
    return this.bytesWaiting > FULL_BYTES;
  }

  get isCrowded(): boolean {
    return this.bytesWaiting > CROWDED_BYTES;
  }

  /**
   * Asks the other side for something.
   * @param landed called with the answer in the step in which it arrives: before whatever was sent after it
   * @throws Unavailable when the link is full or gone, or what the other side's `Unavailable` said
   */
  call<N extends keyof Remote & string>(
    name: N,
    argument: Argument<Remote, N>,
    landed: (answer: Answer<Remote, N>) => void = () => undefined,
  ): Promise<Answer<Remote, N>> {
    if (this.isFull) return Promise.reject(hubUnavailable('The hub is too slow', 'no'));
    return this.insist(name, argument, landed);
  }

  /** The same for what must not be lost: it is sent however much waits already. */
  insist<N extends keyof Remote & string>(
    name: N,
    argument: Argument<Remote, N>,
    landed: (answer: Answer<Remote, N>) => void = () => undefined,
  ): Promise<Answer<Remote, N>> {
    if (this.#closed) return Promise.reject(hubUnavailable('The hub is gone', 'no'));
    this.#lastId = (this.#lastId + 1) >>> 0;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {
        landed: (answer) => {
          landed(answer as Answer<Remote, N>);
          resolve(answer as Answer<Remote, N>);
        },
        failed: reject,
      });
      this.send(encodeValue(CALL, id, [name, argument]));
    });
  }

  /** Tells the other side something, in its order among the rest. */
  note<N extends keyof Remote & string>(name: N, argument: Argument<Remote, N>): void {
    this.send(encodeValue(NOTE, 0, [name, argument]));
  }

  /** Sends a publication; a promise where so much waits that the sender should too. */
  publish(record: Buffer): Eventual<void> {
    if (this.#closed) return Promise.reject(hubUnavailable('The hub is gone', 'no'));
    if (this.isFull) {
      return Promise.reject(hubUnavailable('The hub is too slow for what is published', 'no'));
    }
    this.send(record);
    return this.isCrowded ? this.drained() : undefined;
  }

  /** Sends a record whatever waits. */
  send(record: Buffer): void {
    if (!this.#closed) this.#writer.write(record);
  }

  /** Calls `say` at the end of this turn: what it sends leaves in the same write as the rest. One for a turn. */
  endTurnWith(say: () => void): void {
    this.#writer.endTurnWith(say);
  }

  /** Done when everything is written, or the link is gone. */
  drained(): Promise<void> {
    return this.#writer.drained();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  close(): void {
    this.#stream.destroy();
  }

  #arrived(record: Buffer): void {
    const kind = kindOfRecord(record);
    if (kind === FRAME) {
      this.#published(decodePublication(record));
      return;
    }
    const { id, value } = decodeValue(record);
    switch (kind) {
      case CALL:
        this.#answer(id, value as [string, never]);
        break;
      case NOTE: {
        const [name, argument] = value as [string, never];
        this.#do(name, argument);
        break;
      }
      case ANSWER:
        this.#settle(id)?.landed(value);
        break;
      case FAILURE: {
        const { message, done } = value as Failure;
        this.#settle(id)?.failed(hubUnavailable(message, done));
        break;
      }
    }
  }

  #do(name: string, argument: never): unknown {
    const act = this.#served.get(name);
    if (act === undefined) throw new Error(`nobody here does ${name}`);
    return act(argument);
  }

  #answer(id: number, [name, argument]: [string, never]): void {
    const fail = (error: unknown): void => {
      const message = error instanceof Error ? error.message : String(error);
      const done = error instanceof Unavailable ? error.done : 'unknown';
      this.send(encodeValue(FAILURE, id, { message, done } satisfies Failure));
    };
    try {
      const answer = this.#do(name, argument);
      if (answer instanceof Promise) {
        answer.then((late: unknown) => this.send(encodeValue(ANSWER, id, late)), fail);
      } else this.send(encodeValue(ANSWER, id, answer));
    } catch (error) {
      fail(error);
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { failed } of this.#pending.values()) failed(hubUnavailable('The hub is gone', 'unknown'));
    this.#pending.clear();
    this.#writer.closed();
    this.#ended();
  }
}
