/**
 * The ceiling: one uWebSockets.js process that does the scenarios' minimum and nothing else. It parses what it must to
 * find the channel, uses uWS topics, and has no signatures, validation, limits, counters or logs. It is not a Pusher
 * server; it answers the load generator in the same shapes, so both send and receive the same bytes.
 *
 * With BARE_REDIS_URL it is one of several: what it is sent by HTTP goes to Redis, and what comes from there to its
 * subscribers (`bare-relay.ts`). Presence rooms stay its own.
 *
 * With BARE_WEBHOOK_URL it tells there of client events and of channels that get their first subscriber.
 *
 * Run as a child process with an IPC channel: it reports `{ port }` and ends when its parent goes away.
 */
import uWS, { type HttpResponse, type WebSocket } from 'uWebSockets.js';
import { bareRelay } from './bare-relay.ts';
import { bareWebhooks } from './bare-webhooks.ts';

interface Member {
  readonly channel: string;
  readonly userId: string;
}

/** What a socket carries: its place in a presence room, or nothing. */
interface SocketData {
  member: Member | undefined;
}

interface ClientFrame {
  readonly event: string;
  readonly channel: string;
  readonly data: { readonly channel: string; readonly channel_data?: string };
}

interface Publication {
  readonly name: string;
  readonly data: string;
}

/** Presence rooms: channel → user id → user_info. */
const rooms = new Map<string, Map<string, unknown>>();
/** Users of a room with more than one connection: how many more. */
const further = new Map<string, number>();
let sockets = 0;

const app = uWS.App();
const redisUrl = process.env['BARE_REDIS_URL'];
const relay =
  redisUrl === undefined
    ? undefined
    : await bareRelay(process.env['BARE_RELAY'], redisUrl, (channel, frame) => {
        app.publish(channel, frame);
      });
const webhookUrl = process.env['BARE_WEBHOOK_URL'];
const addWebhook = webhookUrl === undefined ? undefined : bareWebhooks(webhookUrl);
/** What is followed over Redis. */
const followed = new Map<string, Promise<unknown>>();

app.ws<SocketData>('/app/:key', {
  compression: uWS.DISABLED,
  maxPayloadLength: 64 * 1024,
  maxBackpressure: 1024 * 1024,
  idleTimeout: 120,
  upgrade(res, req, context) {
    res.upgrade<SocketData>(
      { member: undefined },
      req.getHeader('sec-websocket-key'),
      req.getHeader('sec-websocket-protocol'),
      req.getHeader('sec-websocket-extensions'),
      context,
    );
  },
  open(ws) {
    sockets += 1;
    ws.send(
      `{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"1.${sockets}\\",\\"activity_timeout\\":120}"}`,
    );
  },
  message(ws, message) {
    const frame = JSON.parse(Buffer.from(message).toString()) as ClientFrame;
    if (frame.event === 'pusher:subscribe') subscribe(ws, frame.data.channel, frame.data.channel_data);
    else if (frame.event.startsWith('client-')) {
      ws.publish(frame.channel, message);
      addWebhook?.(frame.channel, JSON.stringify({ ...frame, name: 'client_event' }));
    }
  },
  close(ws) {
    const { member } = ws.getUserData();
    if (member !== undefined) leave(member);
  },
});

app.post('/apps/:id/events', (res) => {
  readJson<Publication & { readonly channels: readonly string[] }>(res, (body) => {
    return body.channels.map((channel) => publish(channel, body));
  });
});

app.post('/apps/:id/batch_events', (res) => {
  readJson<{ readonly batch: readonly (Publication & { readonly channel: string })[] }>(res, (body) => {
    return body.batch.map((event) => publish(event.channel, event));
  });
});

app.listen('127.0.0.1', 0, (listening) => {
  if (listening === false) throw new Error('the bare server could not listen on 127.0.0.1');
  process.send?.({ port: uWS.us_socket_local_port(listening) });
});

