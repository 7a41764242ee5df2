/** What a client can say, decoded. PROTOCOL.md, "Frames". */

/** `pusher:ping` */
export interface Ping {
  readonly type: 'ping';
}

/** `pusher:pong`, or a `pusher:` event this version does not know: nothing to do. */
export interface Ignored {
  readonly type: 'ignored';
}

/** `pusher:subscribe`; `auth` and `channelData` are as sent, of any type, since their meaning depends on the channel. */
export interface Subscribe {
  readonly type: 'subscribe';
  readonly channel: string;
  readonly auth: unknown;
  readonly channelData: unknown;
}

/** `pusher:unsubscribe` */
export interface Unsubscribe {
  readonly type: 'unsubscribe';
  readonly channel: string;
}

/** `pusher:signin` */
export interface SignIn {
  readonly type: 'signin';
  readonly auth: string;
  readonly userData: string;
}

/** `client-…`; `data` is the text to relay: a string as sent, anything else as the JSON its author wrote. */
export interface ClientEvent {
  readonly type: 'client-event';
  readonly event: string;
  readonly channel: string;
  readonly data: string;
}

/** Nothing that the protocol knows; answered with a `pusher:error` of code null and `message`. */
export interface Invalid {
  readonly type: 'invalid';
  readonly message: string;
  /** True when it was no frame at all: counted towards closing a connection that sends rubbish. */
  readonly malformed: boolean;
}

export type ClientMessage = Ping | Ignored | Subscribe | Unsubscribe | SignIn | ClientEvent | Invalid;
