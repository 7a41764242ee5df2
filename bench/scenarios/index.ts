/** All scenarios, in the order they are run. */
import { churn } from './churn.ts';
import { clientEvents } from './client-events.ts';
import { connect } from './connect.ts';
import { crossNode } from './cross-node.ts';
import { fanOut, fanOutWide } from './fan-out.ts';
import { fanOutFlood } from './fan-out-flood.ts';
import { idle } from './idle.ts';
import { manyChannels } from './many-channels.ts';
import { memory } from './memory.ts';
import { presenceFill } from './presence-fill.ts';
import { redisPublish } from './redis-publish.ts';
import type { Scenario } from './scenario.ts';
import { slowReader } from './slow-reader.ts';
import { trigger } from './trigger.ts';
import { uninterested } from './uninterested.ts';
import { workers } from './workers.ts';

export const SCENARIOS: readonly Scenario[] = [
  connect,
  memory,
  idle,
  fanOut,
  fanOutFlood,
  fanOutWide,
  manyChannels,
  trigger,
  clientEvents,
  presenceFill,
  churn,
  slowReader,
  crossNode,
  uninterested,
  redisPublish,
  workers,
];
