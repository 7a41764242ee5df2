/** What befalls nodes and Redis in a run: one trouble after the other, chosen by chance, never all nodes at once. */
import type { ClusterNode } from '../../support/cluster.ts';
import type { SeededChance } from './chance.ts';
import type { History } from './history.ts';
import type { ChaosStore } from './stores.ts';

const WEIGHTS = { kill: 4, pause: 4, cut: 4, stall: 2, terminate: 2, redis: 1 };
/** A Cluster is reached by addresses of its own, so nodes have no line to it that could be cut. */
const CLUSTER_WEIGHTS = { ...WEIGHTS, cut: 0, stall: 0, redis: 4 };

type Trouble = keyof typeof WEIGHTS;

export interface TroubleSettings {
  /** Nodes that may be in trouble at once. */
  readonly atOnce: number;
  /** Milliseconds from one trouble to the next, at most. */
  readonly apartMs: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Troubles {
  readonly #nodes: readonly ClusterNode[];
  readonly #store: ChaosStore;
  readonly #chance: SeededChance;
  readonly #history: History;
  readonly #settings: TroubleSettings;
  readonly #under = new Map<number, Promise<void>>();
  /** Nodes that don't answer: killed, or asleep. */
  readonly #silent = new Set<number>();
  #storeIsWell = true;
  /** How many of each there were. */
  readonly counts = new Map<string, number>();

  constructor(
    nodes: readonly ClusterNode[],
    store: ChaosStore,
    chance: SeededChance,
    history: History,
    settings: TroubleSettings,
  ) {
    this.#nodes = nodes;
    this.#store = store;
    this.#chance = chance;
    this.#history = history;
    this.#settings = settings;
  }

  /** Places of the nodes that take connections. */
  answering(): readonly number[] {
    return [...this.#nodes.keys()].filter((node) => !this.#silent.has(node));
  }

  /** Makes trouble until then; done when all of it is over. */
  async until(end: number): Promise<void> {
    while (Date.now() < end) {
      await pause(this.#chance.between(200, this.#settings.apartMs));
      const well = [...this.#nodes.keys()].filter((node) => !this.#under.has(node));
      const node = this.#chance.pick(well);
      const trouble = this.#chance.weighted('url' in this.#store.address ? CLUSTER_WEIGHTS : WEIGHTS);
      const ms = this.#chance.between(100, 7000);
      if (node === undefined || this.#under.size >= this.#settings.atOnce) continue;
      if (trouble === 'redis' && !this.#storeIsWell) continue;
      this.counts.set(trouble, (this.counts.get(trouble) ?? 0) + 1);
      this.#under.set(
        node,
        this.#make(trouble, node, ms).finally(() => this.#under.delete(node)),
      );
    }
    await Promise.all(this.#under.values());
  }

  async #make(trouble: Trouble, place: number, ms: number): Promise<void> {
    const node = this.#nodes[place] as ClusterNode;
    const over = this.#history.disturbed(trouble === 'redis' ? undefined : place, trouble);
    switch (trouble) {
      case 'kill':
        this.#silent.add(place);
        await node.kill();
        await pause(ms);
        await node.restart();
        this.#silent.delete(place);
        break;
      case 'terminate':
        this.#silent.add(place);
        if ((await node.terminate()) !== 0)
          this.#history.breaches.push(`node ${place} did not stop in good order`);
        await pause(ms / 4);
        await node.restart();
        this.#silent.delete(place);
        break;
      case 'pause':
        this.#silent.add(place);
        node.pause();
        await pause(ms);
        node.wake();
        this.#silent.delete(place);
        break;
      case 'cut':
        node.cutOff();
        await pause(ms);
        node.reconnect();
        break;
      case 'stall':
        node.line?.stall();
        await pause(ms);
        node.reconnect();
        break;
      case 'redis':
        this.#storeIsWell = false;
        await this.#store.trouble(this.#chance, ms);
        this.#storeIsWell = true;
        break;
    }
    over();
  }
}
