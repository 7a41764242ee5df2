/** What a development node prints when it is up: everything one needs to connect, ready to paste. */
import type { Config } from '../config/config.ts';
import { DEFAULT_PORT } from '../config/schema.ts';
import { baseUrl, reachableHost } from './address.ts';

/** `port` is the one in use, also when the config said 0. */
export function banner(config: Config, port: number): string {
  const host = reachableHost(config.host);
  const tls = config.tls !== undefined;
  const [app] = config.apps;
  const lines = ['', '  Carillon is running in development mode', ''];
  if (config.developmentApp !== undefined) {
    const { id, credentials } = config.developmentApp;
    lines.push('  No app is configured, so here is one for this machine:', '');
    lines.push(`  App id      ${id}`);
    for (const { key, secret } of credentials) lines.push(`  Key         ${key}`, `  Secret      ${secret}`);
  } else {
    for (const { id, credentials } of config.apps) {
      lines.push(`  App ${id}, key ${credentials.map(({ key }) => key).join(', ')}`);
    }
  }
  const key = app?.credentials[0]?.key ?? '';
  lines.push(`  WebSocket   ${baseUrl(tls ? 'wss' : 'ws', host, port)}/app/${key}`);
  lines.push(`  HTTP API    ${baseUrl(tls ? 'https' : 'http', host, port)}/apps/${app?.id ?? ''}`);
  if (config.console) lines.push(`  Console     ${baseUrl(tls ? 'https' : 'http', host, port)}/`);
  const at = port === DEFAULT_PORT ? '' : ` --port ${port}`;
  lines.push('', '  Try it from another terminal:', '');
  lines.push(`  npx carillon trigger my-channel my-event '{"hello":"world"}'${at}`, '');
  return lines.join('\n');
}
