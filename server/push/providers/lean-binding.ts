/**
 * Requests without their dearest part. For each one, node:http2 calls `AsyncResource.bind`, which in Node 20 and 22 gives
 * every function it returns a deprecated property, made of two closures with prototypes of their own: a third of what a
 * request costs.
 */
import { AsyncResource } from 'node:async_hooks';

/** The same function, in the same context, without the deprecated `asyncResource` on it. */
function leanBind(this: AsyncResource, work: (...args: unknown[]) => unknown, thisArg?: unknown) {
  const resource = this;
  return function bound(this: unknown, ...args: unknown[]): unknown {
    return resource.runInAsyncScope(work, thisArg ?? this, ...args);
  };
}

/** Runs `work`, which must be synchronous, and puts back what it found before anybody else runs. */
export function bindingLeanly(work: () => void): void {
  const usual = AsyncResource.prototype.bind;
  AsyncResource.prototype.bind = leanBind as typeof usual;
  try {
    work();
  } finally {
    AsyncResource.prototype.bind = usual;
  }
}
