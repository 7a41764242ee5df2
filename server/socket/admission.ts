/** Whether a client that knocks may come in, decided in the protocol's order. PROTOCOL.md, "Connecting". */
import { type Code, Codes } from '../../protocol/index.ts';
import type { AppRegistry } from '../apps/app-registry.ts';
import type { AppHub, Hub } from '../channels/hub.ts';
import { originAllowed } from '../lib/origin.ts';

/** What a handshake says. Only what is needed is asked for, since reading it costs. */
export interface Knock {
  /** The app key in the path; undefined when the path is none of the protocol's. */
  readonly key: string | undefined;
  /** Query parameters as sent; undefined when absent. */
  readonly protocol: string | undefined;
  readonly version: string | undefined;
  /** The `Origin` header; '' when absent, as from native clients. */
  readonly origin: string;
  /** Whether the client came by TLS, here or at a trusted proxy. */
  readonly tls: boolean;
}

export interface Admission {
  readonly hub: AppHub;
  readonly protocol: number;
}

/** A refusal is told after the upgrade, by a close code: browsers can't see why an upgrade failed. */
export interface Refused {
  readonly code: Code;
  readonly text: string;
  readonly protocol: number;
}

export interface AdmissionPorts {
  readonly registry: AppRegistry;
  readonly hub: Hub;
  /** Connections this node takes; 0 for any number. */
  readonly maxConnections: number;
  /** True while the node is stopping. */
  readonly draining: () => boolean;
}

/** The protocol of clients that don't say which. */
export const CURRENT_PROTOCOL = 7;
const OLDEST_PROTOCOL = 4;

export function admit(ports: AdmissionPorts, knock: Knock): Admission | Refused {
  const { registry, hub, maxConnections, draining } = ports;
  const { protocol, problem } = protocolVersion(knock);
  const refuse = (code: Code, text: string = code.text): Refused => ({ code, text, protocol });

  const { key } = knock;
  if (key === undefined) return refuse(Codes.pathUnknown);
  const app = registry.byKey(key)?.app;
  if (app === undefined)
    return refuse(
      Codes.appUnknown,
      Codes.appUnknown.text.replace('KEY', () => key),
    );
  if (!app.enabled) return refuse(Codes.appDisabled);
  if (app.forceTls && !knock.tls) return refuse(Codes.tlsOnly);
  if (problem !== undefined) return refuse(problem);
  if (app.allowedOrigins.length > 0 && !originAllowed(knock.origin, app.allowedOrigins))
    return refuse(Codes.originRefused);
  const appHub = hub.of(app);
  if (app.limits.connections > 0 && appHub.quotaUsed >= app.limits.connections)
    return refuse(Codes.overQuota);
  if (draining() || (maxConnections > 0 && hub.size >= maxConnections)) return refuse(Codes.overCapacity);
  return { hub: appHub, protocol };
}

interface SpokenProtocol {
  readonly protocol: number;
  readonly problem?: Code;
}

const CURRENT: SpokenProtocol = { protocol: CURRENT_PROTOCOL };
const CURRENT_TEXT = String(CURRENT_PROTOCOL);

/** The protocol a client speaks, as far as it can be told, and what is wrong with it. */
function protocolVersion(knock: Knock): SpokenProtocol {
  const { protocol } = knock;
  if (protocol === CURRENT_TEXT) return CURRENT;
  if (protocol === undefined) {
    return knock.version === undefined
      ? { protocol: CURRENT_PROTOCOL, problem: Codes.versionMissing }
      : CURRENT;
  }
  if (!/^-?\d+$/.test(protocol)) return { protocol: CURRENT_PROTOCOL, problem: Codes.versionInvalid };
  const number = Number(protocol);
  if (number >= OLDEST_PROTOCOL && number <= CURRENT_PROTOCOL) return { protocol: number };
  return { protocol: number, problem: Codes.versionUnsupported };
}
