/** Dead letters are the hub's: every worker lists, replays and drops all of them. See the port. */
import type {
  DeadLetter,
  DeadLetters,
  LetterPage,
  LetterQuery,
  LetterSelection,
  Undelivered,
} from '../webhooks/dead-letters.ts';
import type { HubLink } from './hub-link.ts';
import type { ParentService } from './hub-services.ts';

export class HubDeadLetters implements DeadLetters {
  readonly #link: HubLink<ParentService>;

  constructor(link: HubLink<ParentService>) {
    this.#link = link;
  }

  add(undelivered: readonly Undelivered[]): Promise<void> {
    return this.#link.call('addLetters', undelivered);
  }

  list(query: LetterQuery): Promise<LetterPage> {
    return this.#link.call('listLetters', query);
  }

  take(selection: LetterSelection): Promise<readonly DeadLetter[]> {
    return this.#link.call('takeLetters', selection);
  }

  forget(letters: readonly DeadLetter[]): Promise<void> {
    return this.#link.call('forgetLetters', letters);
  }

  restore(letters: readonly DeadLetter[]): Promise<void> {
    return this.#link.call('restoreLetters', letters);
  }
}
