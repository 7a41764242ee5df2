/** The `auth` block of an app: its hosted auth endpoints. What its parts demand of each other is in `auth-problems.ts`. */
import { z } from 'zod';
import { described, filePath, origin, secretText, toggle, whole } from './setting-meta.ts';

const text = (description: string) =>
  described(z.string().min(1).max(1024), { description, must: 'text of 1 to 1024 characters' });

const texts = (description: string) =>
  described(z.union([z.string().min(1).max(1024), z.array(z.string().min(1).max(1024)).min(1).max(100)]), {
    description,
    must: 'a text, or a list of texts',
    kind: 'text or list of texts',
  });

const url = (description: string) =>
  described(
    z
      .string()
      .regex(/^https?:\/\/[^\s/@]+(\/[^\s]*)?$/)
      .max(2048),
    {
      description,
      must: 'an http:// or https:// address without a user name',
    },
  );

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;

const token = described(
  z.strictObject({
    secret: secretText('Secret the application signs its tokens with: HS256').optional(),
    publicKey: described(z.string().min(1).max(16_384), {
      description: 'PEM of the public key or certificate to its private key: RS256 or ES256',
      must: 'the PEM text of a public key or a certificate',
    }).optional(),
    jwksFile: filePath('File with a JSON Web Key Set: RS256 and ES256').optional(),
    jwksUrl: url('Address of a JSON Web Key Set: RS256 and ES256').optional(),
    algorithms: described(z.array(z.enum(['HS256', 'RS256', 'ES256'])).min(1), {
      description: 'Narrows what the key allows',
      must: 'a list of HS256, RS256, ES256',
      kind: 'list of HS256, RS256, ES256',
    }).optional(),
    issuer: texts('What `iss` must be, or be among').optional(),
    audience: texts('What `aud` must be, or have one of').optional(),
    clockSkewSeconds: whole(0, 600, 30, 'Seconds by which clocks may differ'),
    requireExpiry: toggle(true, 'Refuse tokens without `exp`'),
    header: described(z.string().regex(HEADER_NAME), {
      description: 'Header with the token, `Bearer` before it or not',
      must: 'the name of a header',
    }).default('Authorization'),
    cookie: text('Cookie with the token').optional(),
    field: text('Field of form, JSON or query with the token; JSONP has no other way').optional(),
    jwksCacheSeconds: whole(1, 86_400, 600, 'Seconds after which a key set is read again'),
    jwksCooldownSeconds: whole(
      1,
      3600,
      10,
      'Least seconds between two readings, whatever unknown keys tokens name',
    ),
  }),
  { description: "Callers are known by the application's own JWT", must: 'a group of settings' },
);

const forward = described(
  z.strictObject({
    url: url('Gets the request by POST; answers 200 with claims as JSON, or 403'),
    timeoutMs: whole(50, 60_000, 3000, 'Milliseconds the backend may take'),
    cacheSeconds: whole(
      0,
      300,
      5,
      'Seconds an answer counts for the same credentials and channel; 0 asks each time',
    ),
  }),
  { description: "Callers are known by the application's backend", must: 'a group of settings' },
);

const literal = z.union([z.string(), z.number(), z.boolean()]);

const rule = described(
  z.strictObject({
    channels: described(z.array(z.string().min(1).max(1000)).min(1).max(1000), {
      description: 'Patterns such as private-user-{sub}; `*` stands for one or more characters',
      must: 'a list of channel patterns',
      kind: 'list of patterns',
    }),
    when: described(z.record(z.string().min(1), z.union([literal, z.array(literal)])), {
      description: 'Claims and the value, or values, each must have',
      must: 'claims with the value, or values, that each must have',
      kind: 'claims with values',
    }).optional(),
  }),
  { description: 'Channels for callers', must: 'a rule, at least {"channels": […]}' },
);

const beams = described(
  z.strictObject({
    instanceId: text('Id of the Beams instance'),
    secretKey: secretText('Its secret key'),
  }),
  { description: 'Tokens for Beams, at /pusher/beams-auth', must: 'a pair of instanceId and secretKey' },
);

const authLimits = described(
  z.strictObject({
    addressPerSecond: whole(
      0,
      1_000_000,
      100,
      'Requests a second of one address, in the long run; 0 lifts it',
    ),
    addressBurst: whole(1, 1_000_000, 5000, 'Requests of one address at once'),
    userPerSecond: whole(0, 1_000_000, 20, 'Requests a second of one user, in the long run; 0 lifts it'),
    userBurst: whole(
      1,
      1_000_000,
      1000,
      'Requests of one user at once: a page asks for all its channels when it connects',
    ),
  }),
  { description: 'Limits' },
);

export const authSchema = described(
  z.strictObject({
    enabled: toggle(true, 'Off: as if the block were not there'),
    token: token.optional(),
    forward: forward.optional(),
    origins: described(z.array(origin).max(1000), {
      description: 'Origins of pages that may call, with their cookies',
      must: 'a list of at most 1000 origins',
      kind: 'list of texts',
      fallback: "the app's allowedOrigins",
    }).optional(),
    userId: text('Template of the user id').default('{sub}'),
    userInfo: described(z.record(z.string(), z.json()), {
      description: 'Template of user_info, for presence and sign-in',
      must: 'a group of templates',
      kind: 'JSON with templates',
    }).optional(),
    watchlist: texts('Template of the user ids a signed-in user watches').optional(),
    rules: described(z.array(rule).max(1000), {
      description: 'Who may have which channels; what no rule gives is refused',
      must: 'a list of rules',
      kind: 'list of rules',
    }).default([]),
    encryptionMasterKey: described(z.string().regex(/^[A-Za-z0-9+/]{43}=$/), {
      description: 'Base64 of the 32 bytes that encrypted channels are derived from',
      must: 'the base64 of 32 bytes, as `openssl rand -base64 32` prints it',
      secret: true,
    }).optional(),
    atExpiry: described(z.enum(['keep', 'unsubscribe', 'reconnect']), {
      description: 'What becomes of a subscription when the token that allowed it expires',
    }).default('keep'),
    revocationSeconds: whole(
      60,
      31_536_000,
      86_400,
      'Seconds for which tokens from before a revocation are refused: at least as long as they live',
    ),
    beams: beams.optional(),
    limits: authLimits.prefault({}),
  }),
  {
    description: 'Hosted auth endpoints',
    must: 'the settings of auth endpoints, at least {"token": …} or {"forward": …}',
  },
);
