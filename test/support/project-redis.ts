/** The Redis of all tests of a project, gone with the run. Each server has a prefix of its own there. */
import type { TestProject } from 'vitest/node';
import { RedisProcess } from './redis-process.ts';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
  }
}

export default async function start({ provide }: TestProject): Promise<() => Promise<void>> {
  const redis = await RedisProcess.start();
  provide('redisUrl', redis.url);
  return () => redis.stop();
}
