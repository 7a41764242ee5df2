/** Text on its way into uWebSockets. */

/** Node 24's module version. */
const NODE_24 = 137;

/**
 * What uWebSockets sends as UTF-8. Its binaries from Node 24 on take a string whose characters all fit a byte as it
 * lies in memory: `é` would leave as one byte, which is no UTF-8 and ends the connection. Those get the bytes made here.
 */
export const nativeText: (text: string) => string | Buffer =
  Number(process.versions.modules) < NODE_24 ? (text) => text : (text) => Buffer.from(text, 'utf8');

/** A frame that may be bytes already, as they came from another node. */
export function nativeFrame(frame: string | Uint8Array): string | Uint8Array {
  return typeof frame === 'string' ? nativeText(frame) : frame;
}
