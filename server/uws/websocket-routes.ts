/** WebSockets of uWebSockets → sessions. Every handler is guarded: what escapes one would end the process. */
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocket } from 'uWebSockets.js';
import { Codes, closeReason, errorBeforeClose } from '../../protocol/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { type Admission, CURRENT_PROTOCOL, type Knock, type Refused } from '../socket/admission.ts';
import type { Sessions } from '../socket/session.ts';
import { Counters } from '../telemetry/counters.ts';
import { nativeText } from './native-text.ts';
import { SlowReaders } from './slow-readers.ts';
import { type UserData, UwsSocket } from './uws-socket.ts';

export interface WebSocketPorts {
  readonly admit: (knock: Knock) => Admission | Refused;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
}

export interface WebSocketSettings {
  /** Bytes of one frame; up to four times as much is answered in words, beyond it uWebSockets hangs up. */
  readonly frameBytes: number;
  /** Bytes a socket may leave unread. */
  readonly outgoingBytes: number;
  /** Whether this server itself speaks TLS. */
  readonly tls: boolean;
  readonly trustProxy: boolean;
}

/**
 * Seconds without a sign of life after which a socket is dropped. uWebSockets pings it 16 seconds before: 60 seconds
 * of silence, then 15 to answer, counted in its steps of four. PROTOCOL.md, "Liveness".
 */
const IDLE_SECONDS = 76;

/** How far beyond the limit a frame is still received, to be refused in words. */
const OVERSIZE_FACTOR = 4;

const APP_PATH = /\/app\/([^/]+)\/?$/;

export function addWebSocketRoutes(
  app: TemplatedApp,
  ports: WebSocketPorts,
  settings: WebSocketSettings,
): void {
  const { sessions, counters, logger } = ports;
  const slowReaders = new SlowReaders({
    clock: ports.clock,
    counters,
    logger,
    closed: ({ connection }, code) => {
      if (connection !== undefined) sessions.closed(connection, code);
    },
  });

  const failed = (error: unknown, ws?: WebSocket<UserData>): void => {
    const peer = ws?.getUserData().peer;
    const connection = peer instanceof UwsSocket ? peer.connection : undefined;
    logger.error({ err: error, socketId: connection?.id }, 'socket handler failed');
    connection?.close(Codes.unavailable);
  };

  app.ws<UserData>('/*', {
    idleTimeout: IDLE_SECONDS,
    sendPingsAutomatically: true,
    maxPayloadLength: settings.frameBytes * OVERSIZE_FACTOR,
    maxBackpressure: settings.outgoingBytes,

    upgrade(response, request, context) {
      upgrade(response, request, context, knocked(ports, settings, request));
    },

    open(ws) {
      try {
        const data = ws.getUserData();
        const { peer } = data;
        if (peer instanceof UwsSocket) return;
        if ('code' in peer) {
          Counters.count(counters.refusals, peer.code.code);
          const farewell = errorBeforeClose(peer.protocol, peer.code.code, peer.text);
          if (farewell !== undefined) ws.send(nativeText(farewell));
          ws.end(peer.code.code, nativeText(closeReason(peer.text)));
          return;
        }
        const socket = new UwsSocket(ws);
        data.peer = socket;
        socket.connection = sessions.open(peer, socket);
      } catch (error) {
        failed(error, ws);
      }
    },

    message(ws, message, isBinary) {
      try {
        const { peer } = ws.getUserData();
        if (!(peer instanceof UwsSocket) || peer.connection?.open !== true) return;
        counters.framesReceived += 1;
        counters.bytesReceived += message.byteLength;
        if (message.byteLength > settings.frameBytes) sessions.receiveOversized(peer.connection);
        else if (isBinary) sessions.receiveBinary(peer.connection);
        else sessions.receive(peer.connection, Buffer.from(message).toString('utf8'));
      } catch (error) {
        failed(error, ws);
      }
    },

    dropped(ws) {
      slowReaders.dropped(ws);
    },

    drain(ws) {
      try {
        slowReaders.drained(ws);
      } catch (error) {
        failed(error, ws);
      }
    },

    close(ws, code) {
      try {
        slowReaders.freed(ws);
        const { peer } = ws.getUserData();
        if (!(peer instanceof UwsSocket)) return;
        peer.freed();
        if (peer.connection !== undefined) sessions.closed(peer.connection, code);
      } catch (error) {
        failed(error);
      }
    },
  });
}

/** Decides on a handshake; a failure of ours is a refusal too, since a throw here would abort the process. */
function knocked(
  ports: WebSocketPorts,
  settings: WebSocketSettings,
  request: HttpRequest,
): Admission | Refused {
  try {
    const knock = {
      key: APP_PATH.exec(request.getUrl())?.[1],
      protocol: request.getQuery('protocol'),
      version: request.getQuery('version'),
      origin: request.getHeader('origin'),
      tls: settings.tls || (settings.trustProxy && request.getHeader('x-forwarded-proto') === 'https'),
    };
    const decision = ports.admit(knock);
    if ('code' in decision) {
      const { code, text } = decision;
      ports.logger.debug(
        { ...knock, path: request.getUrl(), code: code.code, reason: text },
        'connection refused',
      );
    }
    return decision;
  } catch (error) {
    ports.logger.error({ err: error }, 'handshake failed');
    return { code: Codes.unavailable, text: Codes.unavailable.text, protocol: CURRENT_PROTOCOL };
  }
}

/** Completes the handshake, always: browsers can't see why an upgrade failed. */
function upgrade(
  response: HttpResponse,
  request: HttpRequest,
  context: us_socket_context_t,
  peer: Admission | Refused,
): void {
  // The first protocol offered is chosen: several clients fail when none is, browsers when another is.
  const offered = request.getHeader('sec-websocket-protocol');
  const comma = offered.indexOf(',');
  response.upgrade<UserData>(
    { peer },
    request.getHeader('sec-websocket-key'),
    comma === -1 ? offered : offered.slice(0, comma).trim(),
    request.getHeader('sec-websocket-extensions'),
    context,
  );
}
