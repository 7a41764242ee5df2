/** Everything the registry is asked, once each, and the plans of the statements it takes. */
import { CompiledQuery, type Dialect, Kysely } from 'kysely';
import type { Database, DialectName } from '../../server/database/database.ts';
import { KyselyDatabase } from '../../server/database/kysely-database.ts';
import type { Tables } from '../../server/database/tables.ts';
import { randomIds } from '../../server/lib/random-ids.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import type { Audience, RegistryTarget } from '../../server/push/audience.ts';
import type { DeviceFilter, DeviceStore, Registration } from '../../server/push/device-store.ts';
import { SharedNames } from '../../server/push/storage/shared-names.ts';
import { SqlAudience } from '../../server/push/storage/sql-audience.ts';
import { SqlDeviceStore } from '../../server/push/storage/sql-device-store.ts';
import type { Filled } from './registry-fill.ts';

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** A registry that writes down the statements it runs. */
export interface RecordedRegistry {
  readonly database: Database;
  readonly store: DeviceStore;
  readonly audience: Audience;
  /** The statements since the last call. */
  taken(): Statement[];
}

export function recordedRegistry(name: DialectName, dialect: Dialect): RecordedRegistry {
  let statements: Statement[] = [];
  const db = new Kysely<Tables>({
    dialect,
    log({ query: { sql, parameters } }) {
      statements.push({ sql, parameters });
    },
  });
  const database = new KyselyDatabase(name, db);
  const shared = new SharedNames(() => ['topic-1']);
  const eraseUser = async (): Promise<void> => undefined;
  return {
    database,
    store: new SqlDeviceStore({ database, shared, clock: systemClock, ids: randomIds(), eraseUser }),
    audience: new SqlAudience(database, shared),
    taken() {
      const all = statements;
      statements = [];
      return all;
    },
  };
}

export interface Shape {
  readonly name: string;
  run(registry: RecordedRegistry, filled: Filled): Promise<unknown>;
}

const listing = (name: string, filter: (filled: Filled) => DeviceFilter): Shape => ({
  name: `list by ${name}`,
  run: ({ store }, filled) => store.list(filled.appId, filter(filled), { after: 'fcm-8', limit: 100 }),
});

const page = (name: string, target: (filled: Filled) => RegistryTarget, after = 'fcm-8'): Shape => ({
  name: `audience page of ${name}`,
  run: ({ audience }, filled) =>
    audience.devicesOf(filled.appId, target(filled), {
      createdUntil: Number.MAX_SAFE_INTEGER,
      after,
      limit: filled.page,
    }),
});

const users = (count: number): string[] => Array.from({ length: count }, (_, n) => `user-${n}`);

const topics = (count: number): string[] => Array.from({ length: count }, (_, n) => `topic-${n}`);

const registration = ({ sample }: Filled): Registration => ({
  provider: 'fcm',
  platform: 'android',
  token: sample.token,
  door: 'centrifugo',
  user: sample.user,
  meta: {},
  tags: {},
  details: {},
  interests: ['everyone', 'topic-1'],
  channels: ['news'],
});

