/** Changing stored apps: what an operator may ask for, checked before anything is written. Knows no HTTP. */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { App, Credential } from './app.ts';
import { AppRefusal } from './app-refusal.ts';
import type { AppRegistry } from './app-registry.ts';
import type { AppStore } from './app-store.ts';
import { DoorNames, shownName } from './door-names.ts';
import {
  enabledOf,
  mergePatch,
  namesPair,
  refuseMasks,
  refuseOtherIdentity,
  type Settings,
  settingsOf,
} from './entry-parts.ts';
import type { NewIdentity } from './new-identity.ts';
import { type AppDraft, type AppReader, entryOf, type StoredApp, validPairs } from './stored-app.ts';

export interface AppAdministrationPorts {
  readonly store: AppStore;
  /** The configuration's apps: they are read-only, and what they have is taken. */
  readonly fixed: Pick<AppRegistry, 'byId' | 'byKey' | 'all'>;
  /** Brings this node up to date, so that whoever asked finds the change made here. Never rejects. */
  readonly refresh: () => Promise<void>;
  readonly read: AppReader;
  readonly identity: NewIdentity;
  readonly clock: Clock;
  /** Gets a line for each change, without secrets. */
  readonly audit: Logger;
}

/** Who asks, for the audit line, and what they believe the app's version to be; undefined takes any. */
export interface Asker {
  readonly address: string;
  readonly version: number | undefined;
}

/** A key pair that is new to the app, with its secret: it is told this once. */
export interface AppWithPair {
  readonly app: StoredApp;
  readonly pair: Credential;
}

/** Every method rejects with an `AppRefusal` when what is asked for can't be, and as the store does when it is away. */
export class AppAdministration {
  readonly #ports: AppAdministrationPorts;

  constructor(ports: AppAdministrationPorts) {
    this.#ports = ports;
  }

  /** A page of the stored apps in the byte order of their ids. */
  page(after: string, limit: number): Promise<readonly StoredApp[]> {
    return this.#ports.store.page(after, limit);
  }

  async find(id: string): Promise<StoredApp | undefined> {
    const [app] = await this.#ports.store.load([id]);
    return app;
  }

