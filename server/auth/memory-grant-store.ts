/** Grants of one node's connections, in memory. See the port. */
import type { EndedGrant, Grant, GrantStore, Room, Standing } from './grant-store.ts';

interface Entry extends Grant {
  readonly appId: string;
  readonly socketId: string;
  readonly channel: string;
  standing: Standing;
}

/** Of one connection. */
interface Held {
  /** By channel, the oldest first. */
  readonly entries: Map<string, Entry>;
  /** Whether some were given up for others. */
  gaveUp: boolean;
}

interface Revocation {
  readonly at: number;
  readonly until: number;
}

/** Revocations remembered; the oldest go first. */
const MAX_REVOCATIONS = 100_000;

export class MemoryGrantStore implements GrantStore {
  readonly #bySocket = new Map<string, Held>();
  readonly #byUser = new Map<string, Set<Entry>>();
  /** By the second in which they expire, so that a sweep looks at what is due and not at all there are. */
  readonly #bySecond = new Map<number, Set<Entry>>();
  readonly #revocations = new Map<string, Revocation>();
  #ended: EndedGrant[] = [];

  record(appId: string, socketId: string, channel: string, grant: Grant, room: Room): boolean {
    const socket = keyOf(appId, socketId);
    const held = this.#bySocket.get(socket) ?? { entries: new Map<string, Entry>(), gaveUp: false };
    const earlier = held.entries.get(channel);
    if (earlier !== undefined) this.#drop(held, earlier);
    else if (held.entries.size >= room.max) {
      const spare = spareOf(held, room);
      if (spare === undefined) return false;
      this.#drop(held, spare);
      held.gaveUp = true;
    }
    const entry: Entry = { appId, socketId, channel, ...grant, standing: 'standing' };
    held.entries.set(channel, entry);
    this.#bySocket.set(socket, held);
    addTo(this.#byUser, keyOf(appId, entry.userId), entry);
    if (entry.expiresAt !== undefined) addTo(this.#bySecond, secondOf(entry.expiresAt), entry);
    return true;
  }

  standing(appId: string, socketId: string, channel: string, now: number): Standing | undefined {
    const held = this.#bySocket.get(keyOf(appId, socketId));
    const entry = held?.entries.get(channel);
    if (entry === undefined) return held?.gaveUp ? 'expired' : undefined;
    return entry.standing === 'standing' && (entry.expiresAt ?? Number.POSITIVE_INFINITY) <= now
      ? 'expired'
      : entry.standing;
  }

  takeEnded(now: number): readonly EndedGrant[] {
    for (const [second, entries] of this.#bySecond) {
      if (second * 1000 > now) continue;
      for (const entry of entries) {
        if ((entry.expiresAt ?? now) <= now) this.#end(entry, 'expired');
      }
    }
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  revoke(appId: string, userId: string, now: number, forMs: number): void {
    const user = keyOf(appId, userId);
    for (const entry of [...(this.#byUser.get(user) ?? [])]) this.#end(entry, 'revoked');
    this.#revocations.delete(user);
    this.#revocations.set(user, { at: now, until: now + forMs });
    if (this.#revocations.size > MAX_REVOCATIONS) {
      for (const oldest of this.#revocations.keys()) {
        this.#revocations.delete(oldest);
        break;
      }
    }
  }

  revokedAt(appId: string, userId: string, now: number): number | undefined {
    const user = keyOf(appId, userId);
    const revocation = this.#revocations.get(user);
    if (revocation === undefined || revocation.until > now) return revocation?.at;
    this.#revocations.delete(user);
    return undefined;
  }

  /** Who has grants here. */
  *users(): Iterable<{ readonly appId: string; readonly userId: string }> {
    for (const key of this.#byUser.keys()) {
      const slash = key.indexOf('/');
      yield { appId: key.slice(0, slash), userId: key.slice(slash + 1) };
    }
  }

  forget(appId: string, socketId: string): void {
    const socket = keyOf(appId, socketId);
    for (const entry of this.#bySocket.get(socket)?.entries.values() ?? []) this.#unlist(entry);
    this.#bySocket.delete(socket);
  }

  /** Ended grants stay with their connection: its signature would still be good for another subscribe. */
  #end(entry: Entry, standing: EndedGrant['standing']): void {
    this.#unlist(entry);
    entry.standing = standing;
    const { appId, socketId, channel } = entry;
    this.#ended.push({ appId, socketId, channel, standing });
  }

  #drop(held: Held, entry: Entry): void {
    this.#unlist(entry);
    held.entries.delete(entry.channel);
  }

  #unlist(entry: Entry): void {
    removeFrom(this.#byUser, keyOf(entry.appId, entry.userId), entry);
    if (entry.expiresAt !== undefined) removeFrom(this.#bySecond, secondOf(entry.expiresAt), entry);
  }
}

/** What a connection can do without best: ended grants are never in use. */
function spareOf({ entries }: Held, { inUse }: Room): Entry | undefined {
  for (const entry of entries.values()) {
    if (!inUse(entry.channel)) return entry;
  }
  return undefined;
}

/** App ids have no slash. */
const keyOf = (appId: string, name: string): string => `${appId}/${name}`;
const secondOf = (ms: number): number => Math.floor(ms / 1000);

function addTo<K>(sets: Map<K, Set<Entry>>, key: K, entry: Entry): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([entry]));
  else set.add(entry);
}

function removeFrom<K>(sets: Map<K, Set<Entry>>, key: K, entry: Entry): void {
  const set = sets.get(key);
  if (set === undefined) return;
  set.delete(entry);
  if (set.size === 0) sets.delete(key);
}
