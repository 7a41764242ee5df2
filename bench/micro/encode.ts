/**
 * The one hot frame, an application event: by hand as the server does it, by JSON.stringify, by fast-json-stringify; for
 * data that is plain and data full of quotes. `node dist/bench/micro/encode.js`
 */
import build from 'fast-json-stringify';
import { eventFrame } from '../../protocol/encode.ts';
import { quote } from '../../protocol/text.ts';
import { compare, printHead } from './compare.ts';

const EVENT = 'App\\Events\\Tick';
const CHANNEL = 'private-room-42';

/** Wants its input by name, not position: that is the library's interface. */
const compiled = build({
  type: 'object',
  properties: { event: { type: 'string' }, channel: { type: 'string' }, data: { type: 'string' } },
  required: ['event', 'channel', 'data'],
});

printHead();
for (const [size, bytes] of [
  ['100 B', 100],
  ['1 KB', 1024],
  ['10 KB', 10_240],
] as const) {
  compareEncoders(`${size} plain`, plainText(bytes));
  compareEncoders(`${size} quotes`, quoteHeavyText(bytes));
}

function compareEncoders(title: string, data: string): void {
  const plain = { event: EVENT, channel: CHANNEL, data };
  compare(title, [
    { name: 'by hand (protocol/encode.ts)', run: () => eventFrame(EVENT, CHANNEL, quote(data)) },
    {
      name: 'by hand, JSON.stringify per string',
      run: () =>
        `{"event":${JSON.stringify(EVENT)},"channel":${JSON.stringify(CHANNEL)},"data":${JSON.stringify(data)}}`,
    },
    { name: 'JSON.stringify', run: () => JSON.stringify(plain) },
    { name: 'fast-json-stringify', run: () => compiled(plain) },
  ]);
}

function plainText(bytes: number): string {
  return 'plain text without anything to escape. '.repeat(Math.ceil(bytes / 39)).slice(0, bytes);
}

/** JSON inside a string, as most applications publish it. */
function quoteHeavyText(bytes: number): string {
  return '{"id":"a1","on":"true","x":"12","y":"7"},'.repeat(Math.ceil(bytes / 41)).slice(0, bytes);
}
