/** `/admin/apps`: the apps, and changes of those that are stored in a database. docs/apps.md. */

import type { Credential } from '../../apps/app.ts';
import type { AppAdministration, Asker } from '../../apps/app-administration.ts';
import { AppRefusal, type RefusalKind } from '../../apps/app-refusal.ts';
import type { AppRegistry } from '../../apps/app-registry.ts';
import type { StoredApp } from '../../apps/stored-app.ts';
import { DatabaseUnavailable } from '../../database/database-error.ts';
import type { OccasionalLog } from '../../lib/occasional-log.ts';
import {
  ADMIN_HEADERS,
  type AdminCall,
  type AdminEndpoint,
  type AdminRoutes,
  adminJson,
} from '../admin-api.ts';
import type { Headers, HttpResponse } from '../message.ts';
import { parameter } from '../query.ts';
import { rotationIn, settingsIn, versionIn } from './app-bodies.ts';
import { type AppView, fixedView, storedView } from './app-view.ts';

export interface AppsAdminPorts {
  /** The apps of the configuration. */
  readonly fixed: AppRegistry;
  /** Undefined where there is no database. */
  readonly administration: AppAdministration | undefined;
  readonly log: OccasionalLog;
}

const PATH = '/admin/apps';
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
/** As the schema has it; anything else is no app's, and nothing to ask a database for. */
const ID = /^[\w.~-]{1,128}$/;

const STATUS: Readonly<Record<RefusalKind, number>> = {
  invalid: 400,
  unknown: 404,
  taken: 409,
  fixed: 409,
  last: 409,
  stale: 412,
};

const NO_DATABASE =
  'Apps can be changed while running only where they are stored in a database: set CARILLON_DATABASE_URL ' +
  '(PostgreSQL) or CARILLON_DATA_DIR (SQLite). Those of the configuration are changed there, with a restart';

const AWAY =
  "The database can't be reached, or is busy. If this was to be a change, look whether it was made before you try again";

type Change = (
  administration: AppAdministration,
  id: string,
  call: AdminCall,
  asker: Asker,
) => Promise<HttpResponse>;

export function appRoutes(ports: AppsAdminPorts): AdminRoutes {
  const change =
    (work: Change): AdminEndpoint =>
    (call) =>
      changed(ports, call, work);
  const route = (path: string, ...endpoints: Array<[method: string, endpoint: AdminEndpoint]>) =>
    [`${PATH}${path}`, new Map(endpoints)] as const;
  return new Map([
    route('', ['GET', (call) => list(ports, call)], ['POST', change(create)]),
    route(
      '/*',
      ['GET', (call) => show(ports, call)],
      [
        'PATCH',
        change(async (apps, id, call, asker) => shown(await apps.merge(id, settingsIn(call), asker))),
      ],
      [
        'PUT',
        change(async (apps, id, call, asker) => shown(await apps.replace(id, settingsIn(call), asker))),
      ],
      ['DELETE', change(remove)],
    ),
    route('/*/disable', [
      'POST',
      change(async (apps, id, _, asker) => shown(await apps.setEnabled(id, false, asker))),
    ]),
    route('/*/enable', [
      'POST',
      change(async (apps, id, _, asker) => shown(await apps.setEnabled(id, true, asker))),
    ]),
    route('/*/rotate', ['POST', change(rotate)]),
    route('/*/credentials/*', [
      'DELETE',
      change(async (apps, id, { names }, asker) => shown(await apps.withdraw(id, names[1] ?? '', asker))),
    ]),
  ]);
}

