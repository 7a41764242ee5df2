/** What the compatibility tests share: a server per file, the official libraries pointed at it, waiting by events. */
import Pusher from 'pusher';
import PusherJs, { type Options } from 'pusher-js';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { DEFAULT_APP, startServer, type TestServer } from '../support/server.ts';

/** 32 bytes for end-to-end encryption: the channel's secret is derived from it by publisher and auth endpoint. */
const MASTER_KEY = Buffer.alloc(32, 'a').toString('base64');

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface BrowserOptions extends Partial<Options> {
  readonly key?: string;
  /** Who the application behind the page takes the visitor for. */
  readonly user?: Visitor;
  readonly at?: Address;
}

export interface Visitor {
  readonly id: string;
  readonly info?: Record<string, unknown>;
  readonly watchlist?: readonly string[];
}

export interface NodeUnderTest {
  readonly server: TestServer;
  /** The server SDK of the test's app. */
  readonly sdk: Pusher;
  /** A page that connects; it is closed after the test. */
  page(options?: BrowserOptions): PusherJs;
  /** The options `page` would use, for libraries that construct pusher-js themselves. */
  pageOptions(options?: BrowserOptions): Options;
  /** A page that is connected. */
  connected(options?: BrowserOptions): Promise<PusherJs>;
  /** Closes a connection after the test. */
  later(close: () => void): void;
}

/** Starts a server for the tests of one file; the file fails if the server logged an error. */
export function useNode(settings: object = {}): NodeUnderTest {
  let running: TestServer | undefined;
  const closing: (() => void)[] = [];
  const server = (): TestServer => {
    if (running === undefined) throw new Error('the server is not started yet');
    return running;
  };
  beforeAll(async () => {
    running = await startServer(settings);
  });
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });
  afterAll(async () => {
    await server().stop();
    expect(server().errors).toEqual([]);
  });

  const pageOptions = (options: BrowserOptions = {}): Options => {
    const { key: _key, user, at = server(), ...rest } = options;
    return {
      cluster: 'local',
      wsHost: at.host,
      wsPort: at.port,
      forceTLS: false,
      enabledTransports: ['ws'],
      ...authorizedBy(sdkFor(server()), user),
      ...rest,
    };
  };
  const page = (options: BrowserOptions = {}): PusherJs => {
    const client = new PusherJs(options.key ?? server().app.key, pageOptions(options));
    closing.push(() => client.disconnect());
    return client;
  };
  return {
    get server() {
      return server();
    },
    get sdk() {
      return sdkFor(server());
    },
    page,
    pageOptions,
    connected: async (options) => {
      const client = page(options);
      await untilState(client, 'connected');
      return client;
    },
    later: (close) => {
      closing.push(close);
    },
  };
}

/** A page of a user who is signed in, and follows the user's own channel. */
export async function signedInPage(node: NodeUnderTest, user: Visitor): Promise<PusherJs> {
  const page = node.page({ user });
  const ready = nextEvent<{ event: string; channel?: string }>(
    page.connection,
    'message',
    ({ event, channel }) =>
      event === 'pusher_internal:subscription_succeeded' && channel === `#server-to-user-${user.id}`,
  );
  page.signin();
  await ready;
  return page;
}

/** The server SDK, signing with `secret` if it is given. */
export function sdkFor(address: Address, secret: string = DEFAULT_APP.secret): Pusher {
  return new Pusher({
    appId: DEFAULT_APP.id,
    key: DEFAULT_APP.key,
    secret,
    host: address.host,
    port: String(address.port),
    useTLS: false,
    encryptionMasterKeyBase64: MASTER_KEY,
  });
}

/** An application's auth endpoints, called in place: every visitor may enter every channel. */
function authorizedBy(
  sdk: Pusher,
  user?: Visitor,
): Pick<Options, 'channelAuthorization' | 'userAuthentication'> {
  return {
    channelAuthorization: {
      customHandler: ({ socketId, channelName }, done) => {
        const data =
          channelName.startsWith('presence-') && user !== undefined
            ? { user_id: user.id, ...(user.info === undefined ? {} : { user_info: user.info }) }
            : undefined;
        done(null, sdk.authorizeChannel(socketId, channelName, data));
      },
    },
    userAuthentication: {
      customHandler: ({ socketId }, done) => {
        if (user === undefined) return done(new Error('nobody is logged in'), null);
        const { id, info, watchlist } = user;
        done(
          null,
          sdk.authenticateUser(socketId, { id, user_info: info ?? {}, ...(watchlist ? { watchlist } : {}) }),
        );
      },
    },
  };
}

interface Bindable {
  bind(event: string, callback: (data: never, metadata: never) => void): unknown;
  unbind(event: string, callback: (data: never, metadata: never) => void): unknown;
}

/** The next `event`'s data. */
export function nextEvent<T = unknown>(
  target: Bindable,
  event: string,
  matches: (data: T) => boolean = () => true,
) {
  return new Promise<T>((resolve) => {
    const take = (data: T) => {
      if (!matches(data)) return;
      target.unbind(event, take);
      resolve(data);
    };
    target.bind(event, take);
  });
}

export async function untilState(client: PusherJs, state: string): Promise<void> {
  if (client.connection.state !== state) await nextEvent(client.connection, state);
}

/** Collects `event`'s data in the order it comes. */
export function record<T = unknown>(target: Bindable, event: string): T[] {
  const seen: T[] = [];
  target.bind(event, (data: T) => seen.push(data));
  return seen;
}

/** Resolves when the server answered everything this page sent before. */
export function settled(client: PusherJs): Promise<unknown> {
  const pong = nextEvent<{ event: string }>(
    client.connection,
    'message',
    ({ event }) => event === 'pusher:pong',
  );
  client.send_event('pusher:ping', {});
  return pong;
}

/** Subscribes and waits for the success. */
export async function subscribed(client: PusherJs, name: string) {
  const channel = client.subscribe(name);
  if (!channel.subscribed) await nextEvent(channel, 'pusher:subscription_succeeded');
  return channel;
}
