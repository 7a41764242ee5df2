/** One publish's messages, each prepared once for all who get the same. */
import type { ProviderName } from './device.ts';
import { fillTexts, type Values } from './message-texts.ts';
import type { PayloadProblem, PreparedPush, PushProvider } from './push-provider.ts';
import type { QueuedPublish } from './push-queue.ts';
import { type BeamsMark, renderPayload } from './render.ts';

/** Why there is nothing to send. */
export interface NoPayload {
  readonly missing: true;
}

export type Rendered = PreparedPush | PayloadProblem | NoPayload;

const MISSING: NoPayload = { missing: true };

export function isMissing(rendered: Rendered): rendered is NoPayload {
  return 'missing' in rendered;
}

export class Rendering {
  readonly publish: QueuedPublish;
  readonly #mark: BeamsMark | undefined;
  /** By provider; what goes to a provider made anew with other credentials is prepared anew. */
  readonly #prepared = new WeakMap<PushProvider, Map<string, Rendered>>();

  /** @param instanceId the app's Beams instance; undefined if it has none */
  constructor(publish: QueuedPublish, instanceId: string | undefined) {
    this.publish = publish;
    this.#mark = instanceId === undefined ? undefined : { instanceId, publishId: publish.publicId };
  }

  /** Whether what goes to users differs from user to user. */
  get personal(): boolean {
    return this.publish.variables !== undefined;
  }

  /** @param ofBeams the recipient was registered through Beams */
  message(provider: PushProvider, name: ProviderName, ofBeams: boolean): Rendered {
    const marked = this.#marked(ofBeams);
    const known = this.#preparedBy(provider);
    const key = `${name} ${marked}`;
    const rendered = known.get(key) ?? this.#prepare(provider, name, marked, undefined);
    known.set(key, rendered);
    return rendered;
  }

  /** The values that came with the publish for a user. */
  ownValues(user: string): Values {
    const { variables = {} } = this.publish;
    return (Object.hasOwn(variables, user) && variables[user]) || {};
  }

  /** A message with a user's values in its texts; not kept. */
  messageFor(provider: PushProvider, name: ProviderName, ofBeams: boolean, values: Values): Rendered {
    return this.#prepare(provider, name, this.#marked(ofBeams), values);
  }

  #marked(ofBeams: boolean): boolean {
    return this.#mark !== undefined && (ofBeams || this.publish.door === 'beams');
  }

  #prepare(
    provider: PushProvider,
    name: ProviderName,
    marked: boolean,
    values: Values | undefined,
  ): Rendered {
    const { payloads, door } = this.publish;
    const payload = renderPayload(name, payloads, marked ? this.#mark : undefined, door === 'beams');
    if (payload === undefined) return MISSING;
    return provider.prepare(values === undefined ? payload : (fillTexts(payload, values) as object));
  }

  #preparedBy(provider: PushProvider): Map<string, Rendered> {
    const known = this.#prepared.get(provider) ?? new Map<string, Rendered>();
    this.#prepared.set(provider, known);
    return known;
  }
}
