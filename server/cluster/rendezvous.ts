/**
 * Which node does a piece of common work. Each weighs all nodes for it and the heaviest does it (rendezvous hashing), so
 * that nodes that know the same others agree without talking, and one that comes or goes moves only its own share.
 */

/** The node that does it; undefined if there is none. */
export function chosenNode(work: string, nodes: readonly string[]): string | undefined {
  let chosen: string | undefined;
  let heaviest = -1;
  for (const node of nodes) {
    const weight = hashOf(`${node} ${work}`);
    if (weight > heaviest || (weight === heaviest && chosen !== undefined && node < chosen)) {
      chosen = node;
      heaviest = weight;
    }
  }
  return chosen;
}

/** FNV-1a, and MurmurHash3's last mixing: names that differ in one digit get weights that have nothing in common. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
