/** The least a webhook costs: events in batches as large as Carillon's, posted over connections that stay, unsigned and never repeated. */
import { Agent, request } from 'node:http';

const BATCH = 20;
const CONNECTIONS = 4;

/** Takes the JSON of one event. */
export type AddEvent = (event: string) => void;

export function bareWebhooks(url: string): AddEvent {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let queue: string[] = [];
  let underWay = 0;
  const next = (): void => {
    while (underWay < CONNECTIONS && queue.length > 0) {
      const body = `{"time_ms":${Date.now()},"events":[${queue.slice(0, BATCH).join(',')}]}`;
      queue = queue.slice(BATCH);
      underWay += 1;
      post(url, agent, body, () => {
        underWay -= 1;
        next();
      });
    }
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
