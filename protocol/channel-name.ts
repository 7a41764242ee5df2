/** What a channel's name says about it. PROTOCOL.md, "Channels". */

export type ChannelKind = 'public' | 'private' | 'encrypted' | 'presence' | 'user';

export interface ChannelType {
  readonly kind: ChannelKind;
  /** Replays the last event to new subscribers. */
  readonly cache: boolean;
  /** Needs a signed `auth` to subscribe. */
  readonly authorized: boolean;
}

const type = (kind: ChannelKind, cache: boolean, authorized: boolean): ChannelType =>
  Object.freeze({ kind, cache, authorized });

const USER = type('user', false, false);
const ENCRYPTED_CACHE = type('encrypted', true, true);
const ENCRYPTED = type('encrypted', false, true);
const PRIVATE_CACHE = type('private', true, true);
const PRIVATE = type('private', false, true);
const PRESENCE_CACHE = type('presence', true, true);
const PRESENCE = type('presence', false, true);
const PUBLIC_CACHE = type('public', true, false);
const PUBLIC = type('public', false, false);

const USER_PREFIX = '#server-to-user-';
const NAME = /^[A-Za-z0-9_\-=@,.;]+$/;

/** The type of a channel by the longest prefix of its name; the dash belongs to the prefix. */
export function channelType(name: string): ChannelType {
  switch (name.charCodeAt(0)) {
    case 0x70: // p
      if (name.startsWith('private-')) {
        if (name.startsWith('encrypted-', 8))
          return name.startsWith('cache-', 18) ? ENCRYPTED_CACHE : ENCRYPTED;
        return name.startsWith('cache-', 8) ? PRIVATE_CACHE : PRIVATE;
      }
      if (name.startsWith('presence-')) return name.startsWith('cache-', 9) ? PRESENCE_CACHE : PRESENCE;
      return PUBLIC;
    case 0x63: // c
      return name.startsWith('cache-') ? PUBLIC_CACHE : PUBLIC;
    case 0x23: // #
      return name.startsWith(USER_PREFIX) ? USER : PUBLIC;
    default:
      return PUBLIC;
  }
}

/** Whether a name is made of the allowed characters; a `#` only in `#server-to-user-{id}`. Says nothing of length. */
export function isChannelName(name: string): boolean {
  return NAME.test(name) || (name.startsWith(USER_PREFIX) && name.length > USER_PREFIX.length);
}

/** The channel that reaches a signed-in user's connections. */
export function userChannel(userId: string): string {
  return USER_PREFIX + userId;
}

/** The user a `#server-to-user-` channel belongs to. */
export function userOfChannel(name: string): string {
  return name.slice(USER_PREFIX.length);
}
