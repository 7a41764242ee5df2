/** What a development node prints when it is up: everything one needs to connect, ready to paste. */
import type { App } from '../apps/app.ts';
import type { Config } from '../config/config.ts';
import { DEFAULT_PORT } from '../config/schema.ts';
import { CONFIG_FILE } from '../config/settings.ts';
import { baseUrl, hostAndPort, isEveryAddress, reachableHost } from './address.ts';

/** Apps that are named one by one. */
const SHOWN_APPS = 5;

/** What `carillon trigger` takes for granted. */
const DEFAULT_HOST = '127.0.0.1';

/** `port` is the one in use, also when the config said 0; `appsFile` is the config file that lists the apps. */
export function banner(config: Config, port: number, appsFile: string | undefined): string {
  const host = reachableHost(config.host);
  const tls = config.tls !== undefined;
  const [app] = config.apps;
  const lines = ['', '  Carillon is running in development mode', '', ...appLines(config)];
  const key = app?.credentials[0]?.key ?? '';
  lines.push(`  WebSocket   ${baseUrl(tls ? 'wss' : 'ws', host, port)}/app/${key}`);
  lines.push(`  HTTP API    ${baseUrl(tls ? 'https' : 'http', host, port)}/apps/${app?.id ?? ''}`);
  if (config.console) lines.push(`  Console     ${baseUrl(tls ? 'https' : 'http', host, port)}/`);
  const everywhere = isEveryAddress(config.host)
    ? ", every address of this machine, so other machines' too"
    : '';
  lines.push(`  Listens on  ${hostAndPort(config.host, port)}${everywhere}`);
  lines.push('', '  Try it from another terminal, in this folder:', '');
  lines.push(`  ${triggerLine(config, port, appsFile)}`, '');
  return lines.join('\n');
}

function appLines({ apps, developmentApp }: Config): string[] {
  if (developmentApp === undefined) {
    const more = apps.length - SHOWN_APPS;
    return [...apps.slice(0, SHOWN_APPS).map(appLine), ...(more > 0 ? [`  and ${more} more`] : [])];
  }
  const { id, credentials } = developmentApp;
  return [
    '  No app is configured, so here is one for this machine:',
    '',
    `  App id      ${id}`,
    ...credentials.flatMap(({ key, secret }) => [`  Key         ${key}`, `  Secret      ${secret}`]),
  ];
}

function appLine({ id, credentials }: App): string {
  return `  App ${id}, key ${credentials.map(({ key }) => key).join(', ')}`;
}

/** Says what another terminal can't know: where the node is, and its app. A configured secret isn't printed. */
function triggerLine(config: Config, port: number, appsFile: string | undefined): string {
  const host = reachableHost(config.host);
  const [app] = config.apps;
  const words = [`npx --no carillon trigger my-channel my-event '{"hello":"world"}'`];
  if (host !== DEFAULT_HOST) words.push('--host', host);
  // The file may name another port than the one that flags or the environment chose.
  if (port !== DEFAULT_PORT || appsFile !== undefined) words.push('--port', String(port));
  if (config.tls !== undefined) words.push('--tls');
  if (appsFile !== undefined) words.push(CONFIG_FILE.flag, shellWord(appsFile));
  else if (config.developmentApp === undefined && app !== undefined) {
    words.push('--app-id', app.id, '--key', app.credentials[0]?.key ?? '', '--secret', 'YOUR_APP_SECRET');
  }
  return words.join(' ');
}

function shellWord(word: string): string {
  return /^[\w.:=@%+,/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
