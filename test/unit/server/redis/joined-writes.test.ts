/** Commands of one turn of the loop leave together. */
import { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { JoinedWrites } from '../../../../server/redis/joined-writes.ts';

/** A socket that goes nowhere, and keeps what was written at once together. */
class Recorder extends Socket {
  readonly writes: string[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes.push(chunk.toString());
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.writes.push(chunks.map(({ chunk }) => chunk.toString()).join(''));
    done();
  }
}

it('joins what is written in one turn, and nothing of two', async () => {
  const stream = new Recorder();
  const joined = new JoinedWrites({ stream });
  for (const command of ['a', 'b', 'c']) {
    joined.hold();
    stream.write(command);
  }
  expect(stream.writes).toEqual([]);
  await turn();
  expect(stream.writes).toEqual(['abc']);
  joined.hold();
  stream.write('d');
  await turn();
  expect(stream.writes).toEqual(['abc', 'd']);
});

it('holds back a new connection by itself, and lets go of the lost one', async () => {
  const [lost, next] = [new Recorder(), new Recorder()];
  const redis = { stream: lost };
  const joined = new JoinedWrites(redis);
  joined.hold();
  lost.write('a');
  redis.stream = next;
  joined.hold();
  next.write('b');
  next.write('c');
  await turn();
  expect(lost.writes).toEqual(['a']);
  expect(next.writes).toEqual(['bc']);
});
