/** Pages with pusher-js, unmodified: they find their way to nodes that live by themselves. */
import PusherJs, { type PresenceChannel } from 'pusher-js';
import { expect } from 'vitest';
import { channelAuth } from '../../support/auth.ts';
import { openRelay, type Relay, type RelayAddress } from '../../support/relay.ts';
import { DEFAULT_APP } from '../../support/server.ts';
import type { Present, Truth } from './agreement.ts';
import { PRESENCE } from './crowd.ts';

interface Page {
  readonly user: string;
  readonly pusher: PusherJs;
  readonly channel: PresenceChannel;
}

const ROOM = PRESENCE[0] as string;

export class Pages {
  readonly #relay: Relay;
  readonly #pages: readonly Page[];

  private constructor(relay: Relay, pages: readonly Page[]) {
    this.#relay = relay;
    this.#pages = pages;
  }

  /** `choose` names the node that the next connection goes to, as a load balancer does. */
  static async open(count: number, choose: () => RelayAddress | undefined): Promise<Pages> {
    const relay = await openRelay(choose);
    const pages = Array.from({ length: count }, (_, n) => openPage(relay.port, `page${n}`));
    return new Pages(relay, pages);
  }

  present(): Present[] {
    return this.#pages.map(({ user, channel }) => ({
      user,
      channels: channel.subscribed ? [ROOM] : [],
      signedIn: false,
    }));
  }

  /** Each is connected, and sees everybody. */
  expect({ members }: Truth): void {
    for (const { user, pusher, channel } of this.#pages) {
      const seen: string[] = [];
      channel.members.each(({ id }: { id: string }) => seen.push(id));
      const { state } = pusher.connection;
      expect([user, state, seen.sort()]).toEqual([user, 'connected', members.get(ROOM)]);
    }
  }

  /** Members that are seen to go, from here on, by whom and whom. */
  recordFlaps(): readonly string[] {
    const flaps: string[] = [];
    for (const { user, channel } of this.#pages) {
      channel.bind('pusher:member_removed', ({ id }: { id: string }) => flaps.push(`${user} saw ${id} go`));
    }
    return flaps;
  }

  close(): void {
    for (const { pusher } of this.#pages) pusher.disconnect();
    void this.#relay.close();
  }
}

function openPage(port: number, user: string): Page {
  const pusher = new PusherJs(DEFAULT_APP.key, {
    cluster: 'local',
    wsHost: '127.0.0.1',
    wsPort: port,
    forceTLS: false,
    enabledTransports: ['ws'],
    channelAuthorization: {
      transport: 'ajax',
      endpoint: '',
      customHandler: ({ socketId, channelName }, done) => {
        const data = JSON.stringify({ user_id: user });
        done(null, { auth: channelAuth(DEFAULT_APP, socketId, channelName, data), channel_data: data });
      },
    },
  });
  return { user, pusher, channel: pusher.subscribe(ROOM) as PresenceChannel };
}