  /** Makes an app. An id and a key pair that are left out are made up. */
  async create(entry: Settings, asker: Asker): Promise<AppWithPair> {
    const { identity, clock } = this.#ports;
    const given = { id: identity.id(), ...entry };
    const { id, enabled, credentials } = this.#read(
      namesPair(given) ? given : { ...given, credentials: [identity.pair()] },
    );
    const now = clock.now();
    const app = await this.#change('created', id, asker, (current) => {
      if (current !== undefined) throw new AppRefusal('taken', `there is an app ${id} already`);
      const pairs = credentials.map((pair) => ({ ...pair, retiresAt: undefined }));
      const settings = settingsOf(entry);
      return { id, enabled, settings, credentials: pairs, createdAt: now, updatedAt: now };
    });
    return withPair(app, credentials.at(-1));
  }

  /** Merges `patch` into what was given before (RFC 7396): null takes a setting back to its default. */
  merge(id: string, patch: Settings, asker: Asker): Promise<StoredApp> {
    return this.#edit('updated', id, asker, (current) => {
      refuseOtherIdentity(patch, current);
      const enabled = enabledOf(patch, current.enabled);
      return { ...current, enabled, settings: mergePatch(current.settings, settingsOf(patch)) };
    });
  }

  /** Gives an app exactly these settings; id and key pairs stay. */
  replace(id: string, entry: Settings, asker: Asker): Promise<StoredApp> {
    return this.#edit('replaced', id, asker, (current) => {
      refuseOtherIdentity(entry, current);
      return { ...current, enabled: enabledOf(entry, true), settings: settingsOf(entry) };
    });
  }

  setEnabled(id: string, enabled: boolean, asker: Asker): Promise<StoredApp> {
    return this.#edit(enabled ? 'enabled' : 'disabled', id, asker, (current) => ({ ...current, enabled }));
  }

  /**
   * Adds a key pair, and sets an end to all others in `overlapSeconds`; 0 withdraws them at once.
   * @param given the new pair; undefined has one made up
   */
  async rotate(
    id: string,
    overlapSeconds: number,
    given: Credential | undefined,
    asker: Asker,
  ): Promise<AppWithPair> {
    const pair = given ?? this.#ports.identity.pair();
    const app = await this.#edit('rotated', id, asker, (current, now) => {
      if (current.credentials.some(({ key }) => key === pair.key)) {
        throw new AppRefusal(
          'taken',
          `the app has the key ${pair.key} already; a new secret needs a new key`,
        );
      }
      const end = now + overlapSeconds * 1000;
      const old = current.credentials.map((other) => ({
        ...other,
        retiresAt: Math.min(other.retiresAt ?? end, end),
      }));
      return { ...current, credentials: [...old, { ...pair, retiresAt: undefined }] };
    });
    return withPair(app, pair);
  }

  /** Withdraws one key pair at once. */
  withdraw(id: string, key: string, asker: Asker): Promise<StoredApp> {
    return this.#edit('key withdrawn', id, asker, (current) => {
      const credentials = current.credentials.filter((pair) => pair.key !== key);
      if (credentials.length === current.credentials.length) {
        throw new AppRefusal('unknown', `the app has no key ${key}`);
      }
      if (!credentials.some(({ retiresAt }) => retiresAt === undefined)) {
        throw new AppRefusal('last', `${key} is the only key without an end; rotate first`);
      }
      return { ...current, credentials };
    });
  }

  async remove(id: string, asker: Asker): Promise<void> {
    await this.#change('deleted', id, asker, (current) => {
      existing(current, id, asker);
      return undefined;
    });
  }

  /** What keeps nodes from using an app; empty when nothing does. */
  problemsOf(app: AppDraft): readonly string[] {
    const read = this.#ports.read(entryOf(app, this.#ports.clock.now()));
    return 'id' in read ? this.#taken(read) : read;
  }

  async #edit(
    action: string,
    id: string,
    asker: Asker,
    edit: (current: StoredApp, now: number) => AppDraft,
  ): Promise<StoredApp> {
    const app = await this.#change(action, id, asker, (current) => {
      const now = this.#ports.clock.now();
      const before = existing(current, id, asker);
      const draft = edit({ ...before, credentials: validPairs(before, now) }, now);
      return { ...draft, credentials: validPairs(draft, now), updatedAt: now };
    });
    if (app === undefined) throw new Error('a change deleted an app');
    return app;
  }

  async #change(
    action: string,
    appId: string,
    { address }: Asker,
    edit: (current: StoredApp | undefined) => AppDraft | undefined,
  ): Promise<StoredApp | undefined> {
    const { store, fixed, refresh, audit, clock } = this.#ports;
    if (fixed.byId(appId) !== undefined) {
      throw new AppRefusal(
        'fixed',
        `app ${appId} is listed in the configuration, and can be changed there only`,
      );
    }
    const app = await store.change(appId, (current) => {
      const draft = edit(current);
      if (draft !== undefined) {
        refuseMasks(draft.settings);
        const taken = this.#taken(this.#read(entryOf(draft, clock.now())));
        if (taken.length > 0) throw new AppRefusal('taken', ...taken);
      }
      return draft;
    });
    const keys = app?.credentials.map(({ key }) => key);
    audit.info({ appId, action, version: app?.version, keys, address }, 'app changed');
    await refresh();
    return app;
  }

  #read(entry: Settings): App {
    const read = this.#ports.read(entry);
    if ('id' in read) return read;
    throw new AppRefusal('invalid', ...read);
  }

  /** What of an app is taken by the configuration's, a sentence each. */
  #taken(app: App): string[] {
    const { fixed } = this.#ports;
    const keys = app.credentials.filter(({ key }) => fixed.byKey(key) !== undefined);
    return [
      ...keys.map(({ key }) => `key ${key}`),
      ...new DoorNames(fixed.all()).takenOf(app).map(shownName),
    ].map((what) => `the ${what} belongs to an app of the configuration`);
  }
}

function existing(current: StoredApp | undefined, id: string, { version }: Asker): StoredApp {
  if (current === undefined) throw new AppRefusal('unknown', `there is no app ${id}`);
  if (version !== undefined && version !== current.version) {
    throw new AppRefusal('stale', `the app has version ${current.version} by now, not ${version}`);
  }
  return current;
}

function withPair(app: StoredApp | undefined, pair: Credential | undefined): AppWithPair {
  if (app === undefined || pair === undefined) throw new Error('an app without a key pair was stored');
  return { app, pair };
}
