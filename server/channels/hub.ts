/** What this node's connections are and follow: by app, by channel, by user. No I/O; counts of this node only. */
import { type ChannelType, channelType } from '../../protocol/index.ts';
import type { App } from '../apps/app.ts';
import type { Eventual } from '../lib/eventual.ts';
import { Channel } from './channel.ts';
import type { Connection } from './connection.ts';

/** A signed-in user's connections on this node. */
export interface UserShare {
  readonly connections: Set<Connection>;
  /** The answer to the first of them, which the others wait for. */
  signedIn: Eventual<void>;
}

/** This node's share of one app. */
export class AppHub {
  /** Another value when the app changes: asked each time, never kept. */
  app: App;
  /** Connections of the app on this node. */
  connections = 0;
  /** Those of them that have yet to show who they are: they don't count towards the app's quota. */
  unauthorized = 0;
  readonly channels = new Map<string, Channel>();
  readonly users = new Map<string, UserShare>();
  readonly #topicPrefix: string;

  /**
   * @param index the app's number on this node: two apps' channels of one name are two topics. The first app's go by
   *   their names, of which none begins with a number and a colon: one text less per channel, where there is one app.
   */
  constructor(app: App, index: number) {
    this.app = app;
    this.#topicPrefix = index === 0 ? '' : `${index}:`;
  }

  /** Connections that count towards the app's limit. */
  get quotaUsed(): number {
    return this.connections - this.unauthorized;
  }

  /** The channel, made if this is its first holder, with one holder more. */
  hold(name: string, type: ChannelType = channelType(name)): Channel {
    let channel = this.channels.get(name);
    if (channel === undefined) {
      channel = new Channel(name, type, this.#topicPrefix + name);
      this.channels.set(name, channel);
    }
    channel.holders += 1;
    return channel;
  }

  /** One holder less. Returns true if it was the last: the channel is gone from this node. */
  release(channel: Channel): boolean {
    channel.holders -= 1;
    if (channel.holders > 0) return false;
    this.channels.delete(channel.name);
    return true;
  }

  /** Nobody is connected, and all that the last ones held has been let go. */
  get isEmpty(): boolean {
    return this.connections === 0 && this.channels.size === 0 && this.users.size === 0;
  }

  /**
   * Adds a connection to its user's.
   * @param signIn reports the user's first connection on this node; the others wait for its answer
   */
  addUser(userId: string, connection: Connection, signIn: () => Eventual<void>): Eventual<void> {
    const share = this.users.get(userId);
    if (share !== undefined) {
      share.connections.add(connection);
      return share.signedIn;
    }
    const made: UserShare = { connections: new Set([connection]), signedIn: undefined };
    this.users.set(userId, made);
    made.signedIn = signIn();
    return made.signedIn;
  }

  /** Returns true if it was the user's last connection on this node. */
  removeUser(userId: string, connection: Connection): boolean {
    const connections = this.users.get(userId)?.connections;
    if (connections === undefined || !connections.delete(connection) || connections.size > 0) return false;
    this.users.delete(userId);
    return true;
  }
}

export class Hub {
  readonly #apps = new Map<string, AppHub>();
  /** Apps that are gone, while connections of theirs still let go of what they held. */
  readonly #removed = new Set<AppHub>();
  readonly #connections = new Map<string, Connection>();
  #nextIndex = 0;

  get size(): number {
    return this.#connections.size;
  }

  /** The hub of an app, made at its first use; with the app's latest value from here on. */
  of(app: App): AppHub {
    let hub = this.#apps.get(app.id);
    if (hub === undefined) {
      hub = new AppHub(app, this.#nextIndex++);
      this.#apps.set(app.id, hub);
    }
    hub.app = app;
    this.#removed.delete(hub);
    return hub;
  }

  /**
   * The app is gone. Its hub stays until it is empty, because connections that end leave their channels through it, and
   * so that an app of the same id that comes meanwhile gets the same one.
   */
  forget(appId: string): void {
    const gone = this.#apps.get(appId);
    if (gone !== undefined) this.#removed.add(gone);
    for (const hub of this.#removed) {
      if (!hub.isEmpty) continue;
      this.#removed.delete(hub);
      this.#apps.delete(hub.app.id);
    }
  }

  /** The hub of an app that has been used on this node. */
  find(appId: string): AppHub | undefined {
    return this.#apps.get(appId);
  }

  /** Those of the apps there are, idle ones included. */
  *apps(): Iterable<AppHub> {
    for (const hub of this.#apps.values()) if (!this.#removed.has(hub)) yield hub;
  }

  connection(socketId: string): Connection | undefined {
    return this.#connections.get(socketId);
  }

  connections(): Iterable<Connection> {
    return this.#connections.values();
  }

  add(connection: Connection): void {
    this.#connections.set(connection.id, connection);
    connection.hub.connections += 1;
  }

  remove(connection: Connection): void {
    if (this.#connections.delete(connection.id)) connection.hub.connections -= 1;
  }
}
