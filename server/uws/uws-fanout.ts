/**
 * Fan-out by uWebSockets' topics: one native call, whatever the number of subscribers. See the port.
 *
 * uWebSockets joins what a subscriber gets in one turn of the event loop into one write, up to 32 publications; with the
 * next it writes at once. But while a handler runs, its socket has the one buffer in which writes are joined, so that each
 * frame becomes a write of its own, and a node is slowest when it has most to do. So where a turn brings many publications,
 * they wait for the handlers to be through.
 */
import type { TemplatedApp } from 'uWebSockets.js';
import type { Fanout } from '../channels/fanout.ts';
import type { Socket } from '../channels/socket.ts';
import { nativeFrame, nativeText } from './native-text.ts';
import { type Publications, UwsSocket } from './uws-socket.ts';

/** Publications that are handed on at once: fewer than fill a subscriber's places, all in one turn as they may be. */
const AT_ONCE = 31;
/** As many in a turn let those of the next wait too, from the first on: else each turn would be written in two parts. */
const BUSY = 8;

interface Waiting {
  readonly topic: string;
  readonly frame: string | Uint8Array;
  readonly except: Socket | undefined;
}

export class UwsFanout implements Fanout, Publications {
  readonly #app: TemplatedApp;
  /** Whether all wait for the end of their turn: after a turn that was too full, and on while turns bring `BUSY`. */
  #busy = false;
  /** Publications that were handed on at once since a turn is known to have ended. Others are not asked about. */
  #handedOn = 0;
  #waiting: Waiting[] = [];
  /** Those that had to wait in this turn. */
  #waited = 0;
  readonly #endTurn = (): void => {
    this.settle();
    this.#busy = !this.#busy || this.#waited >= BUSY;
    this.#handedOn = 0;
    this.#waited = 0;
  };

  constructor(app: TemplatedApp) {
    this.#app = app;
  }

  publish(topic: string, frame: string | Uint8Array, except?: Socket): void {
    if (!this.#busy && this.#handedOn < AT_ONCE) {
      this.#handedOn += 1;
      this.#handOn(topic, frame, except);
      return;
    }
    if (this.#waited === 0) setImmediate(this.#endTurn);
    this.#waited += 1;
    this.#waiting.push({ topic, frame, except });
  }

  settle(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { topic, frame, except } of waiting) this.#handOn(topic, frame, except);
  }

  #handOn(topic: string, frame: string | Uint8Array, except: Socket | undefined): void {
    if (except instanceof UwsSocket && except.open) except.publishToOthers(topic, frame);
    else this.#app.publish(nativeText(topic), nativeFrame(frame));
  }
}
