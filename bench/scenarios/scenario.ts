/**
 * What a scenario is given and what it returns. It runs in the load generator's process and knows an address, an app's
 * credentials and a meter; never which server it talks to.
 */
import type { Address, AppCredentials } from '../app.ts';
import type { Cost, Meter } from '../measure.ts';

export interface Bench {
  readonly address: Address;
  /** The other nodes, for scenarios that ask for several. */
  readonly peers: readonly Address[];
  readonly app: AppCredentials;
  /** Port of 127.0.0.1 where the server's webhooks go, for scenarios that ask for them; nobody else listens there. */
  readonly webhookPort: number;
  readonly meter: Meter;
  /** True: everything tiny, to see that it works; the figures mean nothing. */
  readonly smoke: boolean;
  /** Requests under way per connection in a flood, 1 to `FLOOD_REQUESTS`; see `PublisherOptions.depth`. */
  readonly pipeline: number;
}

/** Requests under way in a flood, over all connections. */
const FLOOD_REQUESTS = 32;

/** Share of a core from which a server of one process counts as busy all the time. */
const SATURATED = 0.9;

/** One measured figure of one round. */
export interface Figure {
  /** What was done, e.g. "1 KB paced"; the same in every round and for every target. */
  readonly label: string;
  /** With its denominator: "µs/delivery". */
  readonly unit: string;
  readonly value: number;
  /** True when a ratio to the bare server means something. */
  readonly compared: boolean;
  /** Units of work that were checked one by one. */
  readonly checked: number;
  /** Share of one core the load generator used, 0–1; absent where CPU is not the measure. */
  readonly generatorLoad?: number;
  readonly note?: string;
}

export interface Scenario {
  readonly name: string;
  /** One line for --help. */
  readonly summary: string;
  /** True: every round gets a server that was just started, because what the last round left behind is in the figure. */
  readonly freshServer: boolean;
  /** Nodes of a cluster with a Redis between them; absent: one server by itself. */
  readonly nodes?: number;
  /** True: the server can be made to collect its garbage, for `Meter.retainedMemory`. */
  readonly collectable?: boolean;
  /** True: the server sends its webhooks to `Bench.webhookPort`. */
  readonly webhooks?: boolean;
  /** True: run only where it is named, since it takes long. */
  readonly byNameOnly?: boolean;
  /** Longest time of a round, in ms; absent: far more than any round should take. */
  readonly limitMs?: number;
  /** One round. Throws when a delivery was lost, doubled, out of order or wrong. */
  run(bench: Bench): Promise<Figure[]>;
}

/** Connections a flood uses, so that the requests under way are as many with and without pipelining. */
export function floodConnections({ pipeline }: Bench): number {
  return Math.max(1, Math.floor(FLOOD_REQUESTS / pipeline));
}

/**
 * How many were done in a second of wall time, and what kept it from being more. Only a server that was busy all the time
 * was the bottleneck; otherwise the load generator was, and the server could have done more.
 */
export function rateFigure(label: string, unit: string, cost: Cost, units: number): Figure {
  const generatorLoad = cost.generatorMicros / 1000 / cost.wallMs;
  const serverLoad = cost.serverMicros / 1000 / cost.wallMs;
  const bound = serverLoad >= SATURATED ? 'its bound' : 'could do more';
  return {
    label: `${label}, rate`,
    unit: `${plural(unit)}/s`,
    value: (units * 1000) / cost.wallMs,
    compared: true,
    checked: units,
    generatorLoad,
    note: `server at ${Math.round(serverLoad * 100)} % of a core: ${bound}`,
  };
}

/** The usual figure: server CPU time per unit of work. */
export function cpuFigure(label: string, unit: string, cost: Cost, units: number): Figure {
  return {
    label,
    unit: `µs/${unit}`,
    value: cost.serverMicros / units,
    compared: true,
    checked: units,
    generatorLoad: cost.generatorMicros / 1000 / cost.wallMs,
    note: `${Math.round((units * 1000) / cost.wallMs)} ${plural(unit)}/s`,
  };
}

function plural(unit: string): string {
  return unit.endsWith('y') ? `${unit.slice(0, -1)}ies` : `${unit}s`;
}
