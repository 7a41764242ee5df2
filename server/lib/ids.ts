/** Identifiers, passed in so that tests can foresee them. */
export interface Ids {
  /** A socket id, `digits.digits`: unguessable, and unique for all practical purposes. */
  socketId(): string;
  /** A name for one thing that is kept or repeated: unguessable, and unique anywhere, ever. */
  uniqueId(): string;
}
