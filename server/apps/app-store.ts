/** Where apps are kept that change while nodes run. All nodes share one store. */
import type { AppDraft, StoredApp } from './stored-app.ts';

/**
 * What an app is to become, given what it is. Undefined stands for no app, on either side: a draft for none creates one,
 * none for an app deletes it. It throws to leave everything as it was.
 */
export type AppEdit = (current: StoredApp | undefined) => AppDraft | undefined;

/** Every method rejects when the store can't be reached. */
export interface AppStore {
  /** The version of the latest change; 0 before the first. Cheap: asked all the time. */
  revision(): Promise<number>;
  /** The version of every app, by id. At least as new as a revision asked for before. */
  versions(): Promise<ReadonlyMap<string, number>>;
  /** The apps of these ids that there are, in no order. */
  load(ids: readonly string[]): Promise<readonly StoredApp[]>;
  /** Apps in the byte order of their ids, after the id `after` ('' for the first). */
  page(after: string, limit: number): Promise<readonly StoredApp[]>;
  /**
   * Changes one app in one step, while no other change of any app happens, and gives it the next version. Other nodes are
   * told. Rejects with what `edit` throws, and with an `AppRefusal` when another app has one of its keys, or one of its
   * names at the push doors.
   */
  change(id: string, edit: AppEdit): Promise<StoredApp | undefined>;
}
