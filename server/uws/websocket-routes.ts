/** WebSockets of uWebSockets → sessions. Every handler is guarded: what escapes one would end the process. */
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t } from 'uWebSockets.js';
import { Codes, closeReason, errorBeforeClose } from '../../protocol/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { type Admission, CURRENT_PROTOCOL, type Knock, type Refused } from '../socket/admission.ts';
import type { Sessions } from '../socket/session.ts';
import { Counters } from '../telemetry/counters.ts';
import { nativeText } from './native-text.ts';
import { SlowReaders } from './slow-readers.ts';
import { UwsKnock } from './uws-knock.ts';
import { type PeerSocket, type Publications, type UserData, UwsSocket } from './uws-socket.ts';

export interface WebSocketPorts {
  readonly admit: (knock: Knock) => Admission | Refused;
  readonly sessions: Sessions;
  /** What is settled before a socket is told anything else. */
  readonly publications: Publications;
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

/** Compression is the only one that uWebSockets has, and off: what a client offers need not be read. */
const NO_EXTENSIONS = '';

/** How far beyond the limit a frame is still received, to be refused in words. */
const OVERSIZE_FACTOR = 4;

/** uWebSockets copies what it is given into each WebSocket, the slow way: nothing. `peer` is set when it opens. */
const NO_USER_DATA: UserData = {};

export function addWebSocketRoutes(
  app: TemplatedApp,
  ports: WebSocketPorts,
  settings: WebSocketSettings,
): void {
  const { sessions, publications, counters, logger } = ports;
  const slowReaders = new SlowReaders({
    clock: ports.clock,
    counters,
    logger,
    closed: ({ connection }, code) => {
      if (connection !== undefined) sessions.closed(connection, code);
    },
  });

  /** The decision on the handshake that is being completed: uWebSockets opens the socket within that call. */
  let arriving: Admission | Refused | undefined;

  const failed = (error: unknown, ws?: PeerSocket): void => {
    const connection = ws?.peer?.connection;
    logger.error({ err: error, socketId: connection?.id }, 'socket handler failed');
    connection?.close(Codes.unavailable);
  };

  app.ws<UserData>('/*', {
    idleTimeout: IDLE_SECONDS,
    sendPingsAutomatically: true,
    maxPayloadLength: settings.frameBytes * OVERSIZE_FACTOR,
    maxBackpressure: settings.outgoingBytes,

    upgrade(response, request, context) {
      arriving = knocked(ports, settings, request);
      completeHandshake(response, request, context);
    },

    open(ws: PeerSocket) {
      try {
        const decision = arriving;
        if (decision === undefined) return;
        arriving = undefined;
        if ('code' in decision) {
          Counters.count(counters.refusals, decision.code.code);
          const farewell = errorBeforeClose(decision.protocol, decision.code.code, decision.text);
          if (farewell !== undefined) ws.send(nativeText(farewell));
          ws.end(decision.code.code, nativeText(closeReason(decision.text)));
          return;
        }
        const socket = new UwsSocket(ws, publications);
        ws.peer = socket;
        socket.connection = sessions.open(decision, socket);
      } catch (error) {
        failed(error, ws);
      }
    },

    message(ws: PeerSocket, message, isBinary) {
      try {
        const connection = ws.peer?.connection;
        if (connection?.open !== true) return;
        counters.framesReceived += 1;
        counters.bytesReceived += message.byteLength;
        if (message.byteLength > settings.frameBytes) sessions.receiveOversized(connection);
        else if (isBinary) sessions.receiveBinary(connection);
        else sessions.receive(connection, Buffer.from(message).toString('utf8'));
      } catch (error) {
        failed(error, ws);
      }
    },

    dropped(ws: PeerSocket) {
      slowReaders.dropped(ws);
    },

    drain(ws: PeerSocket) {
      try {
        slowReaders.drained(ws);
      } catch (error) {
        failed(error, ws);
      }
    },

    close(ws: PeerSocket, code) {
      try {
        slowReaders.freed(ws);
        const { peer } = ws;
        if (peer === undefined) return;
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
    const knock = new UwsKnock(request, settings);
    const decision = ports.admit(knock);
    if ('code' in decision) {
      const { code, text } = decision;
      ports.logger.debug({ ...knock.details(), code: code.code, reason: text }, 'connection refused');
    }
    return decision;
  } catch (error) {
    ports.logger.error({ err: error }, 'handshake failed');
    return { code: Codes.unavailable, text: Codes.unavailable.text, protocol: CURRENT_PROTOCOL };
  }
}

/** Always: browsers can't see why an upgrade failed. */
function completeHandshake(response: HttpResponse, request: HttpRequest, context: us_socket_context_t): void {
  // The first protocol offered is chosen: several clients fail when none is, browsers when another is.
  const offered = request.getHeader('sec-websocket-protocol');
  const comma = offered.indexOf(',');
  response.upgrade<UserData>(
    NO_USER_DATA,
    request.getHeader('sec-websocket-key'),
    comma === -1 ? offered : offered.slice(0, comma).trim(),
    NO_EXTENSIONS,
    context,
  );
}
