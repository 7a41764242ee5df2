/**
 * A deployment of the cost model, small enough for this machine, run for real: nodes and a Redis as processes of their
 * own, clients spread over the nodes, publishes and visits at the rates the deployment names. Every delivery of
 * what is published is checked.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BENCH_APP } from '../app.ts';
import { closeCrowd, each, openCrowd } from '../client/crowd.ts';
import { Feed, Receiver } from '../client/delivery-check.ts';
import { textFrame } from '../client/frames.ts';
import { paced } from '../client/pace.ts';
import { payload } from '../client/payload.ts';
import { Publisher } from '../client/publisher.ts';
import { channelAuth, triggerRequest } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import type { WsClient } from '../client/ws-client.ts';
import { Meter } from '../measure.ts';
import { carillonTarget } from '../targets/carillon.ts';
import type { RunningTarget, Server } from '../targets/target.ts';
import type { ChannelClass, Deployment } from './deployment.ts';

/** CPU time that was used, in shares of a core. */
export interface LiveLoad {
  /** Of each node. */
  readonly nodes: readonly number[];
  readonly redis: number;
}

/** HTTP connections to each node. */
const LANES = 4;
/** How long a visitor stays, in visits of its class. */
const STAY = 5;

export interface Cluster {
  readonly nodes: readonly Server[];
  readonly meter: Meter;
  stop(): Promise<void>;
}

export async function startCluster(nodes: number): Promise<Cluster> {
  const target: RunningTarget = await carillonTarget({}).start(nodes);
  const beside = [...target.peers.map(({ pid }) => pid), target.redisPid ?? 0];
  return {
    nodes: [target, ...target.peers],
    meter: new Meter(target.pid, beside),
    stop: () => target.stop(),
  };
}

/** Carries the load for some seconds on a cluster of as many nodes as the deployment has. */
export async function runLive(cluster: Cluster, deployment: Deployment, seconds: number): Promise<LiveLoad> {
  const crowd = new Crowd(cluster);
  for (const [number, one] of deployment.classes.entries())
    await crowd.settle(`class${number}`, one, seconds);
  // What the handshakes left to be done.
  await sleep(1000);
  const cost = await cluster.meter.measure(() => crowd.run(seconds));
  await crowd.leave();
  const shares = cost.eachMicros.map((micros) => micros / 1000 / cost.wallMs);
  const nodes = cluster.nodes.length;
  return { nodes: shares.slice(0, nodes), redis: shares[nodes] ?? 0 };
}

/** The clients and publishers of one run. */
class Crowd {
  readonly #nodes: readonly Server[];
  readonly #clients: WsClient[] = [];
  readonly #visitors: WsClient[] = [];
  readonly #work: Array<(seconds: number) => Promise<void>> = [];
  readonly #sockets = new Tally();
  #users = 0;

  constructor({ nodes }: Cluster) {
    this.#nodes = nodes;
  }

