/** All scenarios, in the order they are run. */
import { churn } from './churn.ts';
import { churnLong } from './churn-long.ts';
import { clientEvents } from './client-events.ts';
import { connect } from './connect.ts';
import { crossNode } from './cross-node.ts';
import { fanOut, fanOutWide } from './fan-out.ts';
import { fanOutFlood } from './fan-out-flood.ts';
import { idle } from './idle.ts';
import { latency } from './latency.ts';
import { manyChannels, manyChannelsWide } from './many-channels.ts';
import { memory } from './memory.ts';
import { nthJoin } from './nth-join.ts';
import { presenceEmpty } from './presence-empty.ts';
import { presenceFill } from './presence-fill.ts';
import { redisPublish } from './redis-publish.ts';
import type { Scenario } from './scenario.ts';
import { slowReader } from './slow-reader.ts';
import { trigger } from './trigger.ts';
import { uninterested } from './uninterested.ts';
import { webhooks } from './webhooks.ts';
import { workers } from './workers.ts';

export const SCENARIOS: readonly Scenario[] = [
  connect,
  memory,
  idle,
  fanOut,
  fanOutFlood,
  fanOutWide,
  manyChannels,
  manyChannelsWide,
  trigger,
  clientEvents,
  presenceFill,
  presenceEmpty,
  nthJoin,
  churn,
  churnLong,
  latency,
  slowReader,
  webhooks,
  crossNode,
  uninterested,
  redisPublish,
  workers,
];
