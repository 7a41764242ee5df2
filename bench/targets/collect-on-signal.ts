/**
 * Loaded into a server before its own code (`node --import`): on SIGUSR2 all garbage is collected and the heap's empty pages
 * go back to the system, as V8 does by itself when memory is short, and otherwise at moments nobody can foresee.
 */
import { Session } from 'node:inspector';

const session = new Session();
let collecting = false;

process.on('SIGUSR2', () => {
  if (collecting) return;
  collecting = true;
  session.connect();
  // The answer comes from within the collection, where the session can't be closed.
  session.post('HeapProfiler.collectGarbage', () => setImmediate(ended));
});

function ended(): void {
  session.disconnect();
  collecting = false;
}
