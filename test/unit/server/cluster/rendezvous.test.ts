/** Nodes that know the same others choose the same one for each piece of work. */
import { describe, expect, it } from 'vitest';
import { chosenNode } from '../../../../server/cluster/rendezvous.ts';

const WORK = Array.from({ length: 64 }, (_, n) => `webhooks ${n}`);
const chosen = (nodes: readonly string[]): Array<string | undefined> =>
  WORK.map((work) => chosenNode(work, nodes));

describe('the chosen node', () => {
  it('is the same in whatever order the nodes are known', () => {
    expect(chosen(['c', 'a', 'b'])).toEqual(chosen(['a', 'b', 'c']));
  });

  it('is nobody where there is none, and the only one where there is one', () => {
    expect(chosen([])).toEqual(WORK.map(() => undefined));
    expect(chosen(['a'])).toEqual(WORK.map(() => 'a'));
  });

  it('is each of them for a fair share', () => {
    const nodes = ['node-1', 'node-2', 'node-3', 'node-4'];
    for (const node of nodes) {
      const share = chosen(nodes).filter((one) => one === node).length;
      expect(share).toBeGreaterThanOrEqual(6);
      expect(share).toBeLessThanOrEqual(28);
    }
  });

  it('changes for the work of a node that goes only', () => {
    const before = chosen(['a', 'b', 'c']);
    const after = chosen(['a', 'c']);
    for (const [at, node] of before.entries()) if (node !== 'b') expect(after[at]).toBe(node);
  });
});