/** The first ones only read; `write` changes the device and the user that are the sample, and leaves them there. */
export const SHAPES: readonly Shape[] = [
  page('everyone', () => ({ kind: 'interests', interests: ['everyone'] })),
  page('a rare interest', () => ({ kind: 'interests', interests: ['rare-7'] }), ''),
  page('100 interests', () => ({ kind: 'interests', interests: topics(100) })),
  page('a channel', () => ({ kind: 'channels', channels: ['channel-10'] }), ''),
  page('a shared name', () => ({ kind: 'channels', channels: ['topic-1'] })),
  page(
    'users, two for each device of a page',
    (filled) => ({ kind: 'users', users: users(2 * filled.page) }),
    '',
  ),
  page('one user', ({ sample }) => ({ kind: 'users', users: [sample.user] }), ''),
  page('a device', ({ sample }) => ({ kind: 'devices', ids: [sample.id] }), ''),
  page('the whole app', () => ({ kind: 'all' })),
  { name: 'devices by ids', run: ({ audience }, { appId, sample }) => audience.byIds(appId, [sample.id]) },
  { name: 'find', run: ({ store }, { appId, sample }) => store.find(appId, sample.id) },
  listing('nothing', () => ({})),
  listing('ids', ({ sample }) => ({ ids: [sample.id, 'fcm-unknown'] })),
  listing('users', ({ sample }) => ({ users: [sample.user, 'nobody'] })),
  listing('tokens', ({ sample }) => ({ tokens: [sample.token] })),
  listing('tokens of a provider', ({ sample }) => ({
    providerTokens: [{ provider: 'fcm', tokens: [sample.token] }],
  })),
  listing('platform', () => ({ platforms: ['ios'], providers: ['apns'] })),
  listing('channels', () => ({ channels: ['channel-10', 'topic-1'] })),
  listing('a channel and a user', ({ sample }) => ({ channels: ['channel-10'], users: [sample.user] })),
  {
    name: 'interests of a device',
    run: ({ store }, { appId, sample }) => store.interests(appId, sample.id, { after: 'a', limit: 100 }),
  },
  {
    name: 'bindings of a user',
    run: ({ store }, { appId, sample }) =>
      store.bindings(appId, { users: [sample.user] }, { after: undefined, limit: 100 }),
  },
  {
    name: 'bindings of a channel',
    run: ({ store }, { appId }) =>
      store.bindings(appId, { channels: ['channel-11'] }, { after: undefined, limit: 100 }),
  },
  {
    name: 'bindings by prefix',
    run: ({ store }, { appId }) =>
      store.bindings(appId, { channelPrefix: 'channel-11' }, { after: '7', limit: 100 }),
  },
  {
    name: 'register',
    run: ({ store }, filled) => store.register(filled.appId, registration(filled), { kind: 'byToken' }),
  },
  {
    name: 'register with an id',
    run: ({ store }, filled) =>
      store.register(filled.appId, registration(filled), { kind: 'given', id: filled.sample.id }),
  },
  {
    name: 'set token',
    run: ({ store }, { appId, sample }) => store.setToken(appId, sample.id, sample.token),
  },
  {
    name: 'add an interest',
    run: ({ store }, { appId, sample }) => store.changeInterests(appId, sample.id, 'add', ['new'], 5000),
  },
  {
    name: 'replace interests',
    run: ({ store }, { appId, sample }) =>
      store.changeInterests(appId, sample.id, 'set', ['new', 'topic-1'], 5000),
  },
  {
    name: 'bind a user',
    run: ({ store }, { appId, sample }) => store.changeBindings(appId, sample.user, 'set', ['x', 'topic-1']),
  },
  {
    name: 'unbind a user',
    run: ({ store }, { appId, sample }) => store.changeBindings(appId, sample.user, 'remove', ['x']),
  },
  {
    name: 'update by user',
    run: ({ store }, { appId, sample }) =>
      store.update(
        appId,
        { users: [sample.user] },
        { meta: { a: 'b' }, channels: { operation: 'add', channels: ['c'] }, user: sample.user },
      ),
  },
  {
    name: 'detach and set the user',
    async run({ store }, { appId, sample }) {
      await store.update(appId, { ids: [sample.id] }, { user: '' });
      await store.setUser(appId, sample.id, sample.user, 100);
    },
  },
  {
    name: 'remove a dead device',
    run: ({ store }, { appId, sample }) => store.removeDead(appId, sample.id, 'other'),
  },
  { name: 'remove by user', run: ({ store }, { appId }) => store.remove(appId, { users: ['user-3'] }) },
  { name: 'remove a user', run: ({ store }, { appId }) => store.removeUser(appId, 'user-5') },
  { name: 'sweep', run: ({ store }) => store.removeInactive(1_600_000_000_000) },
];

/**
 * The plan of a statement, a line a step; of statements that have none, nothing. SQLite commits nothing any more after it
 * was asked for the plan of a statement that writes.
 */
export async function planOf({ dialect, db }: Database, { sql, parameters }: Statement): Promise<string[]> {
  if (!/^\s*(select|with|insert|update|delete)/.test(sql)) return [];
  const explain = dialect === 'postgres' ? 'explain' : 'explain query plan';
  const { rows } = await db.executeQuery<Record<string, unknown>>(
    CompiledQuery.raw(`${explain} ${sql}`, [...parameters]),
  );
  return rows.map((row) => String(row['QUERY PLAN'] ?? row['detail']));
}

/**
 * Steps of a plan that read a whole table, or all devices of an app, which only the questions in `ABOUT_THE_APP` may.
 */
export function fullScans(shape: string, plan: readonly string[]): string[] {
  const whole = plan.filter((step) => /Seq Scan on|^SCAN (devices|subscriptions|user_bindings)\b/.test(step));
  if (ABOUT_THE_APP.has(shape)) return whole;
  const filtered = plan.some((step) => /^\s*Filter:/.test(step));
  const app = plan.filter(
    (step) =>
      /INDEX devices_app \(app_id=\?( AND id>|\))/.test(step) || (filtered && /using devices_app/.test(step)),
  );
  return [...whole, ...app];
}

const ABOUT_THE_APP: ReadonlySet<string> = new Set(['audience page of the whole app', 'list by nothing']);
