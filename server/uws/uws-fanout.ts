/** Fan-out by uWebSockets' topics: one native call, whatever the number of subscribers. See the port. */
import type { TemplatedApp } from 'uWebSockets.js';
import type { Fanout } from '../channels/fanout.ts';
import type { Socket } from '../channels/socket.ts';
import { nativeFrame, nativeText } from './native-text.ts';
import { UwsSocket } from './uws-socket.ts';

export class UwsFanout implements Fanout {
  readonly #app: TemplatedApp;

  constructor(app: TemplatedApp) {
    this.#app = app;
  }

  publish(topic: string, frame: string | Uint8Array, except?: Socket): void {
    if (except instanceof UwsSocket) except.publishToOthers(topic, frame);
    else this.#app.publish(nativeText(topic), nativeFrame(frame));
  }
}
