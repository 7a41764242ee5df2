/**
 * A presence room whose members are checked: each must learn of every other exactly once, by the roster it joined with or by a
 * `member_added`, and of each that leaves exactly once.
 */
import type { AppCredentials } from '../app.ts';
import type { ParsedFrame } from '../client/delivery-check.ts';
import { channelAuth } from '../client/signing.ts';
import type { Tally } from '../client/tally.ts';
import { subscribeFrame, type WsClient } from '../client/ws-client.ts';

interface Roster {
  readonly presence: {
    readonly count: number;
    readonly ids: readonly string[];
    readonly hash: Record<string, unknown>;
  };
}

/** Who a member is, and what it sends to join. */
export interface Seat {
  readonly client: WsClient;
  readonly userId: string;
  /** The subscription, signed beforehand. */
  readonly frame: Buffer;
}

export function seatOf(app: AppCredentials, client: WsClient, channel: string, userId: string): Seat {
  const channelData = JSON.stringify({ user_id: userId, user_info: { name: `Member ${userId}` } });
  const auth = channelAuth(app, client.socketId, channel, channelData);
  return { client, userId, frame: subscribeFrame(channel, auth, channelData) };
}

/** One member's knowledge of who is there; each fact it learns is counted. */
export class Member {
  readonly #seat: Seat;
  readonly #tally: Tally;
  readonly #known = new Set<string>();

  constructor(seat: Seat, tally: Tally) {
    this.#seat = seat;
    this.#tally = tally;
    this.#known.add(seat.userId);
    seat.client.onServerEvent = (frame) => this.#notice(frame);
  }

  /** Resolves when the member has its roster. */
  async join(channel: string): Promise<void> {
    this.#learnAll(await this.#seat.client.subscribeWith(channel, this.#seat.frame));
  }

  #learnAll(data: string): void {
    const { ids, count, hash } = (JSON.parse(data) as Roster).presence;
    const { userId } = this.#seat;
    if (!ids.includes(userId) || count !== ids.length || Object.keys(hash).length !== count) {
      this.#tally.fail(
        new Error(`a roster without ${userId}, or whose count, ids and hash differ: ${data.slice(0, 200)}`),
      );
    }
    for (const id of ids) if (id !== userId) this.#learn(id);
  }

  #notice(frame: ParsedFrame): void {
    const { user_id: id } = JSON.parse(String(frame.data)) as { readonly user_id: string };
    if (frame.event === 'pusher_internal:member_added') this.#learn(id);
    else if (frame.event === 'pusher_internal:member_removed') this.#forget(id);
    else this.#tally.fail(new Error(`unexpected ${frame.event} in a presence room`));
  }

  #learn(id: string): void {
    if (this.#known.has(id)) this.#tally.fail(new Error(`${id} was announced twice to one member`));
    this.#known.add(id);
    this.#tally.arrived();
  }

  #forget(id: string): void {
    if (!this.#known.delete(id)) this.#tally.fail(new Error(`${id} left twice, or was never announced`));
    this.#tally.arrived();
  }
}

/** For a room that is taken down: nobody counts who leaves. */
export function ignoreMembers(clients: readonly WsClient[]): void {
  for (const client of clients) client.onServerEvent = () => undefined;
}
