/**
 * The members of one presence channel, kept so that the frame a joiner gets is a concatenation: each member's entry
 * is escaped once, when it comes, not once for every later joiner.
 */
import { quote } from '../../protocol/index.ts';
import type { Member } from './presence-store.ts';

/** A JSON text as it stands inside a JSON string, without the quotes around it. */
const escaped = (json: string): string => quote(json).slice(1, -1);

/** A user_info is an object, so this is nobody's. */
const NO_INFO = 'null';

export class Roster {
  /** User id → JSON text of the user_info, `null` for none. */
  readonly #members = new Map<string, string>();
  #ids = '';
  #hash = '';
  /** True after a removal: the two strings must be made anew before use. */
  #stale = false;

  get size(): number {
    return this.#members.size;
  }

  has(userId: string): boolean {
    return this.#members.has(userId);
  }

  ids(): string[] {
    return [...this.#members.keys()];
  }

  /** All members, in the order they joined. */
  all(): Member[] {
    return [...this.#members].map(([userId, info]) => ({
      userId,
      userInfo: info === NO_INFO ? undefined : info,
    }));
  }

  /** Adds a member; one who is there keeps the first `userInfo`. Returns whether the member is new. */
  add(userId: string, userInfo: string | undefined): boolean {
    if (this.#members.has(userId)) return false;
    const info = userInfo ?? NO_INFO;
    this.#members.set(userId, info);
    if (!this.#stale) this.#append(userId, info);
    return true;
  }

  /** Returns whether the user was a member. */
  remove(userId: string): boolean {
    const removed = this.#members.delete(userId);
    if (removed) this.#stale = true;
    return removed;
  }

  /** `data` of `subscription_succeeded`, as a JSON string. PROTOCOL.md, "Presence". */
  encode(): string {
    if (this.#stale) this.#rebuild();
    return `"{\\"presence\\":{\\"count\\":${this.size},\\"ids\\":[${this.#ids}],\\"hash\\":{${this.#hash}}}}"`;
  }

  #append(userId: string, info: string): void {
    const id = quote(userId);
    const comma = this.#ids === '' ? '' : ',';
    this.#ids += comma + escaped(id);
    this.#hash += comma + escaped(`${id}:${info}`);
  }

  #rebuild(): void {
    this.#ids = '';
    this.#hash = '';
    for (const [userId, info] of this.#members) this.#append(userId, info);
    this.#stale = false;
  }
}
