/** What a change of apps means for connections: the next frame of each is judged by the app as it is then. */
import { type Code, Codes } from '../../protocol/index.ts';
import type { App } from '../apps/app.ts';
import type { AppChanges } from '../apps/app-registry.ts';
import type { Hub } from './hub.ts';

/**
 * Brings the hub up to date. A disabled app's connections are closed with 4003, a removed one's with 4001. Connections
 * that came by a key which is withdrawn stay: only handshakes and signatures ask for keys.
 */
export function applyAppChanges(hub: Hub, { added, changed, removed }: AppChanges): void {
  for (const app of added) hub.of(app);
  for (const { after } of changed) {
    hub.of(after);
    if (!after.enabled) closeAll(hub, after, Codes.appDisabled);
  }
  for (const app of removed) {
    closeAll(hub, app, Codes.appUnknown, unknownText(app));
    hub.forget(app.id);
  }
}

function closeAll(hub: Hub, { id }: App, code: Code, text: string = code.text): void {
  // A copy, because a close may take its connection out at once.
  for (const connection of [...hub.connections()]) {
    if (connection.hub.app.id === id) connection.close(code, text);
  }
}

/** As at a handshake. Which key a connection came by is not kept; clients go by the code. */
function unknownText({ credentials }: App): string {
  return Codes.appUnknown.text.replace('KEY', () => credentials[0]?.key ?? '');
}
