/**
 * What becomes of sockets that don't read: given up at once, so that nobody else waits and no memory grows, and told
 * why if they come to reading again. PROTOCOL.md, "Errors and close codes".
 */
import { Codes, errorBeforeClose } from '../../protocol/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { PeerSocket, UwsSocket } from './uws-socket.ts';

/** Time a given-up socket has to read its backlog, before it is cut off. */
const LINGER_MS = 10_000;
/** Given-up sockets that may linger at once: each still holds its backlog. The oldest are cut off for newer ones. */
const MAX_LINGERING = 1000;

export interface SlowReaderPorts {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  /** Tells the session that the connection is over. */
  readonly closed: (socket: UwsSocket, code: number) => void;
}

export class SlowReaders {
  readonly #ports: SlowReaderPorts;
  /** Found in this turn of the loop, and dealt with after it: uWebSockets may be walking its subscribers now. */
  readonly #found = new Set<PeerSocket>();
  /** Given up → cancels the cutting off. */
  readonly #lingering = new Map<PeerSocket, () => void>();

  constructor(ports: SlowReaderPorts) {
    this.#ports = ports;
  }

  /** A frame for this socket was dropped because its backlog is full. */
  dropped(ws: PeerSocket): void {
    if (this.#lingering.has(ws)) return;
    if (this.#found.size === 0) setImmediate(() => this.#giveUp());
    this.#found.add(ws);
  }

  /** A socket has read some of its backlog. */
  drained(ws: PeerSocket): void {
    if (!this.#lingering.has(ws) || ws.getBufferedAmount() > 0) return;
    const { code, text } = Codes.slowReader;
    const protocol = ws.peer?.connection?.protocol;
    const farewell = protocol === undefined ? undefined : errorBeforeClose(protocol, code, text);
    if (farewell !== undefined) ws.send(farewell);
    ws.end(code, text);
  }

  /** uWebSockets is freeing the socket. */
  freed(ws: PeerSocket): void {
    if (this.#found.size > 0) this.#found.delete(ws);
    if (this.#lingering.size === 0) return;
    this.#lingering.get(ws)?.();
    this.#lingering.delete(ws);
  }

  #giveUp(): void {
    const { clock, counters, logger, closed } = this.#ports;
    const found = [...this.#found];
    this.#found.clear();
    for (const ws of found) {
      const { peer } = ws;
      if (peer === undefined) continue;
      counters.slowReaders += 1;
      logger.warn(
        { socketId: peer.connection?.id, buffered: ws.getBufferedAmount() },
        'slow reader given up',
      );
      peer.giveUp();
      this.#lingering.set(
        ws,
        clock.after(LINGER_MS, () => ws.close()),
      );
      closed(peer, Codes.slowReader.code);
    }
    this.#cutOffOldest();
  }

  #cutOffOldest(): void {
    for (const ws of this.#lingering.keys()) {
      if (this.#lingering.size <= MAX_LINGERING) return;
      ws.close();
    }
  }
}
