/**
 * Parameters of a command, read the way protobuf reads JSON: null is absent, what is absent is empty, and what nobody
 * asks for is ignored. Pure.
 */
import { bad, UndecodableParams } from './centrifugo-replies.ts';

type Fields = Readonly<Record<string, unknown>>;
export type Texts = Readonly<Record<string, string>>;

export class Params {
  readonly #fields: Fields;
  readonly #path: string;
  readonly #prefix: string;

  /**
   * @param prefix in front of every name
   * @throws UndecodableParams for what is no object
   */
  constructor(value: unknown, path = '', prefix = '') {
    if (value !== undefined && value !== null && !isObject(value)) {
      throw new UndecodableParams(`${path === '' ? 'params' : path} must be an object`);
    }
    this.#fields = value ?? {};
    this.#path = path;
    this.#prefix = prefix;
  }

  /** The same, of names that all begin alike. */
  prefixed(prefix: string): Params {
    return new Params(this.#fields, this.#path, prefix);
  }

  /** Where a parameter stands, for messages. */
  name(name: string): string {
    const full = this.#prefix + name;
    return this.#path === '' ? full : `${this.#path}.${full}`;
  }

  /** Whether there is anything but null. */
  has(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  /** Whether there is anything but what protobuf takes for absent. */
  isSet(name: string): boolean {
    return !isNothing(this.#value(name));
  }

  /** Whether nothing at all is set. */
  get isEmpty(): boolean {
    return Object.values(this.#fields).every(isNothing);
  }

  /** As JSON, in the order given. */
  toJson(): string {
    return JSON.stringify(this.#fields);
  }

  /** '' when absent. */
  text(name: string): string {
    const value = this.#value(name);
    return value === undefined ? '' : textOf(value, this.name(name));
  }

  requiredText(name: string): string {
    const value = this.text(name);
    if (value === '') throw bad(`${this.name(name)} is required`);
    return value;
  }

  /** One of `allowed`; `fallback` when absent. Without one the parameter is required. */
  choice<T extends string>(name: string, allowed: readonly T[], fallback?: T): T {
    const value = this.text(name);
    if (value === '' && fallback !== undefined) return fallback;
    return oneOf(value, allowed, this.name(name));
  }

  /** Undefined when absent, or empty. */
  choices<T extends string>(name: string, allowed: readonly T[]): readonly T[] | undefined {
    return this.texts(name)?.map((value) => oneOf(value, allowed, this.name(name)));
  }

  /** Undefined when absent, or empty. */
  texts(name: string): readonly string[] | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw new UndecodableParams(`${this.name(name)} must be a list of texts`);
    if (value.length === 0) return undefined;
    return value.map((item, at) => textOf(item, `${this.name(name)}[${at}]`));
  }

  /** 0 when absent. */
  integer(name: string): number {
    const value = this.#value(name) ?? 0;
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
      throw new UndecodableParams(`${this.name(name)} must be a whole number`);
    }
    return value;
  }

  /** False when absent. */
  flag(name: string): boolean {
    const value = this.#value(name) ?? false;
    if (typeof value !== 'boolean') throw new UndecodableParams(`${this.name(name)} must be true or false`);
    return value;
  }

  /** `{}` when absent. */
  textMap(name: string): Texts {
    const fields = this.object(name) ?? {};
    return Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [
        textOf(key, `a key of ${this.name(name)}`),
        textOf(value, `${this.name(name)}.${key}`),
      ]),
    );
  }

  /** JSON as it is; undefined when absent. */
  object(name: string): Fields | undefined {
    const value = this.#value(name);
    if (value === undefined || isObject(value)) return value;
    throw new UndecodableParams(`${this.name(name)} must be an object`);
  }

  requiredObject(name: string): Fields {
    const value = this.object(name);
    if (value === undefined) throw bad(`${this.name(name)} is required`);
    return value;
  }

  /** The parameters in a parameter; undefined when absent. */
  inner(name: string): Params | undefined {
    const value = this.object(name);
    return value && new Params(value, this.name(name));
  }

  requiredInner(name: string): Params {
    return new Params(this.requiredObject(name), this.name(name));
  }

  /** Each of a list of objects; undefined when absent, or empty. */
  inners(name: string): readonly Params[] | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw new UndecodableParams(`${this.name(name)} must be a list of objects`);
    return value.length === 0
      ? undefined
      : value.map((item, at) => new Params(item ?? undefined, `${this.name(name)}[${at}]`));
  }

  #value(name: string): unknown {
    const full = this.#prefix + name;
    return Object.hasOwn(this.#fields, full) ? (this.#fields[full] ?? undefined) : undefined;
  }
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new UndecodableParams(`${name} must be a text`);
  // Databases keep none.
  if (value.includes('\0')) throw bad(`${name} has a NUL character`);
  return value;
}

function oneOf<T extends string>(value: string, allowed: readonly T[], name: string): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw bad(`${name} must be one of ${allowed.join(', ')}`);
  return found;
}

/** What protobuf takes for absent. */
function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.values(value).every(isNothing);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
