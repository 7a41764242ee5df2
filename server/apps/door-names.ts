/** The names by which the push doors find an app: no two apps have the same. Pure. */
import type { App } from './app.ts';

export interface DoorName {
  /** The setting it stands in. */
  readonly what: string;
  readonly name: string;
  /** Not to be shown: whoever knows it is let in. */
  readonly secret?: boolean;
}

const PLACES = [
  { group: 'beams', setting: 'instanceId', secret: false, anyCase: true },
  { group: 'centrifugo', setting: 'apiKey', secret: true, anyCase: false },
  { group: 'kinvey', setting: 'appKey', secret: false, anyCase: false },
] as const;

/** @param push settings as they were read or given: what is of another form is passed over */
export function doorNamesIn(push: unknown): readonly DoorName[] {
  return PLACES.flatMap(({ group, setting, secret, anyCase }) => {
    const name = memberOf(memberOf(push, group), setting);
    if (typeof name !== 'string' || name === '') return [];
    const what = `push.${group}.${setting}`;
    return [{ what, name: anyCase ? name.toLowerCase() : name, secret }];
  });
}

/** A sentence's part that says which name it is, without the name of one that opens a door. */
export function shownName({ what, name, secret }: DoorName): string {
  return secret === true ? what : `${what} ${name}`;
}

/** The names that apps have which are always there. */
export class DoorNames {
  readonly #taken: ReadonlySet<string>;

  constructor(apps: Iterable<App>) {
    this.#taken = new Set([...apps].flatMap(({ push }) => doorNamesIn(push).map(keyOf)));
  }

  /** Those of an app that are taken. */
  takenOf({ push }: App): readonly DoorName[] {
    return doorNamesIn(push).filter((name) => this.#taken.has(keyOf(name)));
  }
}

export const keyOf = ({ what, name }: DoorName): string => `${what} ${name}`;

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
