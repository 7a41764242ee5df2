/**
 * What understanding a client's frame costs beyond parsing it: the frames that clients send most. `node dist/bench/micro/decode.js`
 */
import { decode } from '../../protocol/decode.ts';
import { compare, printHead } from './compare.ts';

const SUBSCRIBE = '{"event":"pusher:subscribe","data":{"auth":"","channel":"orders-42"}}';
const PRIVATE =
  '{"event":"pusher:subscribe","data":{"auth":"app-key:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4","channel":"private-orders-42"}}';
const PING = '{"event":"pusher:ping","data":{}}';

/** Only the parts that a scenario's minimum needs. */
interface Frame {
  readonly event: string;
  readonly channel?: string;
  readonly data?: { readonly channel?: string };
}

printHead();
compareDecoders('subscribe', SUBSCRIBE);
compareDecoders('subscribe, private', PRIVATE);
compareDecoders('ping', PING);
for (const [size, bytes] of [
  ['100 B', 100],
  ['1 KB', 1024],
] as const) {
  const data = JSON.stringify({ text: 'plain text without anything to escape. '.repeat(30).slice(0, bytes) });
  compareDecoders(`client event, object of ${size}`, clientEvent(data));
  compareDecoders(`client event, string of ${size}`, clientEvent(JSON.stringify(data)));
}

function compareDecoders(title: string, text: string): void {
  const bytes = Buffer.from(text);
  compare(title, [
    { name: 'protocol/decode.ts', run: () => channelOf(decode(text)) },
    { name: 'JSON.parse and no question asked', run: () => parsedChannel(JSON.parse(text) as Frame) },
    { name: 'protocol/decode.ts, from bytes', run: () => channelOf(decode(bytes.toString())) },
  ]);
}

function channelOf(message: ReturnType<typeof decode>): string {
  return 'channel' in message ? message.channel : message.type;
}

function parsedChannel({ event, channel, data }: Frame): string {
  return channel ?? data?.channel ?? event.slice('pusher:'.length);
}

function clientEvent(data: string): string {
  return `{"event":"client-typing","channel":"private-room-42","data":${data}}`;
}
