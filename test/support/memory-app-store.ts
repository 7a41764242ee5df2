/** An app store in memory that can be taken away, for tests of what is built on one. */
import type { AppEdit, AppStore } from '../../server/apps/app-store.ts';
import type { StoredApp } from '../../server/apps/stored-app.ts';

export class MemoryAppStore implements AppStore {
  /** While set, every call is refused with it. */
  failure: Error | undefined;
  /** Calls so far, by method. */
  readonly calls: string[] = [];
  readonly #apps = new Map<string, StoredApp>();
  #revision = 0;

  revision(): Promise<number> {
    return this.#answer('revision', () => this.#revision);
  }

  versions(): Promise<ReadonlyMap<string, number>> {
    return this.#answer('versions', () => new Map([...this.#apps].map(([id, { version }]) => [id, version])));
  }

  load(ids: readonly string[]): Promise<readonly StoredApp[]> {
    return this.#answer('load', () => ids.flatMap((id) => this.#apps.get(id) ?? []));
  }

  page(after: string, limit: number): Promise<readonly StoredApp[]> {
    return this.#answer('page', () => {
      const sorted = [...this.#apps.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      return sorted.filter(({ id }) => id > after).slice(0, limit);
    });
  }

  change(id: string, edit: AppEdit): Promise<StoredApp | undefined> {
    return this.#answer('change', () => {
      const draft = edit(this.#apps.get(id));
      this.#revision += 1;
      if (draft === undefined) {
        this.#apps.delete(id);
        return undefined;
      }
      const app = { ...draft, version: this.#revision };
      this.#apps.set(id, app);
      return app;
    });
  }

  async #answer<T>(method: string, work: () => T): Promise<T> {
    this.calls.push(method);
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    return work();
  }
}
