/**
 * The registry with a million devices: how long each kind of question takes, and by which plan it is answered.
 *
 *     node dist/bench/push/registry-plans.js postgres://user@host/empty-database [devices]
 *     node dist/bench/push/registry-plans.js /a/folder [devices]
 *
 * The database is filled and left as it is; run again, it is asked without filling.
 */
import type { Dialect } from 'kysely';
import type { DatabaseSettings } from '../../server/config/config.ts';
import { LibsqlDialect } from '../../server/database/libsql-dialect.ts';
import { openDatabase } from '../../server/database/open-database.ts';
import { PgDialect } from '../../server/database/pg-dialect.ts';
import { WorkerLink } from '../../server/database/worker-link.ts';
import type { Logger } from '../../server/lib/logger.ts';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import { type Filled, fillRegistry } from './registry-fill.ts';
import {
  fullScans,
  planOf,
  type RecordedRegistry,
  recordedRegistry,
  SHAPES,
  type Shape,
  type Statement,
} from './registry-shapes.ts';

const RUNS = 21;
const PAGE = 500;
/** Steps of a plan that are printed. */
const SHOWN = 12;
const WIDTH = 160;
const APP = 'million';
const nothing = (): undefined => undefined;
const logger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

const [place = '', devices = '1000000'] = process.argv.slice(2);
if (place === '') throw new Error('give the address of an empty database, or a folder');
const settings: DatabaseSettings = place.startsWith('postgres')
  ? { kind: 'postgres', url: place, ssl: 'disable', ca: undefined, poolSize: 4 }
  : { kind: 'sqlite', folder: place };

const filled = await prepare(Number(devices));
const registry = recordedRegistry(settings.kind, await dialectOf(settings));
try {
  console.log(`${settings.kind}, ${filled.devices} devices\n`);
  const all: Timed[] = [];
  for (const shape of SHAPES) all.push(await timed(registry, shape));
  for (const one of all) await showPlans(registry, one);
} finally {
  await registry.database.close();
}

async function prepare(count: number): Promise<Filled> {
  const database = await openDatabase(settings, systemClock, logger);
  const started = systemClock.now();
  const middle = await database.db
    .selectFrom('devices')
    .select(['id', 'token', 'user_id'])
    .where('app_id', '=', APP)
    .where('user_id', '=', `user-${Math.floor(count / 8)}`)
    .executeTakeFirst();
  const result: Filled =
    middle === undefined
      ? await fillRegistry(database, APP, count, PAGE)
      : { appId: APP, devices: count, page: PAGE, sample: { ...middle, user: middle.user_id ?? '' } };
  console.log(`ready after ${((systemClock.now() - started) / 1000).toFixed(1)} s`);
  await database.close();
  return result;
}

async function dialectOf(given: DatabaseSettings): Promise<Dialect> {
  if (given.kind === 'postgres') return new PgDialect(given, new OccasionalLog(systemClock, logger));
  return new LibsqlDialect(await WorkerLink.open({ folder: given.folder }));
}

interface Timed {
  readonly name: string;
  readonly heading: string;
  readonly statements: readonly Statement[];
}

async function timed(on: RecordedRegistry, shape: Shape): Promise<Timed> {
  const times: number[] = [];
  let statements = on.taken();
  for (let run = 0; run < RUNS; run += 1) {
    on.taken();
    const started = performance.now();
    await shape.run(on, filled);
    times.push(performance.now() - started);
    statements = on.taken();
  }
  times.sort((a, b) => a - b);
  const at = (part: number): string => (times[Math.floor((RUNS - 1) * part)] ?? 0).toFixed(2);
  const heading = `${shape.name}: shortest ${at(0)} ms, median ${at(0.5)} ms, ${statements.length} statements`;
  console.log(heading);
  return { name: shape.name, heading, statements };
}

async function showPlans(on: RecordedRegistry, { name, heading, statements }: Timed): Promise<void> {
  console.log(`\n## ${heading}`);
  for (const statement of statements) {
    const plan = await planOf(on.database, statement);
    for (const step of plan.slice(0, SHOWN)) console.log(`    ${step.slice(0, WIDTH)}`);
    if (plan.length > SHOWN) console.log(`    … ${plan.length - SHOWN} more steps`);
    for (const step of fullScans(name, plan)) console.log(`  FULL SCAN ${step.slice(0, WIDTH)}`);
  }
}
