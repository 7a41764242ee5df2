/**
 * Gives up connections that are silent for too long: the machine on the other side may be gone without a word, and what
 * waits for it would wait for ever. Any byte in either direction is a sign of life.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';

/** Looks in the time of a silence. */
const LOOKS = 8;

interface LastSign {
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export class SilenceWatch {
  readonly #longestMs: number;
  readonly #clock: Clock;
  readonly #signs = new Map<Socket, LastSign>();
  #cancel: (() => void) | undefined;

  /** @param longestMs milliseconds of silence */
  constructor(longestMs: number, clock: Clock) {
    this.#longestMs = longestMs;
    this.#clock = clock;
  }

  add(socket: Socket): void {
    this.#signs.set(socket, this.#signOf(socket));
    socket.once('close', () => this.#forget(socket));
    this.#cancel ??= this.#clock.every(this.#longestMs / LOOKS, () => this.#look());
  }

  #look(): void {
    for (const [socket, last] of this.#signs) {
      const sign = this.#signOf(socket);
      if (sign.bytes !== last.bytes) this.#signs.set(socket, sign);
      else if (sign.at - last.at >= this.#longestMs) {
        socket.destroy(new Error(`no answer for ${this.#longestMs / 1000} s`));
      }
    }
  }

  #signOf({ bytesRead, bytesWritten }: Socket): LastSign {
    return { bytes: bytesRead + bytesWritten, at: this.#clock.now() };
  }

  #forget(socket: Socket): void {
    this.#signs.delete(socket);
    if (this.#signs.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
