/** Dead letters in this process, bounded in number and size; the oldest go first. See the port. */
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type {
  DeadLetter,
  DeadLetters,
  LetterPage,
  LetterQuery,
  LetterSelection,
  Undelivered,
} from './dead-letters.ts';

export interface MemoryDeadLettersSettings {
  /** Letters of all apps together. */
  readonly deadLetterLimit: number;
  /** Characters of their events. */
  readonly deadLetterBytes: number;
}

export interface MemoryDeadLettersPorts {
  readonly ids: Ids;
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

interface Kept {
  readonly letter: DeadLetter;
  /** Rises from letter to letter: what cursors point at. */
  readonly number: number;
}

export class MemoryDeadLetters implements DeadLetters {
  readonly #settings: MemoryDeadLettersSettings;
  readonly #ports: MemoryDeadLettersPorts;
  /** By the letter's id, in the order they came. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;
  #next = 1;

  constructor(settings: MemoryDeadLettersSettings, ports: MemoryDeadLettersPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  get size(): number {
    return this.#kept.size;
  }

  add(undelivered: readonly Undelivered[]): void {
    const { ids, clock } = this.#ports;
    this.restore(undelivered.map((one) => ({ ...one, id: ids.uniqueId(), failedAt: clock.now() })));
  }

  restore(letters: readonly DeadLetter[]): void {
    for (const letter of letters) {
      this.#kept.set(letter.id, { letter, number: this.#next++ });
      this.#bytes += letter.event.json.length;
    }
    const { deadLetterLimit, deadLetterBytes } = this.#settings;
    for (const { letter } of this.#kept.values()) {
      if (this.#kept.size <= deadLetterLimit && this.#bytes <= deadLetterBytes) break;
      this.#remove(letter);
      const { appId, endpoint, event } = letter;
      this.#ports.log.warn(
        `${appId} ${endpoint}`,
        { appId, endpoint, eventId: event.id },
        'dead letter lost',
      );
    }
  }

  list({ appId, endpoint, limit, cursor }: LetterQuery): LetterPage {
    const after = cursor === undefined ? 0 : Number(cursor);
    const letters: DeadLetter[] = [];
    let last = after;
    for (const { letter, number } of this.#kept.values()) {
      if (number <= after || !matches(letter, appId, endpoint)) continue;
      if (letters.length === limit) return { letters, cursor: String(last) };
      letters.push(letter);
      last = number;
    }
    return { letters, cursor: undefined };
  }

  take(selection: LetterSelection): DeadLetter[] {
    const taken = 'ids' in selection ? this.#named(selection.ids) : this.#of(selection);
    for (const letter of taken) this.#remove(letter);
    return taken;
  }

  forget(): void {
    // What was taken is forgotten already.
  }

  #named(ids: readonly string[]): DeadLetter[] {
    return [...new Set(ids)]
      .flatMap((id) => this.#kept.get(id) ?? [])
      .sort((a, b) => a.number - b.number)
      .map(({ letter }) => letter);
  }

  #of({ appId, endpoint }: { readonly appId: string; readonly endpoint: string | undefined }): DeadLetter[] {
    return [...this.#kept.values()]
      .map(({ letter }) => letter)
      .filter((letter) => matches(letter, appId, endpoint));
  }

  #remove(letter: DeadLetter): void {
    if (this.#kept.delete(letter.id)) this.#bytes -= letter.event.json.length;
  }
}

function matches(letter: DeadLetter, appId: string | undefined, endpoint: string | undefined): boolean {
  return (
    (appId === undefined || letter.appId === appId) &&
    (endpoint === undefined || letter.endpoint === endpoint)
  );
}
