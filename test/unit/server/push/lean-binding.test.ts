import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { bindingLeanly } from '../../../../server/push/providers/lean-binding.ts';

describe('functions bound leanly', () => {
  it('run in the context of their resource, with arguments and a result', () => {
    const storage = new AsyncLocalStorage<string>();
    const resource = storage.run('theirs', () => new AsyncResource('Test'));
    let bound = (..._numbers: number[]): string => '';
    bindingLeanly(() => {
      bound = resource.bind((...numbers: number[]) => `${storage.getStore()} ${numbers.join('+')}`);
    });
    expect(storage.run('another', () => bound(1, 2))).toBe('theirs 1+2');
  });

  it('keep the `this` they are called with, unless one was given', () => {
    const resource = new AsyncResource('Test');
    function name(this: { name: string }): string {
      return this.name;
    }
    let called: ((this: { name: string }) => string) | undefined;
    bindingLeanly(() => {
      called = resource.bind(name);
    });
    expect(called?.call({ name: 'caller' })).toBe('caller');
  });

  it('are bound as usual again afterwards, also when the work throws', () => {
    const usual = AsyncResource.prototype.bind;
    expect(() =>
      bindingLeanly(() => {
        expect(AsyncResource.prototype.bind).not.toBe(usual);
        throw new Error('the work fails');
      }),
    ).toThrow('the work fails');
    expect(AsyncResource.prototype.bind).toBe(usual);
  });
});
