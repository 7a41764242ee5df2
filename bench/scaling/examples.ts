/** Worked examples of docs/scaling.md. */
import type { ChannelClass, Deployment } from './deployment.ts';

const QUIET: Omit<ChannelClass, 'name' | 'channels' | 'subscribers' | 'publishesPerSecond' | 'bytes'> = {
  presence: false,
  joinsPerSecond: 0,
};

export const EXAMPLES: readonly Deployment[] = [
  {
    name: 'one node: a product with 20,000 users online',
    connections: 20_000,
    connectsPerSecond: 20,
    nodes: 1,
    redisShards: 0,
    classes: [
      {
        ...QUIET,
        name: 'own channels',
        channels: 20_000,
        subscribers: 1,
        publishesPerSecond: 0.02,
        bytes: 500,
      },
      { ...QUIET, name: 'rooms', channels: 500, subscribers: 40, publishesPerSecond: 0.5, bytes: 300 },
    ],
  },
  {
    name: 'live scores: half a million readers of 200 channels',
    connections: 500_000,
    connectsPerSecond: 1000,
    nodes: 12,
    redisShards: 1,
    classes: [
      { ...QUIET, name: 'matches', channels: 200, subscribers: 2500, publishesPerSecond: 1, bytes: 400 },
    ],
  },
  {
    name: 'chat: a million users in rooms of twenty',
    connections: 1_000_000,
    connectsPerSecond: 2000,
    nodes: 24,
    redisShards: 8,
    classes: [
      {
        name: 'rooms',
        channels: 50_000,
        subscribers: 20,
        publishesPerSecond: 0.5,
        bytes: 300,
        presence: true,
        joinsPerSecond: 0.02,
      },
    ],
  },
  {
    name: 'ten million connections, a million publishes a second to channels of their own',
    connections: 10_000_000,
    connectsPerSecond: 10_000,
    nodes: 160,
    redisShards: 32,
    classes: [
      {
        ...QUIET,
        name: 'own channels',
        channels: 10_000_000,
        subscribers: 1,
        publishesPerSecond: 0.1,
        bytes: 300,
      },
    ],
  },
  {
    name: 'ten million connections in a thousand rooms, each told once a second',
    connections: 10_000_000,
    connectsPerSecond: 10_000,
    nodes: 160,
    redisShards: 4,
    classes: [
      { ...QUIET, name: 'rooms', channels: 1000, subscribers: 10_000, publishesPerSecond: 1, bytes: 300 },
    ],
  },
];
