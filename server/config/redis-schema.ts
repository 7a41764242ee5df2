/** The settings of the connection to Redis. */
import { z } from 'zod';
import { described, filePath, group, secretText, toggle, whole } from './setting-meta.ts';

export const redisSchema = group('Redis, which makes several nodes one', {
  url: described(z.string().min(1).max(4096), {
    description: 'Address of Redis, as in docs/clustering.md: redis://user:password@host:6379/0',
    fallback: 'none: this node is alone',
    must: 'an address such as redis://127.0.0.1:6379',
    secret: true,
  }).optional(),
  mode: described(z.enum(['single', 'sentinel', 'cluster']), {
    description: 'What answers at the address',
    fallback: 'what the scheme of the address says, else single',
  }).optional(),
  username: described(z.string().min(1).max(256), {
    description: 'User, in place of the one in the address',
    must: 'text of 1 to 256 characters',
  }).optional(),
  password: secretText('Password, in place of the one in the address').optional(),
  keyPrefix: described(z.string().regex(/^[\w.:/-]{0,100}$/), {
    description: 'What keys and pub/sub channels start with; clusters that share a Redis need different ones',
    must: 'text of at most 100 letters, digits or any of _ . : / -',
  }).default('carillon:'),
  sentinel: group('Redis, which makes several nodes one', {
    masterName: described(z.string().min(1).max(256), {
      description: 'Name the Sentinels know the master by',
      must: 'text of 1 to 256 characters',
      fallback: 'what the address ends with, else mymaster',
    }).optional(),
    username: described(z.string().min(1).max(256), {
      description: 'User of the Sentinels themselves',
      must: 'text of 1 to 256 characters',
    }).optional(),
    password: secretText('Password of the Sentinels themselves').optional(),
  }).prefault({}),
  tls: group('Redis, which makes several nodes one', {
    caFile: filePath('PEM file with the authorities that may have signed its certificate').optional(),
    certFile: filePath('PEM file with a certificate of our own; give keyFile with it').optional(),
    keyFile: filePath('PEM file with its private key').optional(),
    rejectUnauthorized: toggle(true, 'Off: any certificate will do, which protects from nobody'),
    servername: described(z.string().min(1).max(255), {
      description: "Name the certificate must be for, where it isn't the host's",
      must: 'a host name',
    }).optional(),
  }).prefault({}),
  connectTimeoutMs: whole(
    100,
    600_000,
    10_000,
    'Milliseconds for making a connection; a starting node gives up after as many',
  ),
  commandTimeoutMs: whole(50, 60_000, 1000, 'Milliseconds Redis has for an answer'),
  followTimeoutMs: whole(
    100,
    600_000,
    10_000,
    'Milliseconds a subscription waits for Redis before its client is sent away',
  ),
  whenAway: described(z.enum(['refuse', 'local']), {
    description: 'What becomes of HTTP triggers while Redis is away: 503, or this node alone has them',
  }).default('refuse'),
}).prefault({});
