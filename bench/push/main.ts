/**
 * Notifications per CPU second of the sender: our providers beside the libraries that others use, against the same
 * fakes, in turns. Fakes and senders are processes of their own.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { collectFacts } from '../machine.ts';
import { median } from '../statistics.ts';
import { Children, told } from './children.ts';
import { AUDIENCE_HEADING, runAudience } from './pipeline/audience-run.ts';
import { postgresAt, scratchFolder } from './pipeline/scratch-database.ts';
import type { FakeFacts, PushSender } from './push-sender.ts';
import type { SenderOrder, SenderReport } from './sender.ts';
import { SENDERS, scenarioOf } from './senders/index.ts';

/** Longest time a child may take for one answer, beyond the length of a round. */
const PATIENCE_MS = 60_000;

interface Contestant {
  readonly sender: PushSender;
  readonly process: ChildProcess;
  readonly perCpuSecond: number[];
  readonly perSecond: number[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'string' },
    repeats: { type: 'string', default: '5' },
    'round-ms': { type: 'string', default: '2000' },
    batch: { type: 'string', default: '500' },
    parallel: { type: 'string', default: '2' },
    only: { type: 'string' },
    devices: { type: 'string' },
    database: { type: 'string', default: 'sqlite' },
    help: { type: 'boolean', default: false },
  },
});
const known = [...new Set(SENDERS.map(scenarioOf))];
const AUDIENCE = 'audience';
const FAKES: Readonly<Record<string, readonly string[]>> = {
  pipeline: ['fcm', 'postgres'],
  [AUDIENCE]: ['fcm', 'postgres'],
};
const children = new Children();

if (values.help) process.stdout.write(helpText());
else await main();

async function main(): Promise<void> {
  const unknown = positionals.find((name) => name !== AUDIENCE && !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`no scenario "${unknown}"; there are ${[...known, AUDIENCE].join(', ')}`);
  const { cpu, cores, node, date, carillon } = collectFacts(new Date());
  process.stdout.write(`${cpu}, ${cores} cores, Node ${node}, carillon ${carillon}, ${date}\n`);
  const wanted = positionals.length > 0 ? positionals : known;
  const fakes = children.start(
    'fakes.js',
    wanted.flatMap((name) => FAKES[name] ?? [name]),
  );
  const facts = await told<Readonly<Record<string, FakeFacts>>>(fakes, PATIENCE_MS);
  const scenarios = known.filter((name) => wanted.includes(name));
  if (scenarios.length > 0) await compare(scenarios, facts);
  if (wanted.includes(AUDIENCE)) await audience(fakes, facts);
  const ended = once(fakes, 'exit');
  fakes.disconnect();
  await ended;
  process.exit(0);
}

async function compare(
  scenarios: readonly string[],
  facts: Readonly<Record<string, FakeFacts>>,
): Promise<void> {
  process.stdout.write(`${values.repeats} rounds of ${values['round-ms']} ms, in turns; `);
  process.stdout.write(`${values.parallel} calls at once with ${values.batch} notifications each\n\n`);
  process.stdout.write('| sender | per CPU second | ratio | range of ratios | per second |\n');
  process.stdout.write('| --- | ---: | ---: | ---: | ---: |\n');
  for (const scenario of scenarios) {
    const rivals = SENDERS.filter((sender) => scenarioOf(sender) === scenario)
      .filter(({ needsPeers }) => !needsPeers || values.peers !== undefined)
      .filter(({ needsPostgres }) => needsPostgres !== true || facts['postgres'] !== undefined)
      .filter(({ name }) => values.only === undefined || name === values.only);
    await run(rivals, facts);
  }
}

async function audience(fakes: ChildProcess, facts: Readonly<Record<string, FakeFacts>>): Promise<void> {
  const url = facts['postgres']?.['url'];
  if (values.database === 'postgres' && url === undefined) throw new Error('there is no PostgreSQL');
  const line = await runAudience({
    devices: Number(values.devices ?? 300_000),
    database: values.database === 'postgres' ? postgresAt(url ?? '') : scratchFolder(),
    fcm: facts['fcm'] ?? {},
    fakes,
    process: () => children.start('pipeline/audience-process.js'),
  });
  process.stdout.write(`\n${AUDIENCE_HEADING}\n${line}\n`);
}

/** All senders of a scenario: warmed by a discarded round each, then measured in turns of alternating order. */
async function run(rivals: readonly PushSender[], fakes: Readonly<Record<string, FakeFacts>>): Promise<void> {
  const contestants: Contestant[] = [];
  const devices = Number(values.devices ?? 5000);
  for (const sender of rivals) {
    const process = children.start('sender.js');
    const started: Contestant = { sender, process, perCpuSecond: [], perSecond: [] };
    await order(started, {
      kind: 'start',
      name: sender.name,
      settings: { fakes, peers: values.peers, devices },
    });
    contestants.push(started);
  }
  const [ms, many, lanes] = [values['round-ms'], values.batch, values.parallel].map(Number) as [
    number,
    number,
    number,
  ];
  for (let round = -1; round < Number(values.repeats); round++) {
    const turns = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const contestant of turns) {
      const whole = contestant.sender.wholePublishes === true;
      const [batch, parallel] = whole ? [devices, 1] : [many, lanes];
      const report = await order(contestant, { kind: 'round', ms, batch, parallel });
      if (round < 0 || report.kind !== 'round') continue;
      contestant.perCpuSecond.push((report.sent / report.cpuMs) * 1000);
      contestant.perSecond.push((report.sent / report.wallMs) * 1000);
    }
  }
  const base = contestants[0]?.perCpuSecond ?? [];
  for (const { sender, perCpuSecond, perSecond, process: running } of contestants) {
    // Neighbouring rounds are compared with each other, so that a slow minute of the machine falls on both.
    const ratios = perCpuSecond.map((rate, i) => rate / (base[i] ?? Number.NaN));
    const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    const [rate, wall] = [median(perCpuSecond), median(perSecond)].map((value) => Math.round(value));
    process.stdout.write(
      `| ${sender.name} | ${rate} | ${median(ratios).toFixed(2)} | ${range} | ${wall} |\n`,
    );
    running.disconnect();
  }
}

async function order({ sender, process: running }: Contestant, what: SenderOrder): Promise<SenderReport> {
  const answer = told<SenderReport>(running, PATIENCE_MS + (what.kind === 'round' ? what.ms : 0));
  running.send(what);
  const report = await answer;
  if (report.kind === 'failed') throw new Error(`${sender.name}: ${report.reason}`);
  return report;
}

function helpText(): string {
  return `Notifications per CPU second of our push providers and of libraries, against fakes on this machine.

node dist/bench/push/main.js [scenario…] [options]

  --peers DIR      folder with firebase-admin, @parse/node-apn, web-push; without it only ours are measured
  --repeats N      measured rounds per sender (default 5), after one discarded
  --round-ms N     length of a round (default 2000)
  --batch N        notifications per call (default 500)
  --parallel N     calls at once (default 2)
  --only NAME      one sender
  --devices N      devices of a publish: of \`pipeline\` 5000 unless said, of \`audience\` 300000
  --database NAME  of \`audience\`: sqlite (default) or postgres

\`audience\` is one publish to one interest with very many devices, whose memory is watched.

Senders (scenarios: ${known.join(', ')}):
${SENDERS.map(({ name, summary }) => `  ${name.padEnd(22)} ${summary}`).join('\n')}
`;
}
