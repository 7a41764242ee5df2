/** What an operator asks: GET /health, /ready and /metrics, and HEAD. */
import { describe, expect, test } from 'vitest';
import { sendHttp, trigger } from '../support/api.ts';
import { RawClient } from '../support/raw-client.ts';
import { RawHttp } from '../support/raw-http.ts';
import { DEFAULT_APP, OTHER_APP, startOneNode } from '../support/server.ts';
import { useServer } from './support.ts';

const under = useServer({ apps: [DEFAULT_APP, OTHER_APP] });
/** Metrics are a node's own. */
const one = useServer({ apps: [DEFAULT_APP, OTHER_APP] }, startOneNode);

const get = (path: string, method = 'GET', from = under.server) =>
  sendHttp(from, { method, path, params: [], body: undefined, headers: {} });

interface Sample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** Reads the text format of Prometheus; throws at a line that is none of it. */
function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-zA-Z_:][\w:]* /.test(line)) continue;
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?(?:\d[\d.e+-]*|\+?Inf)|NaN)$/.exec(line);
    if (match === null) throw new Error(`no metric: ${line}`);
    const [, name = '', labelText = '', value = ''] = match;
    const labels = Object.fromEntries(
      Array.from(labelText.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?/g), ([, key = '', text = '']) => [
        key,
        text,
      ]),
    );
    samples.push({ name, labels, value: Number(value) });
  }
  return samples;
}

describe('GET /health and /ready', () => {
  test.each(['/health', '/ready'])('%s is 200 while the node works', async (path) => {
    expect((await get(path)).status).toBe(200);
  });

  test('a stopping node is not ready, and says so on connections it has', async () => {
    const server = await startOneNode({ drainSeconds: 1 });
    const client = await RawClient.connect(server);
    const http = await RawHttp.connect(server);
    await http.write('GET /ready HTTP/1.1\r\nHost: test\r\n\r\n');
    expect((await http.response()).status).toBe(200);
    const stopped = server.stop();
    await http.write('GET /ready HTTP/1.1\r\nHost: test\r\n\r\n');
    expect((await http.response()).status).toBe(503);
    expect(await client.closed).toMatchObject({ code: 4200 });
    await http.destroy();
    await stopped;
  });
});

describe('GET /metrics', () => {
  test('is text that Prometheus reads', async () => {
    const response = await get('/metrics');
    expect(response.status).toBe(200);
    expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(parseMetrics(response.text).length).toBeGreaterThan(5);
  });

  test('counts the connections of each app', async () => {
    await one.connect();
    await one.connect();
    await one.connect(OTHER_APP);
    const { text } = await get('/metrics', 'GET', one.server);
    const gauges = parseMetrics(text).filter(
      ({ name, labels }) => /^carillon_(\w+_)?connections$/.test(name) && Object.keys(labels).length > 0,
    );
    const of = (id: string) =>
      gauges.filter(({ labels }) => Object.values(labels).includes(id)).map(({ value }) => value);
    expect(of(DEFAULT_APP.id)).toEqual([2]);
    expect(of(OTHER_APP.id)).toEqual([1]);
  });

  test('counts up with what happens', async () => {
    const total = async () => {
      const samples = parseMetrics((await get('/metrics', 'GET', one.server)).text);
      return samples
        .filter(({ name }) => /^carillon_\w*_total$/.test(name))
        .reduce((sum, { value }) => sum + value, 0);
    };
    const before = await total();
    await trigger(one.server, 'a', 'e', 'x');
    expect(await total()).toBeGreaterThan(before);
  });
});

describe('HEAD', () => {
  test.each(['/health', '/ready', '/metrics'])('%s answers as GET does, without the body', async (path) => {
    const http = await RawHttp.connect(under.server);
    await http.write(`HEAD ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
    expect((await http.response({ head: true })).status).toBe(200);
    await http.write('GET /health HTTP/1.1\r\nHost: test\r\n\r\n');
    expect((await http.response()).status).toBe(200);
    expect(http.unread.length).toBe(0);
    await http.destroy();
  });
});
