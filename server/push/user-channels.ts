/**
 * Whose a channel is: `#server-to-user-{id}` by its kind, others by an app's patterns such as `private-orders-{user}`.
 * `{user}` and `*` stand for one or more characters each. Pure.
 */
import { type ChannelType, channelType, isChannelName, userOfChannel } from '../../protocol/index.ts';

const USER = '{user}';
/** Each is tried at every place of a name: more would cost more than a name is worth. */
const MOST_STARS = 1;

/** Whether a pattern has {user} once, at most one `*`, something between the two, and else what channel names have. */
export function isUserPattern(pattern: string): boolean {
  const literals = pattern.split(/\{user\}|\*/).filter((literal) => literal !== '');
  return (
    pattern.split(USER).length === 2 &&
    pattern.split('*').length - 1 <= MOST_STARS &&
    !/\{user\}\*|\*\{user\}/.test(pattern) &&
    literals.every(isChannelName)
  );
}

export class UserChannels {
  readonly #patterns: ReadonlyArray<{ readonly type: ChannelType; readonly expression: RegExp }>;

  /** @param patterns each an `isUserPattern` */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) => ({
      type: typeOf(pattern),
      expression: expressionOf(pattern),
    }));
  }

  /**
   * The users that a channel's name names, by the patterns of its own type: `private-{user}` doesn't match
   * `private-encrypted-7`. Where {user} and `*` could share a name differently, {user} is as short as can be.
   */
  usersOf(channel: string): string[] {
    const type = channelType(channel);
    if (type.kind === 'user') return [userOfChannel(channel)];
    return this.#patterns.flatMap((pattern) => {
      const user = pattern.type === type ? pattern.expression.exec(channel)?.[1] : undefined;
      return user === undefined ? [] : [user];
    });
  }
}

/** By what the operator wrote: what stands for something counts as an ordinary letter. */
function typeOf(pattern: string): ChannelType {
  return channelType(pattern.replace(USER, 'x').replaceAll('*', 'x'));
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.split(/(\{user\}|\*)/).map((part) => {
    if (part === USER) return '(.+?)';
    return part === '*' ? '.+?' : part.replaceAll('.', '\\.');
  });
  return new RegExp(`^${parts.join('')}$`);
}
