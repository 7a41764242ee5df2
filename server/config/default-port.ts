/** The port a node listens on unless told otherwise. */
export const DEFAULT_PORT = 6001;
