/** What a change of apps means for connections: the next frame of each is judged by the app as it is then. */
import { type Code, Codes } from '../../protocol/index.ts';
import type { App } from '../apps/app.ts';
import type { AppChanges } from '../apps/app-registry.ts';
import type { Clock } from '../lib/clock.ts';
import type { Hub } from './hub.ts';

/** One app's many connections must not keep the others' waiting while they are closed: 50,000 a second. */
const CLOSES_AT_ONCE = 500;
const PAUSE_MS = 10;

/**
 * Brings the hub up to date. A disabled app's connections are closed with 4003, a removed one's with 4001. Connections
 * that came by a key which is withdrawn stay: only handshakes and signatures ask for keys.
 */
export function applyAppChanges(hub: Hub, clock: Clock, { added, changed, removed }: AppChanges): void {
  for (const app of added) hub.of(app);
  for (const { after } of changed) {
    hub.of(after);
    if (!after.enabled) closeAll(hub, clock, after, Codes.appDisabled);
  }
  for (const app of removed) {
    closeAll(hub, clock, app, Codes.appUnknown, unknownText(app));
    hub.forget(app.id);
  }
}

function closeAll(hub: Hub, clock: Clock, { id }: App, code: Code, text: string = code.text): void {
  const connections = [...hub.connections()].filter((connection) => connection.hub.app.id === id);
  const closeSome = (): void => {
    for (const connection of connections.splice(0, CLOSES_AT_ONCE)) connection.close(code, text);
    if (connections.length > 0) clock.after(PAUSE_MS, closeSome);
  };
  closeSome();
}

/** As at a handshake. Which key a connection came by is not kept; clients go by the code. */
function unknownText({ credentials }: App): string {
  return Codes.appUnknown.text.replace('KEY', () => credentials[0]?.key ?? '');
}