process.once('disconnect', () => process.exit(0));
// By itself, so that a profile that was asked for is written.
process.once('SIGTERM', () => process.exit(0));

function subscribe(ws: WebSocket<SocketData>, channel: string, channelData: string | undefined): void {
  if (channelData !== undefined) {
    join(ws, channel, channelData);
    return;
  }
  if (addWebhook !== undefined && app.numSubscribers(channel) === 0)
    addWebhook(channel, JSON.stringify({ name: 'channel_occupied', channel }));
  ws.subscribe(channel);
  const succeeded = (): void => {
    ws.send(`{"event":"pusher_internal:subscription_succeeded","channel":"${channel}","data":"{}"}`);
  };
  if (relay === undefined) {
    succeeded();
    return;
  }
  let following = followed.get(channel);
  if (following === undefined) {
    following = relay.follow(channel);
    followed.set(channel, following);
  }
  void following.then(succeeded);
}

function join(ws: WebSocket<SocketData>, channel: string, channelData: string): void {
  const { user_id: userId, user_info: info } = JSON.parse(channelData) as {
    user_id: string;
    user_info: unknown;
  };
  let room = rooms.get(channel);
  if (room === undefined) {
    room = new Map();
    rooms.set(channel, room);
  }
  const again = room.has(userId);
  if (again) further.set(`${channel} ${userId}`, (further.get(`${channel} ${userId}`) ?? 0) + 1);
  room.set(userId, info);
  ws.getUserData().member = { channel, userId };
  ws.subscribe(channel);
  const roster = JSON.stringify({
    presence: { count: room.size, ids: [...room.keys()], hash: Object.fromEntries(room) },
  });
  ws.send(JSON.stringify({ event: 'pusher_internal:subscription_succeeded', channel, data: roster }));
  if (again) return;
  ws.publish(
    channel,
    JSON.stringify({
      event: 'pusher_internal:member_added',
      channel,
      data: JSON.stringify({ user_id: userId, user_info: info }),
    }),
  );
}

function leave({ channel, userId }: Member): void {
  const more = further.size === 0 ? undefined : further.get(`${channel} ${userId}`);
  if (more !== undefined) {
    if (more > 1) further.set(`${channel} ${userId}`, more - 1);
    else further.delete(`${channel} ${userId}`);
    return;
  }
  const room = rooms.get(channel);
  room?.delete(userId);
  if (room?.size === 0) rooms.delete(channel);
  app.publish(
    channel,
    JSON.stringify({
      event: 'pusher_internal:member_removed',
      channel,
      data: JSON.stringify({ user_id: userId }),
    }),
  );
}

/** A promise where the publication goes to Redis first. */
function publish(channel: string, { name, data }: Publication): Promise<unknown> | undefined {
  const frame = JSON.stringify({ event: name, channel, data });
  if (relay !== undefined) return relay.publish(channel, frame);
  app.publish(channel, frame);
  return undefined;
}

/** Answers once what `use` began is done. */
function readJson<Body>(
  res: HttpResponse,
  use: (body: Body) => readonly (Promise<unknown> | undefined)[],
): void {
  let aborted = false;
  let held: Buffer | undefined;
  res.onAborted(() => {
    aborted = true;
  });
  res.onData((chunk, isLast) => {
    const part = Buffer.from(chunk);
    if (!isLast) {
      // uWS takes the chunk's memory back after this call, hence the copy; a body in one chunk needs none.
      held = held === undefined ? Buffer.from(part) : Buffer.concat([held, part]);
      return;
    }
    const begun = use(
      JSON.parse((held === undefined ? part : Buffer.concat([held, part])).toString()) as Body,
    );
    const answer = (): void => {
      if (aborted) return;
      res.cork(() => {
        res.writeHeader('content-type', 'application/json').end('{}');
      });
    };
    if (relay === undefined) answer();
    else if (begun.length === 1) void begun[0]?.then(answer);
    else void Promise.all(begun).then(answer);
  });
}
