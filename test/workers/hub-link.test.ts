/** The local socket between hub and worker: records in any pieces, calls and notes in one order, what waits bounded. */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { FramePublication } from '../../server/broker/publications.ts';
import { HubLink, type Service } from '../../server/hub/hub-link.ts';
import {
  decodePublication,
  decodeValue,
  encodePublication,
  encodeValue,
  NOTE,
  RecordReader,
} from '../../server/hub/hub-wire.ts';
import { Unavailable } from '../../server/lib/unavailable.ts';
import { eventually } from '../support/eventually.ts';
import { linkPair, socketPair } from '../support/hub.ts';
import { frameText } from '../support/publications.ts';

type Echo = {
  echo(value: unknown): unknown;
  fail(done: 'no' | 'unknown'): never;
  noted(value: number): void;
};

const open: Array<HubLink<Service>> = [];
afterEach(() => {
  for (const link of open.splice(0)) link.close();
});

async function pair(): Promise<[HubLink<Echo>, HubLink<Echo>]> {
  const links = await linkPair<Echo, Echo>();
  open.push(...(links as unknown as HubLink<Service>[]));
  return links;
}

describe('records', () => {
  it('come out as they went in, however the socket has divided them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 300 }), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }),
        (texts, sizes) => {
          const bytes = Buffer.concat(texts.map((text, n) => encodeValue(NOTE, n, text)));
          const reader = new RecordReader();
          const out: unknown[] = [];
          for (let at = 0, n = 0; at < bytes.length; n += 1) {
            const size = sizes[n % sizes.length] ?? 1;
            reader.read(bytes.subarray(at, at + size), (record) => out.push(decodeValue(record)));
            at += size;
          }
          expect(out).toEqual(texts.map((value, id) => ({ id, value })));
        },
      ),
    );
  });

  it('a publication keeps its names, whom it leaves out, what changes, and its frame', () => {
    const change = { op: 'added', member: { userId: 'é\n', userInfo: undefined } } as const;
    const publication = new FramePublication('app', '!watch-a\nb', '{"😀":1}', '1.2');
    const decoded = decodePublication(encodePublication(publication, change));
    expect(decoded).toMatchObject({ appId: 'app', topic: '!watch-a\nb', exceptSocketId: '1.2', change });
    expect(frameText(decoded)).toBe('{"😀":1}');
  });
});

describe('a link', () => {
  it('answers calls with any value', async () => {
    const [here, there] = await pair();
    there.serve({ echo: (value: unknown) => value });
    for (const value of [undefined, '', 7, new Map([['a', { b: undefined }]]), ['é', '\ud83d\ude00']]) {
      expect(await here.call('echo', value)).toEqual(value);
    }
  });

  it('passes on why something failed, and whether it may have been done', async () => {
    const [here, there] = await pair();
    there.serve({
      fail: (done: 'no' | 'unknown') => {
        throw new Unavailable('not now', done);
      },
    });
    await expect(here.call('fail', 'no')).rejects.toMatchObject({ message: 'not now', done: 'no' });
    await expect(here.call('fail', 'unknown')).rejects.toMatchObject({ done: 'unknown' });
  });

  it('keeps notes, answers and publications in the order they were sent', async () => {
    const [here, there] = await pair();
    const seen: string[] = [];
    here.serve({ noted: (value: number) => seen.push(`note ${value}`) });
    here.onPublication((publication) => seen.push(frameText(publication)));
    there.serve({
      echo: (value: unknown) => {
        there.note('noted', 1);
        there.publish(encodePublication(new FramePublication('a', 't', 'frame')));
        return value;
      },
    });
    await here.call('echo', 'x', (answer) => {
      seen.push(`answer ${answer}`);
    });
    there.note('noted', 2);
    await eventually(() => expect(seen).toEqual(['note 1', 'frame', 'answer x', 'note 2']));
  });

  it('fails what waits for an answer when the other side goes, and what comes after', async () => {
    const [here, there] = await pair();
    there.serve({ echo: () => new Promise(() => undefined) });
    const waiting = here.call('echo', 1);
    const ended = new Promise<void>((resolve) => here.onEnd(resolve));
    there.close();
    await expect(waiting).rejects.toMatchObject({ done: 'unknown' });
    await ended;
    await expect(here.call('echo', 2)).rejects.toMatchObject({ done: 'no' });
    await expect(here.publish(Buffer.alloc(5))).rejects.toBeInstanceOf(Unavailable);
  });

  it('makes publishers wait when the other side does not read, then refuses, and never loses what was taken', async () => {
    const [socket, other] = await socketPair();
    const here = new HubLink<Echo>(socket);
    const there = new HubLink<Echo>(other);
    open.push(here as unknown as HubLink<Service>, there as unknown as HubLink<Service>);
    const frame = 'x'.repeat(1_000_000);
    const record = encodePublication(new FramePublication('a', 't', frame));
    let taken = 0;
    const waits: Promise<void>[] = [];
    let refused: unknown;
    while (refused === undefined && taken < 1000) {
      const published = here.publish(record);
      if (here.isFull && published instanceof Promise) {
        waits.push(published);
        refused = await here.publish(record)?.catch((error: unknown) => error);
      } else if (published instanceof Promise) waits.push(published);
      taken += 1;
    }
    expect(refused).toMatchObject({ done: 'no' });
    expect(waits.length).toBeGreaterThan(10);
    let arrived = 0;
    there.onPublication((publication) => {
      if (publication.frame().length === frame.length) arrived += 1;
    });
    there.start();
    await Promise.all(waits);
    await eventually(() => expect(arrived).toBe(taken));
  });
});
