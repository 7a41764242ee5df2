/** Reads one group of settings whose members need each other, and notes what is wrong under the names the user knows. */
import type { Problem } from './config-error.ts';
import { type ReadFile, unreadable } from './file.ts';
import type { SpellPart } from './push-entry.ts';

export interface PartReaderPorts {
  readonly spell: SpellPart;
  readonly readFile: ReadFile;
  readonly problems: Problem[];
}

export class PartReader {
  readonly #ports: PartReaderPorts;

  constructor(ports: PartReaderPorts) {
    this.#ports = ports;
  }

  /** `value`, or '' and a problem if it isn't there. `why` says who needs it. */
  need(name: string, value: string | undefined, why: string): string {
    if (value === undefined) this.complain(name, `is missing; ${why}`);
    return value ?? '';
  }

  /** The content of the file at `path`, or '' and a problem if it isn't given or can't be read. */
  file(name: string, path: string | undefined, why: string, encoding: 'utf8' | 'latin1' = 'utf8'): string {
    const file = this.need(name, path, why);
    if (file === '') return '';
    try {
      const content = this.#ports.readFile(file, encoding);
      if (content === '') this.check(name, file, 'is empty');
      return content;
    } catch (error) {
      this.check(name, file, unreadable(error));
      return '';
    }
  }

  /** Notes what is wrong with a value, or with the content of the file it names. */
  check(name: string, file: string | undefined, problem: string | undefined): void {
    if (problem === undefined || problem === '') return;
    this.complain(name, file === undefined ? problem : `names ${file}, which ${problem}`);
  }

  complain(name: string, message: string): void {
    this.#ports.problems.push({ key: this.#ports.spell(name), message });
  }
}
