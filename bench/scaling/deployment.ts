/** What a deployment is to carry, and on what. */

/** Channels that are alike. */
export interface ChannelClass {
  readonly name: string;
  readonly channels: number;
  /** Subscribers of each. */
  readonly subscribers: number;
  /** Publishes a second to each, from the HTTP API. */
  readonly publishesPerSecond: number;
  /** Bytes of one event's data. */
  readonly bytes: number;
  /** Presence channels: every join and leave is written, and told to all members. */
  readonly presence: boolean;
  /** Joins a second to each, and as many leaves. */
  readonly joinsPerSecond: number;
}

export interface Deployment {
  readonly name: string;
  readonly connections: number;
  /** New connections a second, and as many closes. */
  readonly connectsPerSecond: number;
  readonly classes: readonly ChannelClass[];
  /** Event loops: nodes, or workers of them, each with a core. */
  readonly nodes: number;
  /** Redis masters, each with a core; 0 for a node that is alone. */
  readonly redisShards: number;
}

/** Reads a deployment from parsed JSON; names the field that is wrong. */
export function readDeployment(value: unknown): Deployment {
  const object = objectOf(value, 'the deployment');
  const classes = object['classes'];
  if (!Array.isArray(classes)) throw new Error('classes must be a list');
  return {
    name: typeof object['name'] === 'string' ? object['name'] : 'deployment',
    connections: numberOf(object, 'connections'),
    connectsPerSecond: numberOf(object, 'connectsPerSecond', 0),
    classes: classes.map((entry, index) => readClass(objectOf(entry, `classes.${index}`), index)),
    nodes: numberOf(object, 'nodes'),
    redisShards: numberOf(object, 'redisShards', 0),
  };
}

function readClass(object: Record<string, unknown>, index: number): ChannelClass {
  return {
    name: typeof object['name'] === 'string' ? object['name'] : `class ${index + 1}`,
    channels: numberOf(object, 'channels'),
    subscribers: numberOf(object, 'subscribers'),
    publishesPerSecond: numberOf(object, 'publishesPerSecond'),
    bytes: numberOf(object, 'bytes'),
    presence: object['presence'] === true,
    joinsPerSecond: numberOf(object, 'joinsPerSecond', 0),
  };
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${what} must be an object`);
  }
  return value as Record<string, unknown>;
}

function numberOf(object: Record<string, unknown>, name: string, fallback?: number): number {
  const value = object[name] ?? fallback;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw new Error(`${name} must be a number from 0`);
  }
  return value;
}