/** A page in the byte order of ids, of the configuration and of the database together. */
function list(
  { fixed, administration, log }: AppsAdminPorts,
  { parameters }: AdminCall,
): Promise<HttpResponse> {
  return answered(log, async () => {
    const limit = parameter(parameters, 'limit') ?? String(DEFAULT_LIMIT);
    if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT) {
      throw new AppRefusal('invalid', `limit must be a whole number from 1 to ${MAX_LIMIT}`);
    }
    const after = parameter(parameters, 'cursor') ?? '';
    if (after !== '' && !ID.test(after)) throw new AppRefusal('invalid', 'cursor is not one of ours');
    // One more than asked for shows whether there are more.
    const stored = (await administration?.page(after, Number(limit) + 1)) ?? [];
    const views: AppView[] = [
      ...[...fixed.all()].filter(({ id }) => id > after).map(fixedView),
      // Of two with one id, nodes use the configuration's.
      ...stored
        .filter(({ id }) => fixed.byId(id) === undefined)
        .map((app) => storedView(app, administration?.problemsOf(app))),
    ];
    views.sort((a, b) => (a.id < b.id ? -1 : 1));
    const page = views.slice(0, Number(limit));
    return adminJson(200, {
      apps: page,
      cursor: views.length > page.length ? (page.at(-1)?.id ?? null) : null,
    });
  });
}

function show(
  { fixed, administration, log }: AppsAdminPorts,
  { names: [id = ''] }: AdminCall,
): Promise<HttpResponse> {
  return answered(log, async () => {
    const own = fixed.byId(id);
    if (own !== undefined) return adminJson(200, fixedView(own));
    const stored = ID.test(id) ? await administration?.find(id) : undefined;
    if (stored === undefined) throw new AppRefusal('unknown', `there is no app ${id}`);
    return shown(stored, { problems: administration?.problemsOf(stored) });
  });
}

async function create(
  apps: AppAdministration,
  _: string,
  call: AdminCall,
  asker: Asker,
): Promise<HttpResponse> {
  const { app, pair } = await apps.create(settingsIn(call), asker);
  return shown(app, { status: 201, secretOf: pair, headers: [['Location', `${PATH}/${app.id}`]] });
}

async function rotate(
  apps: AppAdministration,
  id: string,
  call: AdminCall,
  asker: Asker,
): Promise<HttpResponse> {
  const { overlapSeconds, pair: given } = rotationIn(call);
  const { app, pair } = await apps.rotate(id, overlapSeconds, given, asker);
  return shown(app, { secretOf: pair });
}

async function remove(
  apps: AppAdministration,
  id: string,
  _: AdminCall,
  asker: Asker,
): Promise<HttpResponse> {
  await apps.remove(id, asker);
  return adminJson(200, { deleted: id });
}

function changed(
  { fixed, administration, log }: AppsAdminPorts,
  call: AdminCall,
  work: Change,
): Promise<HttpResponse> {
  return answered(log, async () => {
    if (administration === undefined) return adminJson(501, { error: NO_DATABASE });
    const [id = ''] = call.names;
    if (call.names.length > 0 && fixed.byId(id) === undefined && !ID.test(id)) {
      throw new AppRefusal('unknown', `there is no app ${id}`);
    }
    return work(administration, id, call, { address: call.caller.address, version: versionIn(call) });
  });
}

/** Refusals and a database that is away, as answers. */
async function answered(log: OccasionalLog, work: () => Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppRefusal) {
      return adminJson(STATUS[error.kind], { error: error.message, problems: error.problems });
    }
    if (!(error instanceof DatabaseUnavailable)) throw error;
    log.warn('apps', { err: error }, 'admin request failed: database away');
    return adminJson(503, { error: AWAY });
  }
}

interface Shown {
  readonly status?: number;
  readonly problems?: readonly string[] | undefined;
  /** The pair whose secret is told, this once. */
  readonly secretOf?: Credential;
  readonly headers?: Headers;
}

function shown(app: StoredApp, { status = 200, problems, secretOf, headers = [] }: Shown = {}): HttpResponse {
  const view = storedView(app, problems);
  return adminJson(status, secretOf === undefined ? view : { ...secretOf, ...view }, [
    ...ADMIN_HEADERS,
    ['ETag', `"${app.version}"`],
    ...headers,
  ]);
}
