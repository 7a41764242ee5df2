/** What nodes send each other through Redis, as docs/clustering.md has it. Frames pass as the bytes they are. */
import type { Publication } from '../broker/broker.ts';
import type { Asker } from './node-inbox.ts';

const LF = 0x0a;
const PLUS = 0x2b;
const MINUS = 0x2d;

/** A frame that came from Redis, for the subscribers of a topic. */
class ReceivedPublication implements Publication {
  readonly appId: string;
  readonly topic: string;
  readonly exceptSocketId: string | undefined;
  readonly #frame: Uint8Array;

  constructor(appId: string, topic: string, exceptSocketId: string | undefined, frame: Uint8Array) {
    this.appId = appId;
    this.topic = topic;
    this.exceptSocketId = exceptSocketId;
    this.#frame = frame;
  }

  frame(): Uint8Array {
    return this.#frame;
  }
}

/** A member of a presence channel was added or removed, somewhere in the cluster. */
export interface RosterChange {
  readonly appId: string;
  readonly channel: string;
  /** Number of this change among all of the channel's. */
  readonly version: number;
  readonly op: 'added' | 'removed';
  readonly userId: string;
  /** JSON text of an object; undefined if there is none. */
  readonly userInfo: string | undefined;
  /** Who was removed: the node that did; undefined where a node that was taken for dead had the member last. */
  readonly by: string | undefined;
  /** What the channel's subscribers are to be told. */
  readonly publication: Publication;
}

export type Message =
  | { readonly kind: 'frame'; readonly publication: Publication }
  | { readonly kind: 'roster'; readonly change: RosterChange };

export function encodeFrame(
  { exceptSocketId = '' }: Publication,
  frame: string | Uint8Array,
): string | Buffer {
  if (typeof frame === 'string') return `${exceptSocketId}\n${frame}`;
  return Buffer.concat([Buffer.from(`${exceptSocketId}\n`, 'latin1'), frame]);
}

/** Undefined for what no node of this version sends. */
export function decodeMessage(appId: string, topic: string, message: Buffer): Message | undefined {
  const end = message.indexOf(LF);
  if (end < 0) return undefined;
  const kind = message[0];
  if (kind === PLUS || kind === MINUS) return decodeRoster(appId, topic, message, end);
  return {
    kind: 'frame',
    publication: received(appId, topic, message.subarray(0, end), message.subarray(end + 1)),
  };
}

function decodeRoster(appId: string, channel: string, message: Buffer, end: number): Message | undefined {
  const afterExcept = message.indexOf(LF, end + 1);
  const afterUser = message.indexOf(LF, afterExcept + 1);
  // A frame has no line end, while user_info may have some, wherever its author put white space.
  const beforeFrame = message.lastIndexOf(LF);
  const version = Number(message.toString('latin1', 1, end));
  if (afterExcept < 0 || afterUser < 0 || beforeFrame <= afterUser || !Number.isSafeInteger(version))
    return undefined;
  const userId = parsedText(message.toString('utf8', afterExcept + 1, afterUser));
  if (userId === undefined) return undefined;
  // Of one who was removed: by which node.
  const details = message.toString('utf8', afterUser + 1, beforeFrame);
  const isAdded = message[0] === PLUS;
  const except = message.subarray(end + 1, afterExcept);
  return {
    kind: 'roster',
    change: {
      appId,
      channel,
      version,
      op: isAdded ? 'added' : 'removed',
      userId,
      userInfo: isAdded && details !== '' ? details : undefined,
      by: isAdded || details === '' ? undefined : details,
      publication: received(appId, channel, except, message.subarray(beforeFrame + 1)),
    },
  };
}

function received(appId: string, topic: string, except: Buffer, frame: Uint8Array): Publication {
  const exceptSocketId = except.length === 0 ? undefined : except.toString('latin1');
  return new ReceivedPublication(appId, topic, exceptSocketId, frame);
}

function parsedText(json: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'string' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export interface Termination {
  readonly asker: Asker;
  readonly appId: string;
  readonly userId: string;
}

export function encodeTerminate({ asker, appId, userId }: Termination): string {
  return `terminate\n${asker.node}\n${asker.id}\n${appId}\n${userId}`;
}

/** Undefined for what this version doesn't know. */
export function decodeTerminate(message: Buffer): Termination | undefined {
  // App ids have no line end; user ids may have.
  const [, node, id, appId, userId] =
    /^terminate\n(\d{1,10})\n(\d{1,15})\n([^\n]*)\n(.*)$/s.exec(message.toString('utf8')) ?? [];
  if (appId === undefined || userId === undefined) return undefined;
  return { asker: { node: Number(node), id: Number(id) }, appId, userId };
}
