/** The load generator's process: runs the rounds it is sent, one at a time, and ends when its parent goes away. */
import { Meter } from '../measure.ts';
import { SCENARIOS } from '../scenarios/index.ts';
import type { RoundReply, RoundRequest } from './worker-messages.ts';

process.on('message', (request: RoundRequest) => {
  void round(request).then((reply) => process.send?.(reply));
});

process.once('disconnect', () => process.exit(0));

async function round({ scenario: name, serverPid, besidePids, ...given }: RoundRequest): Promise<RoundReply> {
  try {
    const scenario = SCENARIOS.find((candidate) => candidate.name === name);
    if (scenario === undefined) throw new Error(`no scenario ${name}`);
    return { ok: true, figures: await scenario.run({ ...given, meter: new Meter(serverPid, besidePids) }) };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
