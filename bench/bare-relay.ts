/**
 * What stands between two bare servers: a Redis, spoken to with as little as it takes. `ioredis` is what anybody would
 * take, and what the cluster figures are compared with; `raw` writes the protocol to a socket by hand and reads nothing
 * it need not: the least that two processes with a Redis between them can cost.
 */
import { createConnection, type Socket } from 'node:net';
import { Redis } from 'ioredis';

/** Takes what was published to a channel that is followed. */
export type Relayed = (channel: Buffer, frame: Buffer) => void;

export interface BareRelay {
  /** Done when Redis has it. */
  publish(channel: string, frame: string): Promise<unknown>;
  /** Done when it is followed. */
  follow(channel: string): Promise<unknown>;
}

/** @param kind `ioredis` or `raw` */
export function bareRelay(kind: string | undefined, url: string, relayed: Relayed): Promise<BareRelay> {
  return kind === 'raw' ? rawRelay(url, relayed) : ioredisRelay(url, relayed);
}

async function ioredisRelay(url: string, relayed: Relayed): Promise<BareRelay> {
  const publisher = new Redis(url, { enableAutoPipelining: true });
  const subscriber = new Redis(url);
  subscriber.on('messageBuffer', relayed);
  await Promise.all([publisher.ping(), subscriber.ping()]);
  return {
    publish: (channel, frame) => publisher.publish(channel, frame),
    follow: (channel) => subscriber.subscribe(channel),
  };
}

const LF = 0x0a;

async function rawRelay(url: string, relayed: Relayed): Promise<BareRelay> {
  const { hostname, port } = new URL(url);
  const open = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = createConnection({ host: hostname, port: Number(port), noDelay: true }, () =>
        resolve(socket),
      );
      socket.once('error', reject);
    });
  const [publisher, subscriber] = [await open(), await open()];
  const published: Array<() => void> = [];
  const followed: Array<() => void> = [];
  // Every answer to PUBLISH is one line.
  publisher.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === LF) published.shift()?.();
  });
  let rest: Buffer = Buffer.alloc(0);
  subscriber.on('data', (chunk: Buffer) => {
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (let push = parsePush(all, at); push !== undefined; push = parsePush(all, at)) {
      at = push.end;
      if (push.frame === undefined) followed.shift()?.();
      else relayed(push.channel, push.frame);
    }
    rest = all.subarray(at);
  });
  const when = (list: Array<() => void>): Promise<void> => new Promise((resolve) => list.push(resolve));
  return {
    publish(channel, frame) {
      publisher.write(
        `*3\r\n$7\r\nPUBLISH\r\n$${Buffer.byteLength(channel)}\r\n${channel}\r\n$${Buffer.byteLength(frame)}\r\n${frame}\r\n`,
      );
      return when(published);
    },
    follow(channel) {
      subscriber.write(`*2\r\n$9\r\nSUBSCRIBE\r\n$${Buffer.byteLength(channel)}\r\n${channel}\r\n`);
      return when(followed);
    },
  };
}

interface Push {
  readonly channel: Buffer;
  /** Undefined for the answer to SUBSCRIBE. */
  readonly frame: Buffer | undefined;
  readonly end: number;
}

/** `*3`, a kind, a channel, and a frame or a number. Undefined while it is not complete. */
function parsePush(all: Buffer, start: number): Push | undefined {
  const head = all.indexOf(LF, start);
  const kind = head < 0 ? undefined : bulk(all, head + 1);
  const channel = kind && bulk(all, kind.end);
  if (kind === undefined || channel === undefined) return undefined;
  if (kind.text.length === 'message'.length) {
    const frame = bulk(all, channel.end);
    return frame && { channel: channel.text, frame: frame.text, end: frame.end };
  }
  const end = all.indexOf(LF, channel.end) + 1;
  return end === 0 ? undefined : { channel: channel.text, frame: undefined, end };
}

/** `$`, a length, the text, each with a line end. */
function bulk(all: Buffer, at: number): { readonly text: Buffer; readonly end: number } | undefined {
  const line = all.indexOf(LF, at);
  if (line < 0 || at >= all.length) return undefined;
  const start = line + 1;
  const end = start + Number(all.toString('latin1', at + 1, line - 1));
  return end + 2 > all.length ? undefined : { text: all.subarray(start, end), end: end + 2 };
}
