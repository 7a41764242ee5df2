/** An app's hosted auth endpoints: who callers are, and what they may have. docs/auth.md. */

/** Algorithms a token may be signed with. `none` is not among them, and a key is of one algorithm only. */
export type TokenAlgorithm = 'HS256' | 'RS256' | 'ES256';

/** How callers show who they are by the application's own JWT. Exactly one of the four keys is set. */
export interface TokenSettings {
  /** Shared secret, for HS256. */
  readonly secret?: string | undefined;
  /** PEM of a public key or certificate, for RS256 or ES256. */
  readonly publicKey?: string | undefined;
  /** Path of a JSON Web Key Set. */
  readonly jwksFile?: string | undefined;
  readonly jwksUrl?: string | undefined;
  /** Narrows what the key would allow; undefined takes what fits the key. */
  readonly algorithms?: readonly TokenAlgorithm[] | undefined;
  /** Any of these must be the token's `iss`; undefined asks for none. */
  readonly issuer?: string | readonly string[] | undefined;
  /** Any of these must be in the token's `aud`; undefined asks for none. */
  readonly audience?: string | readonly string[] | undefined;
  readonly clockSkewSeconds: number;
  /** Refuse tokens without `exp`. */
  readonly requireExpiry: boolean;
  /** The header with the token, `Bearer` before it or not. */
  readonly header: string;
  readonly cookie?: string | undefined;
  /** The form, JSON or query field with the token. */
  readonly field?: string | undefined;
  /** Seconds after which a key set is read again. */
  readonly jwksCacheSeconds: number;
  /** Seconds between two readings that unknown keys cause. */
  readonly jwksCooldownSeconds: number;
}

/** The application's backend says who callers are. */
export interface ForwardSettings {
  readonly url: string;
  readonly timeoutMs: number;
  /** Seconds an answer is used again for the same credentials and channel; 0 asks each time. */
  readonly cacheSeconds: number;
}

export type ClaimLiteral = string | number | boolean;

/** Channels for callers whose claims meet every condition. */
export interface ChannelRule {
  readonly channels: readonly string[];
  readonly when?: Readonly<Record<string, ClaimLiteral | readonly ClaimLiteral[]>> | undefined;
}

/** What happens to a subscription when the token that allowed it expires. */
export type AtExpiry = 'keep' | 'unsubscribe' | 'reconnect';

export interface AuthSettings {
  readonly enabled: boolean;
  readonly token?: TokenSettings | undefined;
  readonly forward?: ForwardSettings | undefined;
  /** Origins of pages that may call; undefined takes the app's `allowedOrigins`. */
  readonly origins?: readonly string[] | undefined;
  /** Template of the user id. */
  readonly userId: string;
  /** Template of `user_info`. */
  readonly userInfo?: Readonly<Record<string, unknown>> | undefined;
  /** Template of the ids a signed-in user watches. */
  readonly watchlist?: string | readonly string[] | undefined;
  readonly rules: readonly ChannelRule[];
  /** Base64 of 32 bytes, for encrypted channels. */
  readonly encryptionMasterKey?: string | undefined;
  readonly atExpiry: AtExpiry;
  /** Seconds for which tokens issued before a revocation are refused. */
  readonly revocationSeconds: number;
  readonly beams?: { readonly instanceId: string; readonly secretKey: string } | undefined;
  readonly limits: AuthLimits;
}

/** Requests a second in the long run, and at once after a pause; 0 a second lifts the limit. */
export interface AuthLimits {
  readonly addressPerSecond: number;
  readonly addressBurst: number;
  readonly userPerSecond: number;
  readonly userBurst: number;
}
