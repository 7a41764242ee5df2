/** One app's auth endpoints: a request in, a decision out. Knows nothing of HTTP. docs/auth.md. */
import { channelType, isChannelName } from '../../protocol/index.ts';
import type { App } from '../apps/app.ts';
import type { AppKey } from '../apps/app-registry.ts';
import type { AuthSettings } from '../apps/auth-settings.ts';
import type { Clock } from '../lib/clock.ts';
import { networkOf } from '../limits/network.ts';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import { beamsToken } from './beams-token.ts';
import { ClaimRules, isDenied } from './claim-rules.ts';
import type { Asked, Identified, Identifier } from './identity.ts';
import { channelAnswer, userAnswer } from './sign-responses.ts';
import type { SubscriptionGrants } from './subscription-grants.ts';

export type Decision =
  /** JSON, as the client is to get it. */
  | { readonly type: 'granted'; readonly json: string }
  /** The reason is for the operator, not for the client. */
  | { readonly type: 'denied'; readonly reason: string; readonly userId?: string }
  /** The request itself is wrong; the message is for the client. */
  | { readonly type: 'invalid'; readonly message: string }
  | { readonly type: 'limited'; readonly by: 'address' | 'user'; readonly waitMs: number }
  | { readonly type: 'unavailable'; readonly reason: string };

export interface AppAuthPorts {
  readonly identifier: Identifier;
  readonly limiter: RateLimiter;
  readonly grants: Pick<SubscriptionGrants, 'record' | 'recordSignIn' | 'revokedAt'>;
  readonly clock: Clock;
}

const SOCKET_ID = /^\d+\.\d+$/;
const LONGEST_SOCKET_ID = 64;
/** Of a Beams user id. */
const LONGEST_BEAMS_USER = 164;

export class AppAuth {
  readonly #app: App;
  readonly #settings: AuthSettings;
  readonly #key: AppKey;
  readonly #ports: AppAuthPorts;
  readonly #rules: ClaimRules;
  readonly #masterKey: Buffer | undefined;

  /** @param key of the app's keys, the one to sign with */
  constructor(app: App, settings: AuthSettings, key: AppKey, ports: AppAuthPorts) {
    this.#app = app;
    this.#settings = settings;
    this.#key = key;
    this.#ports = ports;
    this.#rules = new ClaimRules(settings, app.limits);
    const { encryptionMasterKey } = settings;
    this.#masterKey =
      encryptionMasterKey === undefined ? undefined : Buffer.from(encryptionMasterKey, 'base64');
  }

  async decide(asked: Asked): Promise<Decision> {
    const { limits } = this.#settings;
    // Before any work: a token costs a signature check, a forwarded request costs the backend.
    const tooSoon = await this.#limited(
      'address',
      networkOf(asked.address),
      limits.addressPerSecond,
      limits.addressBurst,
    );
    if (tooSoon !== undefined) return tooSoon;
    const message = this.#requestProblem(asked);
    if (message !== undefined) return { type: 'invalid', message };

    const identity = await this.#ports.identifier.identify(asked);
    if ('unavailable' in identity) return { type: 'unavailable', reason: identity.unavailable };
    if (isDenied(identity)) return { type: 'denied', reason: identity.denied };
    const userId = this.#rules.userId(identity.claims);
    if (isDenied(userId)) return { type: 'denied', reason: userId.denied };
    const tooOften = await this.#limited('user', userId, limits.userPerSecond, limits.userBurst);
    if (tooOften !== undefined) return tooOften;

