/**
 * Runs scenarios against targets: all targets of a scenario up at once, each warmed by discarded rounds, then measured in
 * turns whose order alternates, so that a slow minute of the machine falls on all of them.
 */
import { BENCH_APP } from './app.ts';
import { type Generator, startGenerator } from './client/generator.ts';
import type { Figure, Scenario } from './scenarios/scenario.ts';
import { freePort } from './targets/child.ts';
import type { RunningTarget, Target } from './targets/target.ts';

export interface RunSettings {
  /** Measured rounds per target. */
  readonly repeats: number;
  /** Discarded rounds per target before them. */
  readonly warmUps: number;
  readonly smoke: boolean;
  /** Requests under way per connection in a flood. */
  readonly pipeline: number;
}

/** One figure of one target over all rounds. */
export interface Series {
  readonly scenario: string;
  readonly target: string;
  readonly figure: Figure;
  /** The value of each round, in the order of the rounds. */
  readonly values: readonly number[];
  /** Units checked over all measured rounds. */
  readonly checked: number;
}

export interface Failure {
  readonly scenario: string;
  readonly target: string;
  readonly reason: string;
}

export interface ScenarioResult {
  readonly series: readonly Series[];
  readonly failures: readonly Failure[];
}

/** What is told while it runs. */
export type Progress = (line: string) => void;

/** One target's place in a scenario. A target that failed takes no further part in it. */
interface Contestant {
  readonly target: Target;
  server: RunningTarget | undefined;
  /** Where its webhooks go, which is set when it starts. */
  webhookPort: number;
  failed: string | undefined;
  readonly rounds: (readonly Figure[])[];
}

export async function runScenario(
  scenario: Scenario,
  targets: readonly Target[],
  settings: RunSettings,
  progress: Progress,
): Promise<ScenarioResult> {
  const generator = startGenerator();
  const contestants = targets.map(
    (target): Contestant => ({ target, server: undefined, webhookPort: 0, failed: undefined, rounds: [] }),
  );
  // A server that is fresh every round cannot be warm; the scenario warms it itself.
  const warmUps = scenario.freshServer ? 0 : settings.warmUps;
  for (let round = -warmUps; round < settings.repeats; round++) {
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const contestant of order) {
      if (contestant.failed !== undefined) continue;
      progress(
        `${scenario.name}: ${contestant.target.name}, ${round < 0 ? 'warm-up' : `round ${round + 1}`}`,
      );
      await attempt(contestant, async () => {
        const figures = await takeTurn(contestant, scenario, settings, generator);
        if (round >= 0) contestant.rounds.push(figures);
      });
    }
  }
  for (const contestant of contestants) await attempt(contestant, () => stop(contestant));
  generator.stop();
  return {
    series: contestants.flatMap((contestant) =>
      contestant.failed === undefined ? seriesOf(scenario, contestant) : [],
    ),
    failures: contestants.flatMap(({ target, failed }) =>
      failed === undefined ? [] : [{ scenario: scenario.name, target: target.name, reason: failed }],
    ),
  };
}

async function takeTurn(
  contestant: Contestant,
  scenario: Scenario,
  { smoke, pipeline }: RunSettings,
  generator: Generator,
): Promise<readonly Figure[]> {
  contestant.server ??= await startFor(contestant, scenario);
  const { address, pid, peers, redisPid } = contestant.server;
  const request = {
    scenario: scenario.name,
    address,
    peers: peers.map((peer) => peer.address),
    app: BENCH_APP,
    webhookPort: contestant.webhookPort,
    serverPid: pid,
    besidePids: [...peers.map((peer) => peer.pid), ...(redisPid === undefined ? [] : [redisPid])],
    smoke,
    pipeline,
  };
  const figures = await generator.round(request, scenario.limitMs);
  if (scenario.freshServer) await stop(contestant);
  return figures;
}

async function startFor(contestant: Contestant, scenario: Scenario): Promise<RunningTarget> {
  const { nodes, webhooks = false, collectable = false } = scenario;
  if (!webhooks) return contestant.target.start(nodes, { collectable });
  contestant.webhookPort = await freePort();
  const webhooksTo = `http://127.0.0.1:${contestant.webhookPort}/`;
  return contestant.target.start(nodes, { collectable, webhooksTo });
}

async function stop(contestant: Contestant): Promise<void> {
  const { server } = contestant;
  contestant.server = undefined;
  await server?.stop();
}

/** Records a failure instead of passing it on: the other targets and scenarios still run, and the report shows it. */
async function attempt(contestant: Contestant, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    contestant.failed ??= error instanceof Error ? error.message : String(error);
  }
}

function seriesOf(scenario: Scenario, { target, rounds }: Contestant): Series[] {
  // The last round's labels and notes: by then everything is warm.
  return (rounds.at(-1) ?? []).map((figure, i) => {
    const all = rounds.flatMap((round) => round[i] ?? []);
    return {
      scenario: scenario.name,
      target: target.name,
      figure,
      values: all.map(({ value }) => value),
      checked: all.reduce((sum, { checked }) => sum + checked, 0),
    };
  });
}