  async settle(name: string, one: ChannelClass, seconds: number): Promise<void> {
    const channels = Array.from(
      { length: one.channels },
      (_, c) => `${one.presence ? 'presence-' : ''}${name}-${c}`,
    );
    const tally = new Tally();
    const seats = channels.flatMap((channel, c) =>
      Array.from({ length: one.subscribers }, (_, s) => ({ channel, node: (c + s) % this.#nodes.length })),
    );
    const streams = this.#nodes.length * LANES;
    for (const [number, node] of this.#nodes.entries()) {
      const here = seats.filter((seat) => seat.node === number);
      const clients = await this.#open(node, here.length);
      await each(clients, 'subscriptions', (client, i) => this.#enter(client, here[i]?.channel ?? ''));
      for (const [i, client] of clients.entries()) {
        client.receiver = new Receiver(new Feed('tick', here[i]?.channel ?? '', one.bytes), tally, streams);
      }
      this.#clients.push(...clients);
    }
    if (one.publishesPerSecond > 0) await this.#settlePublishers(channels, one, tally, seconds);
    if (one.joinsPerSecond > 0) await this.#settleVisitors(channels, one);
  }

  async run(seconds: number): Promise<void> {
    await Promise.all([sleep(seconds * 1000), ...this.#work.map((work) => work(seconds))]);
    this.#sockets.check();
  }

  async leave(): Promise<void> {
    for (const client of [...this.#clients, ...this.#visitors]) client.receiver = undefined;
    await closeCrowd([...this.#clients, ...this.#visitors]);
    this.#sockets.check();
  }

  async #settlePublishers(
    channels: readonly string[],
    one: ChannelClass,
    tally: Tally,
    seconds: number,
  ): Promise<void> {
    const perSecond = one.channels * one.publishesPerSecond;
    const count = Math.round(perSecond * seconds);
    const nodes = this.#nodes.length;
    // A channel keeps to one lane of one node, so that its events keep their order.
    const laneOf = (channel: number): number => channel % (nodes * LANES);
    const requests = this.#nodes.map(() => Array.from({ length: LANES }, (): Buffer[] => []));
    for (let p = 0; p < count; p += 1) {
      const channel = p % channels.length;
      const lane = laneOf(channel);
      const data = payload(lane, Math.floor(p / channels.length), one.bytes);
      requests[lane % nodes]?.[Math.floor(lane / nodes)]?.push(
        triggerRequest(BENCH_APP, 'tick', channels[channel] ?? '', data),
      );
    }
    const publishers = this.#nodes.map(
      ({ address }, n) =>
        new Publisher({
          address,
          lanes: requests[n] ?? [],
          depth: 1,
          onFailure: (error) => tally.fail(error),
        }),
    );
    this.#work.push(async () => {
      await paced(count, perSecond, (p) => {
        const lane = laneOf(p % channels.length);
        publishers[lane % nodes]?.release(Math.floor(lane / nodes));
      });
      await Promise.all(publishers.map((publisher) => publisher.answered()));
      await tally.until(count * one.subscribers);
      for (const publisher of publishers) publisher.close();
    });
    await Promise.all(publishers.map((publisher) => publisher.connect()));
  }

  /** Visitors come to a channel and go again; its members hear of both where it is a presence channel. */
  async #settleVisitors(channels: readonly string[], one: ChannelClass): Promise<void> {
    const perSecond = one.channels * one.joinsPerSecond;
    const visitors: WsClient[] = [];
    for (const node of this.#nodes) visitors.push(...(await this.#open(node, Math.max(2 * STAY, LANES))));
    this.#visitors.push(...visitors);
    this.#work.push(async (seconds) => {
      const visits = Math.round(perSecond * seconds);
      const entered: Promise<unknown>[] = [];
      const left = (v: number): void => {
        visitors[v % visitors.length]?.send(
          textFrame(
            JSON.stringify({ event: 'pusher:unsubscribe', data: { channel: channels[v % channels.length] } }),
          ),
        );
      };
      await paced(visits, perSecond, (v) => {
        const visitor = visitors[v % visitors.length];
        if (visitor !== undefined) entered.push(this.#enter(visitor, channels[v % channels.length] ?? ''));
        if (v >= STAY) left(v - STAY);
      });
      await Promise.all(entered);
      for (let v = Math.max(0, visits - STAY); v < visits; v += 1) left(v);
    });
  }

  async #open({ address }: Server, count: number): Promise<WsClient[]> {
    const clients = await openCrowd({ address, appKey: BENCH_APP.key, tally: this.#sockets }, count);
    // Members hear of each other; how many hear of what depends on who stays for how long.
    for (const client of clients) client.onServerEvent = () => undefined;
    return clients;
  }

  #enter(client: WsClient, channel: string): Promise<string> {
    if (!channel.startsWith('presence-')) return client.subscribe(channel);
    this.#users += 1;
    const data = JSON.stringify({ user_id: `user-${this.#users}`, user_info: { name: 'Somebody' } });
    return client.subscribe(channel, channelAuth(BENCH_APP, client.socketId, channel, data), data);
  }
}