    const revokedAt = await this.#ports.grants.revokedAt(this.#app, userId);
    if (revokedAt !== undefined && identity.issuedAt <= revokedAt) {
      return { type: 'denied', reason: "the user's grants were revoked after this token was issued", userId };
    }
    switch (asked.kind) {
      case 'channel':
        return this.#channel(asked, identity, userId);
      case 'user':
        return this.#user(asked, identity, userId);
      case 'beams':
        return this.#beams(asked, userId);
    }
  }

  async #channel(asked: Asked, { claims, expiresAt }: Identified, userId: string): Promise<Decision> {
    const socketId = asked.fields.get('socket_id') ?? '';
    const channel = asked.fields.get('channel_name') ?? '';
    if (!this.#rules.allows(channel, claims))
      return { type: 'denied', reason: 'no rule allows the channel', userId };
    const data =
      channelType(channel).kind === 'presence' ? this.#rules.channelData(userId, claims) : undefined;
    if (isDenied(data)) return { type: 'denied', reason: data.denied, userId };
    const until = this.#settings.atExpiry === 'keep' ? undefined : expiresAt;
    // Recorded before the answer leaves, so that no subscribe comes first.
    const problem = await this.#ports.grants.record(this.#app, socketId, channel, {
      userId,
      expiresAt: until,
    });
    if (problem !== undefined) return { type: 'denied', reason: problem.denied, userId };
    return { type: 'granted', json: channelAnswer(this.#key, socketId, channel, data, this.#masterKey) };
  }

  async #user(asked: Asked, { claims }: Identified, userId: string): Promise<Decision> {
    const socketId = asked.fields.get('socket_id') ?? '';
    // Recorded before the answer leaves: a revocation must find what is yet to be used.
    const problem = await this.#ports.grants.recordSignIn(this.#app, socketId, userId);
    if (problem !== undefined) return { type: 'denied', reason: problem.denied, userId };
    return {
      type: 'granted',
      json: userAnswer(this.#key, socketId, this.#rules.userData(userId, claims)),
    };
  }

  /** The parameter is a hint of whom the page takes the visitor for; only the caller's own id gets a token. */
  #beams(asked: Asked, userId: string): Decision {
    // Where an app has its own Beams door, its tokens are for that.
    const beams = this.#settings.beams ?? this.#app.push.beams;
    if (beams === undefined) {
      return { type: 'denied', reason: 'neither auth.beams nor push.beams is configured', userId };
    }
    if (asked.fields.get('user_id') !== userId) {
      return { type: 'denied', reason: 'user_id is not the caller', userId };
    }
    const token = beamsToken(beams, userId, Math.floor(this.#ports.clock.now() / 1000));
    return { type: 'granted', json: JSON.stringify({ token }) };
  }

  async #limited(
    by: 'address' | 'user',
    name: string,
    perSecond: number,
    burst: number,
  ): Promise<Decision | undefined> {
    const waitMs = await this.#ports.limiter.take(`auth/${this.#app.id}/${by}/${name}`, { perSecond, burst });
    return waitMs === 0 ? undefined : { type: 'limited', by, waitMs };
  }

  /** What is wrong with the request, whoever sent it. */
  #requestProblem({ kind, fields }: Asked): string | undefined {
    if (kind === 'beams') {
      const userId = fields.get('user_id') ?? '';
      if (userId === '') return 'Missing parameter: user_id';
      return userId.length > LONGEST_BEAMS_USER
        ? `Invalid user_id: it must have 1 to ${LONGEST_BEAMS_USER} characters`
        : undefined;
    }
    const socketId = fields.get('socket_id') ?? '';
    if (socketId === '') return 'Missing parameter: socket_id';
    if (socketId.length > LONGEST_SOCKET_ID || !SOCKET_ID.test(socketId)) {
      return "Invalid socket_id: expected two numbers with a dot between them, as in '123.456'";
    }
    return kind === 'channel' ? this.#channelProblem(fields.get('channel_name') ?? '') : undefined;
  }

  #channelProblem(channel: string): string | undefined {
    if (channel === '') return 'Missing parameter: channel_name';
    const { channelNameLength } = this.#app.limits;
    if (channel.length > channelNameLength || !isChannelName(channel)) {
      return `Invalid channel_name: it must have 1 to ${channelNameLength} characters, of letters, digits and _ - = @ , . ;`;
    }
    return channelType(channel).authorized
      ? undefined
      : 'Invalid channel_name: only private- and presence- channels are authorized';
  }
}
