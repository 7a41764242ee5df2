/**
 * Notifications per CPU second of the sender: our providers beside the libraries that others use, against the same
 * fakes, in turns. Fakes and senders are processes of their own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { collectFacts } from '../machine.ts';
import { median } from '../statistics.ts';
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
    help: { type: 'boolean', default: false },
  },
});
const known = [...new Set(SENDERS.map(scenarioOf))];
const children: ChildProcess[] = [];
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

if (values.help) process.stdout.write(helpText());
else await main();

async function main(): Promise<void> {
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`no scenario "${unknown}"; there are ${known.join(', ')}`);
  const { cpu, cores, node, date, carillon } = collectFacts(new Date());
  process.stdout.write(`${cpu}, ${cores} cores, Node ${node}, carillon ${carillon}, ${date}\n`);
  process.stdout.write(`${values.repeats} rounds of ${values['round-ms']} ms, in turns; `);
  process.stdout.write(`${values.parallel} calls at once with ${values.batch} notifications each\n\n`);
  process.stdout.write('| sender | per CPU second | ratio | range of ratios | per second |\n');
  process.stdout.write('| --- | ---: | ---: | ---: | ---: |\n');
  const fakes = child('fakes.js');
  const facts = await told<Readonly<Record<string, FakeFacts>>>(fakes, PATIENCE_MS);
  for (const scenario of known) {
    if (positionals.length > 0 && !positionals.includes(scenario)) continue;
    const rivals = SENDERS.filter((sender) => scenarioOf(sender) === scenario)
      .filter(({ needsPeers }) => !needsPeers || values.peers !== undefined)
      .filter(({ name }) => values.only === undefined || name === values.only);
    await run(rivals, facts);
  }
  process.exit(0);
}

/** All senders of a scenario: warmed by a discarded round each, then measured in turns of alternating order. */
async function run(rivals: readonly PushSender[], fakes: Readonly<Record<string, FakeFacts>>): Promise<void> {
  const contestants: Contestant[] = [];
  for (const sender of rivals) {
    const started: Contestant = { sender, process: child('sender.js'), perCpuSecond: [], perSecond: [] };
    await order(started, { kind: 'start', name: sender.name, settings: { fakes, peers: values.peers } });
    contestants.push(started);
  }
  const [ms, batch, parallel] = [values['round-ms'], values.batch, values.parallel].map(Number) as [
    number,
    number,
    number,
  ];
  for (let round = -1; round < Number(values.repeats); round++) {
    const turns = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const contestant of turns) {
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

function child(file: string): ChildProcess {
  const started = fork(new URL(file, import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  children.push(started);
  return started;
}

function told<T>(from: ChildProcess, patienceMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('a child did not answer')), patienceMs);
    const ended = (): void => reject(new Error('a child ended'));
    from.once('exit', ended);
    from.once('message', (message) => {
      clearTimeout(timer);
      from.off('exit', ended);
      resolve(message as T);
    });
  });
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

Senders (scenarios: ${known.join(', ')}):
${SENDERS.map(({ name, summary }) => `  ${name.padEnd(22)} ${summary}`).join('\n')}
`;
}
