/** The least a webhook costs: events in batches as large as Carillon's, posted over connections that stay, unsigned and never repeated. */
import { Agent, request } from 'node:http';

const BATCH = 20;
/** One request at a time each, so that a channel's events keep their order. */
const LANES = 4;

/** Takes the JSON of one event. */
export type AddEvent = (channel: string, event: string) => void;

export function bareWebhooks(url: string): AddEvent {
  const agent = new Agent({ keepAlive: true, maxSockets: LANES });
  const lanes = Array.from({ length: LANES }, () => lane((body, done) => post(url, agent, body, done)));
  return (channel, event) => lanes[channel.charCodeAt(channel.length - 1) % LANES]?.(event);
}

function lane(send: (body: string, done: () => void) => void): (event: string) => void {
  let queue: string[] = [];
  let underWay = false;
  const next = (): void => {
    if (underWay || queue.length === 0) return;
    underWay = true;
    const body = `{"time_ms":${Date.now()},"events":[${queue.slice(0, BATCH).join(',')}]}`;
    queue = queue.slice(BATCH);
    send(body, () => {
      underWay = false;
      next();
    });
  };
  return (event) => {
    queue.push(event);
    // The others of this turn come along.
    if (queue.length === 1) setImmediate(next);
  };
}

function post(url: string, agent: Agent, body: string, done: () => void): void {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const sent = request(url, { method: 'POST', agent, headers }, (response) => {
    response.resume();
    response.once('end', done);
  });
  // A webhook that is lost fails the round where it is missed.
  sent.once('error', done);
  sent.end(body);
}
