/** A client that believes what it is told: its view of who is where is made of frames alone. */
import { WebSocket } from 'ws';
import { channelAuth, userAuth } from '../../support/auth.ts';
import type { ClusterNode } from '../../support/cluster.ts';
import { DEFAULT_APP } from '../../support/server.ts';
import type { History, Stay } from './history.ts';

/** What the client knows of a channel it has joined. */
export interface View {
  readonly stay: Stay;
  /** Of a presence channel. */
  readonly roster: Set<string> | undefined;
  /** The last count it was told. */
  count: number | undefined;
}

type State = 'connecting' | 'open' | 'closed';

interface Frame {
  readonly event: string;
  readonly channel?: string;
  readonly data?: string;
}

export class ChaosClient {
  readonly name: string;
  readonly user: string;
  readonly node: number;
  state: State = 'connecting';
  readonly views = new Map<string, View>();
  /** Channels it has asked for, and those it has left without knowing yet whether it was in. */
  readonly pending = new Set<string>();
  signedIn = false;
  /** Users it watches, and whether they are online. */
  readonly watched = new Map<string, boolean>();
  readonly #socket: WebSocket;
  readonly #history: History;
  readonly #clientEvents = new Set<string>();
  #socketId = '';

  constructor(name: string, user: string, node: number, at: ClusterNode, history: History) {
    this.name = name;
    this.user = user;
    this.node = node;
    this.#history = history;
    this.#socket = new WebSocket(at.wsUrl(), { perMessageDeflate: false });
    this.#socket.on('message', (data) => this.#received(JSON.parse(data.toString())));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#ended());
  }

  subscribe(channel: string): void {
    if (this.state !== 'open' || this.views.has(channel) || this.pending.has(channel)) return;
    this.pending.add(channel);
    const data = JSON.stringify({ user_id: this.user, user_info: { of: this.name } });
    const presence = channel.startsWith('presence-') ? data : undefined;
    const auth = channel.includes('-')
      ? channelAuth(DEFAULT_APP, this.#socketId, channel, presence)
      : undefined;
    this.#send('pusher:subscribe', { channel, auth, channel_data: presence });
  }

  unsubscribe(channel: string): void {
    if (this.state !== 'open' || !this.views.has(channel)) return;
    this.#left(channel);
    this.#send('pusher:unsubscribe', { channel });
  }

  signIn(watchlist: readonly string[]): void {
    if (this.state !== 'open' || this.signedIn) return;
    this.signedIn = true;
    for (const user of watchlist) this.watched.set(user, false);
    const data = JSON.stringify({ id: this.user, watchlist });
    this.#send('pusher:signin', { auth: userAuth(DEFAULT_APP, this.#socketId, data), user_data: data });
  }

  say(channel: string, id: string): void {
    if (this.state !== 'open' || !this.views.has(channel)) return;
    this.#socket.send(JSON.stringify({ event: 'client-said', channel, data: id }));
  }

  /** Goes, politely or not. */
  leave(politely: boolean): void {
    if (politely && this.state === 'open') this.#socket.close(1000);
    else this.#socket.terminate();
    this.#ended();
  }

  #received({ event, channel = '', data = '{}' }: Frame): void {
    if (this.state === 'closed') return;
    const view = this.views.get(channel);
    switch (event) {
      case 'pusher:connection_established':
        this.#socketId = JSON.parse(data).socket_id;
        this.state = 'open';
        break;
      case 'pusher_internal:subscription_succeeded':
        this.#joined(channel, data);
        break;
      case 'pusher:subscription_error':
        this.pending.delete(channel);
        break;
      case 'pusher_internal:member_added':
        this.#member(view, JSON.parse(data).user_id, true);
        break;
      case 'pusher_internal:member_removed':
        this.#member(view, JSON.parse(data).user_id, false);
        break;
      case 'pusher_internal:subscription_count':
        if (view !== undefined) view.count = JSON.parse(data).subscription_count;
        break;
      case 'pusher_internal:watchlist_events':
        for (const { name, user_ids } of JSON.parse(data).events) {
          for (const user of user_ids) this.watched.set(user, name === 'online');
        }
        break;
      case 'published':
        view?.stay.heard.push(data);
        break;
      case 'client-said':
        if (this.#clientEvents.has(data)) this.#breach(`heard the client event ${data} twice`);
        this.#clientEvents.add(data);
        break;
    }
  }

  #joined(channel: string, data: string): void {
    this.pending.delete(channel);
    const { name: client, node } = this;
    const stay: Stay = { client, channel, node, from: Date.now(), to: undefined, heard: [] };
    this.#history.stays.push(stay);
    const ids: string[] | undefined = JSON.parse(data).presence?.ids;
    if (ids !== undefined && !ids.includes(this.user)) {
      this.#history.absences.push(
        `${this.name} (${this.user}, node ${node}) was let into ${channel} without itself`,
      );
    }
    this.views.set(channel, { stay, roster: ids && new Set(ids), count: undefined });
  }

  #member(view: View | undefined, user: string, added: boolean): void {
    if (view?.roster === undefined) return;
    const { channel } = view.stay;
    if (view.roster.has(user) === added)
      this.#breach(`was told twice that ${user} ${added ? 'joined' : 'left'} ${channel}`);
    if (added) view.roster.add(user);
    else view.roster.delete(user);
  }

  #left(channel: string): void {
    const view = this.views.get(channel);
    if (view === undefined) return;
    view.stay.to = Date.now();
    this.views.delete(channel);
  }

  #ended(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.pending.clear();
    for (const channel of [...this.views.keys()]) this.#left(channel);
  }

  #breach(what: string): void {
    this.#history.breaches.push(`${this.name} (${this.user}, node ${this.node}) ${what}`);
  }

  #send(event: string, data: object): void {
    this.#socket.send(JSON.stringify({ event, data }));
  }
}
