/**
 * The transport under a connection: a WebSocket today, a long-polled HTTP session tomorrow. A connection's life asks
 * for no more than this.
 */
export interface Socket {
  /** Sends one frame after everything sent or published to this socket before. Does nothing once closed. */
  send(frame: string): void;
  /** Starts to receive what `Fanout` publishes to a topic; again is harmless. */
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /**
   * Closes with a code after what was sent has left. The session hears of the close at once, within this call.
   * @param reason any text; cut to what a close frame holds
   */
  end(code: number, reason: string): void;
}
