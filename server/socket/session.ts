/** A connection's life: opened, frames, closed. Transports call it; it calls the commands. */
import {
  type ClientMessage,
  Codes,
  connectionEstablished,
  decode,
  errorFrame,
  type Invalid,
  PONG,
} from '../../protocol/index.ts';
import type { ClientEventCommand } from '../channels/client-event.ts';
import { Connection } from '../channels/connection.ts';
import { type DisconnectPorts, disconnect } from '../channels/disconnect.ts';
import type { Hub } from '../channels/hub.ts';
import type { SignInCommand } from '../channels/signin.ts';
import type { Socket } from '../channels/socket.ts';
import type { SubscribeCommand } from '../channels/subscribe.ts';
import type { UnsubscribeCommand } from '../channels/unsubscribe.ts';
import type { Ids } from '../lib/ids.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { Admission } from './admission.ts';
import type { AuthorizationDeadlines } from './authorization-deadlines.ts';

export interface SessionPorts extends DisconnectPorts {
  readonly hub: Hub;
  readonly ids: Ids;
  readonly counters: Counters;
  readonly deadlines: AuthorizationDeadlines;
  readonly subscribe: SubscribeCommand;
  readonly unsubscribe: UnsubscribeCommand;
  readonly clientEvent: ClientEventCommand;
  readonly signIn: SignInCommand;
  /** Called when a connection is gone. */
  readonly gone: (connection: Connection) => void;
}

export interface SessionLimits {
  /** Bytes of one frame. */
  readonly frameBytes: number;
  /** Bad frames in a row that a connection survives. */
  readonly badFrames: number;
}

const BINARY: Invalid = {
  type: 'invalid',
  message: 'Invalid frame: binary frames are not part of the protocol',
  malformed: true,
};

export class Sessions {
  readonly #ports: SessionPorts;
  readonly #limits: SessionLimits;

  constructor(ports: SessionPorts, limits: SessionLimits) {
    this.#ports = ports;
    this.#limits = limits;
  }

  /** A socket whose handshake was admitted: it becomes a connection and is greeted. */
  open({ hub: appHub, protocol }: Admission, socket: Socket): Connection {
    const { hub, ids, counters, deadlines } = this.#ports;
    let id = ids.socketId();
    while (hub.connection(id) !== undefined) id = ids.socketId();
    const connection = new Connection(id, appHub, protocol, socket);
    hub.add(connection);
    counters.connectionsOpened += 1;
    deadlines.start(connection);
    connection.send(connectionEstablished(id, appHub.app.activityTimeoutSeconds));
    return connection;
  }

  /** A text frame. */
  receive(connection: Connection, text: string): void {
    this.#handle(connection, decode(text));
  }

  /** A binary frame: no part of the protocol. */
  receiveBinary(connection: Connection): void {
    this.#handle(connection, BINARY);
  }

  /** A frame beyond the limit: told in words, then closed. */
  receiveOversized(connection: Connection): void {
    const text = `${Codes.frameTooLarge.text}: a frame may have ${this.#limits.frameBytes} bytes`;
    connection.send(errorFrame(null, text));
    connection.close(Codes.frameTooLarge, text);
  }

  /** The socket is gone, whoever closed it. */
  closed(connection: Connection, code: number): void {
    if (!connection.open) return;
    connection.open = false;
    const { hub, counters, deadlines } = this.#ports;
    hub.remove(connection);
    deadlines.forget(connection);
    this.#ports.gone(connection);
    counters.closed(code);
    disconnect(this.#ports, connection, code);
  }

  #handle(connection: Connection, message: ClientMessage): void {
    const { subscribe, unsubscribe, clientEvent, signIn } = this.#ports;
    if (message.type === 'invalid') {
      this.#refuse(connection, message);
      return;
    }
    connection.badFrames = 0;
    switch (message.type) {
      case 'client-event':
        clientEvent.run(connection, message);
        break;
      case 'ping':
        connection.answer(PONG);
        break;
      case 'subscribe':
        subscribe.run(connection, message);
        break;
      case 'unsubscribe':
        unsubscribe.run(connection, message);
        break;
      case 'signin':
        signIn.run(connection, message);
        break;
      case 'ignored':
        break;
    }
  }

  #refuse(connection: Connection, { message, malformed }: Invalid): void {
    connection.sendError(message);
    if (!malformed) {
      connection.badFrames = 0;
      return;
    }
    connection.badFrames += 1;
    if (connection.badFrames >= this.#limits.badFrames) connection.close(Codes.badFrames);
  }
}
