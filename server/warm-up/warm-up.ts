/**
 * A node does its usual work before it opens: V8 compiles what is run often, and does so while it runs. Without this the
 * first clients of a node would find it at half its speed (docs/performance.md).
 *
 * It is done by nodes of its own in the same process, in memory: the same code, and nothing of what they do is counted,
 * logged or stored. They listen at a Unix socket in a folder that only this user can enter: ports that are taken for a
 * moment, by clients too, could be what somebody else is about to listen on.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { channelStringToSign } from '../../protocol/index.ts';
import type { Credential } from '../apps/app.ts';
import { signedUrl } from '../cli/signed-request.ts';
import type { RunningServer } from '../compose.ts';
import type { Config } from '../config/config.ts';
import { configFrom } from '../config/parse.ts';
import type { Clock } from '../lib/clock.ts';
import { SigningKey } from '../lib/hmac.ts';
import type { Logger } from '../lib/logger.ts';
import { closeFrame, handshake, post, RawClient, textFrame } from './raw-client.ts';

export interface WarmUpPorts {
  readonly startServer: (config: Config, logger: Logger) => Promise<RunningServer>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Rounds of each node: the first is there so that V8 has seen more than one before it settles on what it compiles, or it
 * would compile for the one it knew. After them little more is gained.
 */
const ROUNDS = [20, 180];
/** Milliseconds after which no further one is begun. */
const LIMIT_MS = 600;
/** Milliseconds after which it is given up, whatever it waits for. */
const GIVEN_UP_MS = 3000;

const APP = 'warm-up';
const ROOM = 'private-room';
const TRIGGERS = 20;
const CLIENT_EVENTS = 20;
const EVENT = 'warmth';
const DATA = JSON.stringify({ text: 'Said to nobody, so that whatever comes next is said the quicker.' });
const SUCCEEDED = 'subscription_succeeded';
const NORMAL_CLOSURE = 1000;

const ignore = (): undefined => undefined;
const SILENT: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** Done when the node is warm, or time is up. Never fails: a node that could not be warmed is as good, later. */
export async function warmUp(ports: WarmUpPorts): Promise<void> {
  const until = ports.clock.now() + LIMIT_MS;
  try {
    for (const rounds of ROUNDS) await practise(ports, rounds, until);
  } catch (err) {
    ports.logger.debug({ err }, 'warm-up given up');
  }
}

/** @param until milliseconds since the epoch */
async function practise(ports: WarmUpPorts, rounds: number, until: number): Promise<void> {
  const { startServer, clock, logger } = ports;
  const credential = { key: randomBytes(16).toString('hex'), secret: randomBytes(32).toString('hex') };
  const folder = await mkdtemp(join(tmpdir(), 'carillon-warm-up-'));
  const path = join(folder, 'node');
  const leaveNothing = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const server = await startServer(warmUpConfig(path, credential), SILENT).catch(async (error: unknown) => {
    await leaveNothing();
    throw error;
  });
  const crowd = new Crowd(path, credential, clock.now());
  const cancel = clock.after(GIVEN_UP_MS, () => crowd.leave());
  try {
    for (let round = 0; round < rounds && clock.now() < until; round += 1) await crowd.act(round);
  } finally {
    cancel();
    crowd.leave();
    // Beside the start of the next; it has nobody to wait for.
    server.stop().catch((err: unknown) => logger.debug({ err }, 'warm-up not stopped'));
    await leaveNothing();
  }
}

function warmUpConfig(path: string, credential: Credential): Config {
  const settings = {
    drainSeconds: 0,
    console: false,
    apps: [{ id: APP, ...credential, limits: { clientEventsPerSecond: 1_000_000 } }],
  };
  return { ...configFrom(settings), host: path };
}

/** What clients and a backend do all day: talk in a room, trigger events, come, join and go. */
class Crowd {
  readonly #path: string;
  readonly #credential: Credential;
  readonly #signingKey: SigningKey;
  readonly #greeting: Buffer;
  readonly #triggers: Buffer;
  readonly #clientEvents: Buffer;
  readonly #clients = new Set<RawClient>();
  readonly #backend: RawClient;
  #members: Promise<[speaker: RawClient, listener: RawClient]> | undefined;

  /** @param now milliseconds since the epoch */
  constructor(path: string, credential: Credential, now: number) {
    this.#path = path;
    this.#credential = credential;
    this.#signingKey = new SigningKey(credential.secret);
    this.#greeting = handshake(`/app/${credential.key}?protocol=7&client=js&version=8.4.0&flash=false`);
    // As the official libraries order them.
    const bodies = [
      { name: EVENT, data: DATA, channels: [ROOM] },
      { name: EVENT, channels: [ROOM], data: DATA },
    ].map((body) => JSON.stringify(body));
    const triggers = bodies.map((body) => {
      return post(signedUrl('', `/apps/${APP}/events`, body, credential, now), body);
    });
    this.#triggers = repeated(Buffer.concat(triggers), TRIGGERS / triggers.length);
    const clientEvent = textFrame({ event: `client-${EVENT}`, channel: ROOM, data: DATA });
    this.#clientEvents = repeated(clientEvent, CLIENT_EVENTS);
    this.#backend = this.#connect();
  }

  async act(round: number): Promise<void> {
    this.#members ??= Promise.all([this.#join(ROOM), this.#join(ROOM)]);
    const [speaker, listener] = await this.#members;
    this.#backend.send(this.#triggers);
    speaker.send(this.#clientEvents);
    await Promise.all([
      this.#backend.heard('HTTP/1.1 200', TRIGGERS),
      // Not what it said itself.
      speaker.heard(`${EVENT}"`, TRIGGERS),
      listener.heard(`${EVENT}"`, TRIGGERS + CLIENT_EVENTS),
      this.#visit(`channel-${round}`),
      this.#visit(`private-channel-${round}`),
      this.#visit('presence-room', JSON.stringify({ user_id: '1', user_info: { name: 'One' } })),
      this.#visit('presence-room', JSON.stringify({ user_id: '2', user_info: { name: 'Two' } })),
    ]);
  }

  leave(): void {
    for (const client of this.#clients) client.close();
  }

  async #visit(channel: string, channelData?: string): Promise<void> {
    const visitor = await this.#join(channel, channelData);
    visitor.send(closeFrame(NORMAL_CLOSURE));
    visitor.close();
    this.#clients.delete(visitor);
  }

  async #join(channel: string, channelData?: string): Promise<RawClient> {
    const client = this.#connect();
    client.send(this.#greeting);
    const established = await client.heard('activity_timeout');
    const socketId = /\d+\.\d+(?=\\")/.exec(established)?.[0] ?? '';
    const signature = this.#signingKey.sign(channelStringToSign(socketId, channel, channelData));
    const auth = `${this.#credential.key}:${signature}`;
    const data = { channel, auth, ...(channelData === undefined ? {} : { channel_data: channelData }) };
    client.send(textFrame({ event: 'pusher:subscribe', data }));
    await client.heard(SUCCEEDED);
    return client;
  }

  #connect(): RawClient {
    const client = new RawClient(this.#path);
    this.#clients.add(client);
    return client;
  }
}

function repeated(bytes: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => bytes));
}
