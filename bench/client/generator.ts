/** The bench's handle on a load generator process. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Figure } from '../scenarios/scenario.ts';
import { within } from './within.ts';
import type { RoundReply, RoundRequest } from './worker-messages.ts';

/** Time for a round of which nothing else is said, in ms; far more than any takes, so that nothing hangs for ever. */
const ROUND_TIMEOUT_MS = 240_000;

export interface Generator {
  /** Runs one round; rejects with the reason when a check failed or the process died. */
  round(request: RoundRequest, limitMs?: number): Promise<readonly Figure[]>;
  stop(): void;
}

export function startGenerator(): Generator {
  const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)));
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  return {
    async round(request, limitMs = ROUND_TIMEOUT_MS) {
      const reply = new Promise<RoundReply>((resolve, reject) => {
        const died = (code: number | null): void =>
          reject(new Error(`the load generator ended with ${code}`));
        child.once('exit', died);
        child.once('message', (message: RoundReply) => {
          child.off('exit', died);
          resolve(message);
        });
      });
      child.send(request);
      const outcome = await within(limitMs, `a round of ${request.scenario}`, reply);
      if (!outcome.ok) throw new Error(outcome.reason);
      return outcome.figures;
    },
    stop() {
      process.off('exit', kill);
      kill();
    },
  };
}
