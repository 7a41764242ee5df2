/**
 * The catalogue of codes: every close code and every coded error frame Carillon sends, with its text and what a
 * client does next. PROTOCOL.md, "Errors and close codes".
 */

/** What official clients do after the code: `stop` until told, `back off` a second or more, `retry` at once. */
export type ClientReaction = 'stop' | 'back off' | 'retry' | 'stay';

export interface Code {
  readonly code: number;
  readonly text: string;
  readonly client: ClientReaction;
}

const catalogue = {
  tlsOnly: {
    code: 4000,
    text: 'Application only accepts TLS connections, reconnect using wss://',
    client: 'stop',
  },
  appUnknown: {
    code: 4001,
    text: 'App key KEY not in this cluster. Did you forget to specify the cluster?',
    client: 'stop',
  },
  appDisabled: { code: 4003, text: 'Application disabled', client: 'stop' },
  overQuota: { code: 4004, text: 'Account over quota', client: 'stop' },
  pathUnknown: { code: 4005, text: 'Path not found', client: 'stop' },
  versionInvalid: { code: 4006, text: 'Invalid version string format', client: 'stop' },
  versionUnsupported: { code: 4007, text: 'Unsupported protocol version', client: 'stop' },
  versionMissing: { code: 4008, text: 'No protocol version supplied', client: 'stop' },
  originRefused: { code: 4009, text: 'Origin not allowed', client: 'stop' },
  notAuthorizedInTime: { code: 4009, text: 'Connection not authorized within timeout', client: 'stop' },
  terminated: { code: 4009, text: 'You got disconnected by the app.', client: 'stop' },
  overCapacity: { code: 4100, text: 'Over capacity', client: 'back off' },
  badFrames: { code: 4100, text: 'Too many invalid frames', client: 'back off' },
  slowReader: { code: 4100, text: 'Connection reads too slowly', client: 'back off' },
  unavailable: { code: 4100, text: 'Temporarily unavailable', client: 'back off' },
  reconnect: { code: 4200, text: 'Please reconnect immediately', client: 'retry' },
  clientEventRate: { code: 4301, text: 'Client event rate limit exceeded', client: 'stay' },
  watchlistLimit: { code: 4302, text: 'Watchlist limit exceeded', client: 'stay' },
  frameTooLarge: { code: 1009, text: 'Message too large', client: 'back off' },
} as const satisfies Record<string, Code>;

/** All codes by name; `Codes.terminated.code` is the number on the wire. */
export const Codes: Readonly<Record<keyof typeof catalogue, Code>> = catalogue;

/** A close reason's longest form, in bytes of UTF-8 (RFC 6455, 5.5). */
const REASON_BYTES = 123;

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** `text` cut to what fits into a close frame, at a character boundary: a cut inside one is a protocol error. */
export function closeReason(text: string): string {
  const whole = text.replace(LONE_SURROGATE, '\ufffd');
  let bytes = 0;
  let end = 0;
  for (const character of whole) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (bytes > REASON_BYTES) break;
    end += character.length;
  }
  return whole.slice(0, end);
}
