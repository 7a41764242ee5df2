/** The Redis settings put together: what the address says, what is said beside it, and whether both go together. */
import type { RedisHost, RedisSettings } from './config.ts';
import type { Problem } from './config-error.ts';
import { type ReadFile, unreadable } from './file.ts';
import type { Spell } from './rules.ts';
import type { NodeSettings } from './schema.ts';

const ADDRESS =
  /^(?<scheme>rediss?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<user>.*)@)?(?<hosts>[^/?#@]+)(?:\/(?<path>[^?#]*))?$/;
const HOST = /^(?:\[(?<v6>[\da-f:.]+(?:%25[\w.-]+)?)\]|(?<name>[^:[\]]+))(?::(?<port>\d{1,5}))?$/i;

const DEFAULT_PORTS = { single: 6379, cluster: 6379, sentinel: 26_379 } as const;
const FORMS =
  'redis://[user:password@]host[:port][/db], rediss://…, redis+sentinel://host,host/master or redis+cluster://host,host';

interface Address {
  readonly tls: boolean;
  readonly kind: RedisSettings['mode'] | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly hosts: string;
  /** What stands behind the hosts, in parts. */
  readonly path: readonly string[];
}

/** Undefined settings without problems: no Redis. Problems never quote the address, which has a password. */
export function redisSettings(
  given: NodeSettings['redis'],
  spell: Spell,
  readFile: ReadFile,
): { readonly settings: RedisSettings | undefined; readonly problems: readonly Problem[] } {
  if (given.url === undefined) {
    const problems = given.mode === undefined ? [] : [missingUrl(spell)];
    return { settings: undefined, problems };
  }
  const problems: Problem[] = [];
  const wrong = (path: string, message: string): void => {
    problems.push({ key: spell(path), message });
  };
  const address = parseAddress(given.url);
  if (typeof address === 'string') {
    wrong('redis.url', address);
    return { settings: undefined, problems };
  }
  const mode = given.mode ?? address.kind ?? 'single';
  if (given.mode !== undefined && address.kind !== undefined && given.mode !== address.kind) {
    wrong(
      'redis.mode',
      `is ${given.mode}, but the address in ${spell('redis.url')} is that of a ${address.kind}`,
    );
  }
  const hosts = parseHosts(address.hosts, DEFAULT_PORTS[mode]);
  if (typeof hosts === 'string') wrong('redis.url', hosts);
  else if (mode === 'single' && hosts.length > 1) {
    wrong(
      'redis.url',
      `names several servers; set ${spell('redis.mode')} to cluster or sentinel, or name one`,
    );
  }
  const [masterName, database] = mode === 'sentinel' ? address.path : [undefined, address.path[0]];
  const db = database === undefined || database === '' ? 0 : Number(database);
  if (!Number.isInteger(db) || db < 0 || db > 65_535 || address.path.length > (mode === 'sentinel' ? 2 : 1)) {
    wrong('redis.url', `must end with the number of a database, if with anything; the forms are ${FORMS}`);
  } else if (mode === 'cluster' && db !== 0) {
    wrong('redis.url', 'names a database, but a Redis Cluster has only one; leave it out');
  }
  problems.push(...tlsFileProblems(given.tls, spell, readFile));
  const settings: RedisSettings = {
    mode,
    hosts: typeof hosts === 'string' ? [] : hosts,
    db,
    username: given.username ?? address.username,
    password: given.password ?? address.password,
    sentinel: {
      masterName: given.sentinel.masterName ?? (masterName || 'mymaster'),
      username: given.sentinel.username,
      password: given.sentinel.password,
    },
    tls: address.tls ? tlsOf(given.tls) : undefined,
    keyPrefix: given.keyPrefix,
    connectTimeoutMs: given.connectTimeoutMs,
    commandTimeoutMs: given.commandTimeoutMs,
    followTimeoutMs: given.followTimeoutMs,
    whenAway: given.whenAway,
  };
  return { settings, problems };
}

function missingUrl(spell: Spell): Problem {
  return {
    key: spell('redis.url'),
    message: `is missing, but ${spell('redis.mode')} is set; give the address`,
  };
}

function parseAddress(url: string): Address | string {
  const parts = ADDRESS.exec(url)?.groups;
  if (parts === undefined) return `must be an address in one of these forms: ${FORMS}`;
  const { scheme, kind, user, hosts = '', path = '' } = parts;
  try {
    const colon = user?.indexOf(':') ?? -1;
    // Without a colon it is the password, as redis-cli has it: a user alone would be of no use.
    const username = colon > 0 ? decodeURIComponent(user?.slice(0, colon) ?? '') : undefined;
    const password = user === undefined ? undefined : decodeURIComponent(user.slice(colon + 1));
    return {
      tls: scheme === 'rediss',
      kind: kind === 'sentinel' || kind === 'cluster' ? kind : undefined,
      username,
      password: password === '' ? undefined : password,
      hosts,
      path: path === '' ? [] : path.split('/').map(decodeURIComponent),
    };
  } catch {
    return 'has a % that is not followed by two hexadecimal digits; write a % in a password as %25';
  }
}

function parseHosts(text: string, defaultPort: number): RedisHost[] | string {
  const hosts: RedisHost[] = [];
  for (const part of text.split(',')) {
    const { v6, name, port } = HOST.exec(part)?.groups ?? {};
    const host = v6?.replace('%25', '%') ?? name;
    const number = port === undefined ? defaultPort : Number(port);
    if (host === undefined || number < 1 || number > 65_535) {
      return `has a host that is none; the forms are ${FORMS}, an IPv6 address in brackets, special characters of a password as %40`;
    }
    hosts.push({ host, port: number });
  }
  return hosts;
}

function tlsOf({ caFile, certFile, keyFile, rejectUnauthorized, servername }: NodeSettings['redis']['tls']) {
  return { caFile, certFile, keyFile, rejectUnauthorized, servername };
}

function tlsFileProblems(tls: NodeSettings['redis']['tls'], spell: Spell, readFile: ReadFile): Problem[] {
  const problems: Problem[] = [];
  const { caFile, certFile, keyFile } = tls;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const missing = certFile === undefined ? 'redis.tls.certFile' : 'redis.tls.keyFile';
    problems.push({ key: spell(missing), message: 'is missing; a certificate and its key go together' });
  }
  for (const [path, file] of [
    ['redis.tls.caFile', caFile],
    ['redis.tls.certFile', certFile],
    ['redis.tls.keyFile', keyFile],
  ] as const) {
    if (file === undefined) continue;
    try {
      readFile(file);
    } catch (error) {
      problems.push({ key: spell(path), message: `names ${file}, which ${unreadable(error)}` });
    }
  }
  return problems;
}
