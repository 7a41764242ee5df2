/** The kinds of publication: a frame that exists, and an event that is encoded only if somebody listens. */
import { eventFrame, quote } from '../../protocol/index.ts';
import type { Publication } from './broker.ts';

/** A frame that is already encoded. */
export class FramePublication implements Publication {
  readonly appId: string;
  readonly topic: string;
  readonly exceptSocketId: string | undefined;
  readonly #frame: string;

  constructor(appId: string, topic: string, frame: string, exceptSocketId?: string) {
    this.appId = appId;
    this.topic = topic;
    this.exceptSocketId = exceptSocketId;
    this.#frame = frame;
  }

  frame(): string {
    return this.#frame;
  }
}

/** Data on its way to several channels: escaped once for all of them, and only when one needs it. */
export class EventData {
  readonly text: string;
  #json: string | undefined;

  constructor(text: string) {
    this.text = text;
  }

  json(): string {
    this.#json ??= quote(this.text);
    return this.#json;
  }
}

/** An application event on one channel. */
export class EventPublication implements Publication {
  readonly appId: string;
  readonly topic: string;
  readonly event: string;
  readonly data: EventData;
  readonly exceptSocketId: string | undefined;
  readonly userId: string | undefined;
  #frame: string | undefined;

  /** @param userId the sender, for client events on presence channels */
  constructor(
    appId: string,
    channel: string,
    event: string,
    data: EventData,
    exceptSocketId?: string,
    userId?: string,
  ) {
    this.appId = appId;
    this.topic = channel;
    this.event = event;
    this.data = data;
    this.exceptSocketId = exceptSocketId;
    this.userId = userId;
  }

  frame(): string {
    this.#frame ??= eventFrame(this.event, this.topic, this.data.json(), this.userId);
    return this.#frame;
  }
}
