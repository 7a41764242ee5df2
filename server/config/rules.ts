/** Checks that look at several settings at once; each setting by itself is right when these are asked. */
import type { App, Credential } from '../apps/app.ts';
import type { Config, TlsSettings } from './config.ts';
import type { Problem } from './config-error.ts';
import { DEVELOPMENT_CREDENTIAL } from './development-app.ts';
import { type ReadFile, unreadable } from './file.ts';
import type { NodeSettings } from './schema.ts';

/** The name of the setting at a path, as the user spelled it. */
export type Spell = (path: string) => string;

/** Certificate and key come as a pair that can be read. */
export function tlsProblems(tls: NodeSettings['tls'], spell: Spell, readFile: ReadFile): Problem[] {
  const { certFile, keyFile, passphrase } = tls;
  const problems: Problem[] = [];
  const given = certFile ?? keyFile ?? passphrase;
  if (given === undefined) return [];
  for (const [path, file] of [
    ['tls.certFile', certFile],
    ['tls.keyFile', keyFile],
  ] as const) {
    if (file === undefined) {
      problems.push({ key: spell(path), message: 'is missing; TLS needs a certificate and its key' });
      continue;
    }
    try {
      readFile(file);
    } catch (error) {
      problems.push({ key: spell(path), message: `names ${file}, which ${unreadable(error)}` });
    }
  }
  return problems;
}

export function tlsFrom({ certFile, keyFile, passphrase }: NodeSettings['tls']): TlsSettings | undefined {
  if (certFile === undefined || keyFile === undefined) return undefined;
  return { certFile, keyFile, passphrase };
}

/** An address for webhooks belongs to the app that is given beside it, or to the one made up. */
export function webhookUrlProblems(
  { id, webhookUrl }: NodeSettings['app'],
  developmentApp: App | undefined,
  spell: Spell,
): Problem[] {
  if (webhookUrl === undefined || id !== undefined || developmentApp !== undefined) return [];
  const message = `goes with ${spell('app.id')}, key and secret; apps in a list have webhooks of their own`;
  return [{ key: spell('app.webhookUrl'), message }];
}

/** The embedded database belongs to one process. */
export function workerProblems({ workers, database, dataDir }: NodeSettings, spell: Spell): Problem[] {
  if (workers === 1 || dataDir === undefined || database.url !== undefined) return [];
  const message =
    `is ${workers}, but the embedded database (${spell('dataDir')}) serves one process; ` +
    'give a PostgreSQL (CARILLON_DATABASE_URL), or leave one of the two out';
  return [{ key: spell('workers'), message }];
}

/**
 * JSON doubles data that is mostly quotes; names, ids and punctuation take the rest. Control characters, and other
 * letters where a client escapes them, take more: whoever sends full batches of those raises the limit.
 */
const BATCH_OVERHEAD_BYTES = 65_536;
const ESCAPING_FACTOR = 2;

/** A batch that an app's limits allow has to fit into a request body. */
export function bodyProblems(bodyBytes: number, apps: readonly App[], spell: Spell): Problem[] {
  const needs = apps.map(({ id, limits }) => ({
    id,
    limits,
    bytes: limits.eventsPerBatch * limits.eventDataBytes * ESCAPING_FACTOR + BATCH_OVERHEAD_BYTES,
  }));
  const largest = needs.reduce<(typeof needs)[number] | undefined>(
    (most, need) => (most === undefined || need.bytes > most.bytes ? need : most),
    undefined,
  );
  if (largest === undefined || largest.bytes <= bodyBytes) return [];
  const { id, limits, bytes } = largest;
  return [
    {
      key: spell('limits.bodyBytes'),
      message:
        `is ${bodyBytes}, but a full batch of app ${id} (${limits.eventsPerBatch} events of ` +
        `${limits.eventDataBytes} bytes) can take ${bytes}; set it to at least ${bytes}, ` +
        "or lower the app's eventsPerBatch or eventDataBytes",
    },
  ];
}

/** The credentials of the made-up app are in the documentation, so in production anyone could use them. */
export function productionProblems(apps: readonly App[]): Problem[] {
  return apps.flatMap(({ id, credentials }) =>
    credentials.filter(isDevelopmentCredential).map(() => ({
      key: `app ${id}`,
      message: 'uses the key or secret of the development app, which everybody knows; make up your own',
    })),
  );
}

const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::']);
const THIS_MACHINE = /^(127\.[\d.]+|::1|localhost)$/;

/** What is fine on one's own machine and should not be forgotten on another. */
export function developmentWarnings({ host, apps, developmentApp }: Config): string[] {
  const warnings: string[] = [];
  if (apps.some(usesDevelopmentCredential) && !THIS_MACHINE.test(host)) {
    warnings.push(
      `development mode: the development app's secret is public knowledge, and ${host} can be reached from other ` +
        'machines; whoever does can publish and read everything. Configure an app of your own',
    );
  }
  if (developmentApp === undefined && EVERYWHERE.has(host)) {
    warnings.push(
      `development mode: this node has an app of its own and listens on every address (${host}); ` +
        'if it is to serve others, set CARILLON_MODE=production, if not, CARILLON_HOST=127.0.0.1',
    );
  }
  return warnings;
}

function usesDevelopmentCredential({ credentials }: App): boolean {
  return credentials.some(isDevelopmentCredential);
}

function isDevelopmentCredential({ key, secret }: Credential): boolean {
  return key === DEVELOPMENT_CREDENTIAL.key || secret === DEVELOPMENT_CREDENTIAL.secret;
}

const SHORT_SECRET = 8;

export function productionWarnings(apps: Config['apps']): string[] {
  return apps.flatMap((app) =>
    shortSecrets(app).map(
      (name) => `app ${app.id} has a ${name} shorter than ${SHORT_SECRET} characters, which can be guessed`,
    ),
  );
}

/** What opens the app's doors, by name, where it is short. */
function shortSecrets({ credentials, push: { beams, centrifugo, kinvey } }: App): string[] {
  const secrets: ReadonlyArray<readonly [name: string, secret: string | undefined]> = [
    ...credentials.map(({ secret }) => ['secret', secret] as const),
    ['push.beams.secretKey', beams?.secretKey],
    ['push.centrifugo.apiKey', centrifugo?.apiKey],
    ['push.kinvey.appSecret', kinvey?.appSecret],
    ['push.kinvey.masterSecret', kinvey?.masterSecret],
  ];
  const short = secrets.filter(([, secret]) => secret !== undefined && secret.length < SHORT_SECRET);
  return [...new Set(short.map(([name]) => name))];
}
