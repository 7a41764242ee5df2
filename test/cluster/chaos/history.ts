/** What happened in a run, as seen from outside, and the rules that it has to keep. */

/** An event sent by the HTTP API. */
export interface Publication {
  readonly id: string;
  readonly channel: string;
  readonly sentAt: number;
  /** When it was answered with 200; undefined if it wasn't. */
  takenAt: number | undefined;
}

/** From a client's success to its leave or its end. */
export interface Stay {
  readonly client: string;
  readonly channel: string;
  /** The node's place in the cluster. */
  readonly node: number;
  readonly from: number;
  to: number | undefined;
  /** Ids of the publications that came, in order. */
  readonly heard: string[];
}

/** A time in which a node, or Redis, was not itself. */
interface Disturbance {
  /** Undefined: of all nodes. */
  readonly node: number | undefined;
  readonly what: string;
  readonly from: number;
  to: number | undefined;
}

/** A delivery takes no longer than this, even on a busy machine; a node that is back needs no longer to follow again. */
const MARGIN_MS = 5000;

export class History {
  readonly publications: Publication[] = [];
  readonly stays: Stay[] = [];
  /** Things that must never happen, as clients noticed them. */
  readonly breaches: string[] = [];
  /** Rosters that lacked the one they were given to. Known to happen, rarely, and to heal: long runs fail for it. */
  readonly absences: string[] = [];
  readonly #disturbances: Disturbance[] = [];

  disturbed(node: number | undefined, what: string): () => void {
    const one: Disturbance = { node, what, from: Date.now(), to: undefined };
    this.#disturbances.push(one);
    return () => {
      one.to = Date.now();
    };
  }

  /** Everything that was wrong with the messages. */
  faults(): string[] {
    return [...this.breaches, ...this.#repeated(), ...this.#contradictions(), ...this.#missing()];
  }

  /** How many deliveries the rule about loss was applied to, in the last look. */
  promised = 0;

  describe(): string {
    const start = this.#disturbances[0]?.from ?? 0;
    return this.#disturbances
      .map(
        ({ node, what, from, to }) =>
          `${what} ${node ?? 'Redis'} at ${from - start}..${(to ?? 0) - start} ms`,
      )
      .join('\n');
  }

  #repeated(): string[] {
    return this.stays.flatMap(({ client, channel, heard }) => {
      const twice = heard.filter((id, at) => heard.indexOf(id) !== at);
      return twice.map((id) => `${client} heard ${id} of ${channel} twice`);
    });
  }

  /** All subscribers hear a channel in one order: what each heard after what makes no circle. */
  #contradictions(): string[] {
    const faults: string[] = [];
    for (const channel of new Set(this.stays.map((stay) => stay.channel))) {
      const after = new Map<string, Set<string>>();
      const before = new Map<string, number>();
      for (const { heard } of this.stays.filter((stay) => stay.channel === channel)) {
        for (const [at, id] of heard.entries()) {
          if (!before.has(id)) before.set(id, 0);
          const earlier = heard[at - 1];
          if (earlier === undefined) continue;
          const followers = after.get(earlier) ?? new Set();
          after.set(earlier, followers);
          if (followers.has(id)) continue;
          followers.add(id);
          before.set(id, (before.get(id) ?? 0) + 1);
        }
      }
      const free = [...before].filter(([, count]) => count === 0).map(([id]) => id);
      let sorted = 0;
      for (let id = free.pop(); id !== undefined; id = free.pop()) {
        sorted += 1;
        for (const later of after.get(id) ?? []) {
          const left = (before.get(later) ?? 0) - 1;
          before.set(later, left);
          if (left === 0) free.push(later);
        }
      }
      if (sorted < before.size) faults.push(`subscribers of ${channel} heard different orders`);
    }
    return faults;
  }

  /** What was taken with 200 reaches everybody who was there before, on a node that was itself all the time. */
  #missing(): string[] {
    const faults: string[] = [];
    this.promised = 0;
    for (const { id, channel, sentAt, takenAt } of this.publications) {
      if (takenAt === undefined) continue;
      for (const stay of this.stays) {
        if (stay.channel !== channel || stay.from > sentAt) continue;
        if ((stay.to ?? Number.POSITIVE_INFINITY) < takenAt + MARGIN_MS) continue;
        if (this.#wasDisturbed(stay.node, sentAt, takenAt)) continue;
        this.promised += 1;
        if (!stay.heard.includes(id))
          faults.push(`${stay.client} on ${stay.node} never heard ${id} of ${channel}`);
      }
    }
    return faults;
  }

  #wasDisturbed(node: number, from: number, to: number): boolean {
    return this.#disturbances.some(
      (one) =>
        (one.node === undefined || one.node === node) &&
        one.from < to + MARGIN_MS &&
        (one.to ?? Number.POSITIVE_INFINITY) + MARGIN_MS > from,
    );
  }
}
