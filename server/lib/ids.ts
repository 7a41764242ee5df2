/** Identifiers, passed in so that tests can foresee them. */
export interface Ids {
  /** A socket id, `digits.digits`: unguessable, and unique for all practical purposes. */
  socketId(): string;
}
