/**
 * The apps of the configuration and those of a store, answered from memory. It looks for changes by itself, twice a
 * second, and at once when told to. While the store is away, the apps known last go on. See the port.
 */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { App } from './app.ts';
import { AppIndex } from './app-index.ts';
import type { AppChange, AppChanges, AppKey, AppListener, AppRegistry } from './app-registry.ts';
import type { AppStore } from './app-store.ts';
import { DoorNames, shownName } from './door-names.ts';
import { type AppReader, entryOf, type StoredApp } from './stored-app.ts';

export interface CachedAppRegistryPorts {
  readonly store: AppStore;
  readonly read: AppReader;
  readonly clock: Clock;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

/** Twice within the second in which every node is to have seen a change, whether or not it was told. */
const LOOK_MS = 500;

export class CachedAppRegistry implements AppRegistry {
  readonly #ports: CachedAppRegistryPorts;
  readonly #fixed: AppIndex;
  readonly #fixedNames: DoorNames;
  readonly #index: AppIndex;
  /** What the store had last, those that can't be used included. */
  readonly #stored = new Map<string, StoredApp>();
  readonly #listeners: AppListener[] = [];
  #revision = -1;
  /** The next time at which a key pair's validity ends. */
  #nextRetirement = Number.POSITIVE_INFINITY;
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  #away = false;
  #stopLooking: () => void = () => undefined;

  /** @param fixed the configuration's apps: they are always there, and no stored app gets the better of them */
  constructor(fixed: readonly App[], ports: CachedAppRegistryPorts) {
    this.#fixed = new AppIndex(fixed);
    this.#fixedNames = new DoorNames(fixed);
    this.#index = new AppIndex(fixed);
    this.#ports = ports;
  }

  /** Reads the store for the first time, and goes on looking. Rejects when the store can't be read. */
  async start(): Promise<void> {
    await this.refresh();
    this.#stopLooking = this.#ports.clock.every(LOOK_MS, () => this.#look());
  }

  /** Looks no more; done when nothing is being read any more. */
  async stop(): Promise<void> {
    this.#stopLooking();
    await (this.#queued ?? this.#running)?.catch(() => undefined);
  }

  byId(id: string): App | undefined {
    return this.#index.byId(id);
  }

  byKey(key: string): AppKey | undefined {
    return this.#index.byKey(key);
  }

  all(): Iterable<App> {
    return this.#index.all();
  }

  onChange(listener: AppListener): void {
    this.#listeners.push(listener);
  }

  /** Done when every change is seen that the store had at the call. Rejects when the store can't be read. */
  refresh(): Promise<void> {
    if (this.#running === undefined) return this.#run();
    // The run under way may have read before the change: another one follows, for all who ask meanwhile.
    this.#queued ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#queued = undefined;
        return this.#run();
      });
    return this.#queued;
  }

  /** The same, for whoever can't wait: a failure is logged, and made up for by the next look. */
  async hurry(): Promise<void> {
    const { log, logger } = this.#ports;
    try {
      await this.refresh();
      if (this.#away) logger.info({}, 'apps are read from the database again');
      this.#away = false;
    } catch (err) {
      this.#away = true;
      log.warn('', { err }, 'apps not read from the database: those known last go on');
    }
  }

  #look(): void {
    this.#retire();
    if (this.#running === undefined) this.hurry();
  }

  async #run(): Promise<void> {
    const run = this.#update();
    this.#running = run;
    try {
      await run;
    } finally {
      this.#running = undefined;
    }
  }

  async #update(): Promise<void> {
    const { store } = this.#ports;
    const revision = await store.revision();
    if (revision === this.#revision) return;
    const versions = await store.versions();
    const stale = [...versions].filter(([id, version]) => this.#stored.get(id)?.version !== version);
    const loaded = await store.load(stale.map(([id]) => id));
    const gone = [...this.#stored.keys()].filter((id) => !versions.has(id));
    for (const id of gone) this.#stored.delete(id);
    for (const app of loaded) this.#stored.set(app.id, app);
    this.#revision = revision;
    this.#apply([...gone, ...loaded.map(({ id }) => id)]);
  }

  /** Rebuilds the apps whose key pairs have come to their end. */
  #retire(): void {
    if (this.#ports.clock.now() < this.#nextRetirement) return;
    const known = [...this.#stored.values()];
    this.#apply(known.filter(({ credentials }) => credentials.some(ends)).map(({ id }) => id));
  }

  /** Makes the index hold what is stored under these ids, and tells how it differs. */
  #apply(ids: readonly string[]): void {
    const added: App[] = [];
    const changed: AppChange[] = [];
    const removed: App[] = [];
    for (const id of ids) {
      if (this.#fixed.byId(id) !== undefined) {
        this.#unusable(id, ['has the id of an app of the configuration']);
        continue;
      }
      const before = this.#index.byId(id);
      const after = this.#appOf(id);
      if (after !== undefined) this.#index.put(after);
      else this.#index.remove(id);
      if (before === undefined && after !== undefined) added.push(after);
      else if (before !== undefined && after === undefined) removed.push(before);
      else if (before !== undefined && after !== undefined) changed.push({ before, after });
    }
    this.#scheduleRetirement();
    if (added.length + changed.length + removed.length > 0) this.#tell({ added, changed, removed });
  }

  /** Undefined if it is not stored, or of no use. */
  #appOf(id: string): App | undefined {
    const stored = this.#stored.get(id);
    if (stored === undefined) return undefined;
    const app = this.#ports.read(entryOf(stored, this.#ports.clock.now()));
    const problems = 'id' in app ? this.#takenProblems(app) : app;
    if (problems.length > 0) this.#unusable(id, problems);
    return 'id' in app && problems.length === 0 ? app : undefined;
  }

  #takenProblems(app: App): string[] {
    const keys = app.credentials.filter(({ key }) => this.#fixed.byKey(key) !== undefined);
    return [...keys.map(({ key }) => `key ${key}`), ...this.#fixedNames.takenOf(app).map(shownName)].map(
      (what) => `has the ${what}, which an app of the configuration has`,
    );
  }

  #unusable(appId: string, problems: readonly string[]): void {
    this.#ports.logger.error({ appId, problems }, 'stored app left out');
  }

  #scheduleRetirement(): void {
    const now = this.#ports.clock.now();
    this.#nextRetirement = Number.POSITIVE_INFINITY;
    for (const { credentials } of this.#stored.values()) {
      for (const { retiresAt } of credentials) {
        if (retiresAt !== undefined && retiresAt > now && retiresAt < this.#nextRetirement) {
          this.#nextRetirement = retiresAt;
        }
      }
    }
  }

  #tell(changes: AppChanges): void {
    for (const listener of this.#listeners) {
      try {
        listener(changes);
      } catch (err) {
        this.#ports.logger.error({ err }, 'a change of apps was not followed');
      }
    }
  }
}

const ends = ({ retiresAt }: StoredApp['credentials'][number]): boolean => retiresAt !== undefined;
