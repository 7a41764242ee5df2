/** Clients that come and go, and an application that publishes, all by chance. */
import { trigger } from '../../support/api.ts';
import type { ClusterNode } from '../../support/cluster.ts';
import type { SeededChance } from './chance.ts';
import { ChaosClient } from './chaos-client.ts';
import type { History } from './history.ts';
import type { Troubles } from './troubles.ts';

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`);

export const PRESENCE = names('presence-c', 6);
const CHANNELS = [...PRESENCE, ...names('open', 6), ...names('private-p', 4)];
const USERS = names('u', 30);

/** How often each thing is done. */
const WEIGHTS = {
  come: 4,
  go: 2,
  cut: 1,
  subscribe: 12,
  unsubscribe: 4,
  signIn: 2,
  publish: 10,
  say: 3,
} as const;
/** Milliseconds between two deeds. */
const BEAT_MS = 10;

export interface CrowdPorts {
  readonly nodes: readonly ClusterNode[];
  readonly troubles: Troubles;
  readonly chance: SeededChance;
  readonly history: History;
}

export class Crowd {
  readonly #size: number;
  readonly #ports: CrowdPorts;
  readonly #publishing = new Set<Promise<void>>();
  #clients: ChaosClient[] = [];
  #number = 0;

  constructor(size: number, ports: CrowdPorts) {
    this.#size = size;
    this.#ports = ports;
  }

  get clients(): readonly ChaosClient[] {
    return this.#clients.filter(({ state }) => state !== 'closed');
  }

  /** Does things until then; done when every request has been answered, or never will be. */
  async until(end: number): Promise<void> {
    while (Date.now() < end) {
      for (let deeds = 0; deeds < 2; deeds += 1) this.#act();
      await new Promise((resolve) => setTimeout(resolve, BEAT_MS));
    }
    await Promise.all(this.#publishing);
  }

  leave(): void {
    for (const client of this.#clients) client.leave(false);
  }

  #act(): void {
    const { chance } = this.#ports;
    this.#clients = [...this.clients];
    const deed = chance.weighted(WEIGHTS);
    const client = chance.pick(this.#clients);
    const channel = chance.pick(CHANNELS) as string;
    switch (deed) {
      case 'come':
        if (this.#clients.length < this.#size) this.#come();
        break;
      case 'go':
      case 'cut':
        if (this.#clients.length > this.#size / 2) client?.leave(deed === 'go');
        break;
      case 'subscribe':
        client?.subscribe(channel);
        break;
      case 'unsubscribe':
        client?.unsubscribe(channel);
        break;
      case 'signIn':
        client?.signIn([0, 1, 2].map(() => chance.pick(USERS) as string));
        break;
      case 'publish':
        this.#publish(channel);
        break;
      case 'say':
        this.#number += 1;
        if (channel.startsWith('p')) client?.say(channel, `s${this.#number}`);
        break;
    }
  }

  #come(): void {
    const { nodes, troubles, chance, history } = this.#ports;
    const place = chance.pick(troubles.answering());
    const user = chance.pick(USERS) as string;
    const node = place === undefined ? undefined : nodes[place];
    if (node === undefined || place === undefined) return;
    this.#number += 1;
    this.#clients.push(new ChaosClient(`c${this.#number}`, user, place, node, history));
  }

  #publish(channel: string): void {
    const { nodes, troubles, chance, history } = this.#ports;
    const node = nodes[chance.pick(troubles.answering()) ?? -1];
    if (node === undefined) return;
    this.#number += 1;
    const publication = {
      id: `m${this.#number}`,
      channel,
      sentAt: Date.now(),
      takenAt: undefined as number | undefined,
    };
    history.publications.push(publication);
    const done = trigger(node, channel, 'published', publication.id).then(
      ({ status }) => {
        if (status === 200) publication.takenAt = Date.now();
        else if (status !== 503) history.breaches.push(`an event was answered with ${status}`);
      },
      () => undefined,
    );
    this.#publishing.add(done);
    void done.finally(() => this.#publishing.delete(done));
  }
}
