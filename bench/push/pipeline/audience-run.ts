/** One publish to one interest with very many devices: everyone once, and memory that does not grow with them. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { DatabaseSettings } from '../../../server/config/config.ts';
import { told } from '../children.ts';
import type { FakeFacts } from '../push-sender.ts';
import type { AudienceOrder, AudienceReport } from './audience-process.ts';

const SAMPLE_MS = 250;
/** Longest time for one part. */
const PATIENCE_MS = 1_800_000;
/** Where on the way memory is shown, in parts of the time. */
const SHOWN = [0.1, 0.25, 0.5, 0.75, 1];
const MIB = 1024;

export interface AudienceParts {
  readonly devices: number;
  readonly database: DatabaseSettings;
  readonly fcm: FakeFacts;
  readonly fakes: ChildProcess;
  /** Starts another process for a part of the work. */
  process(): ChildProcess;
}

/** Returns lines of a table; throws unless every device was sent to exactly once. */
export async function runAudience({
  devices,
  database,
  fcm,
  fakes,
  process,
}: AudienceParts): Promise<string> {
  const filler = process();
  await ask(filler, { kind: 'fill', database, devices });
  filler.disconnect();
  const sender = process();
  await ask(sender, { kind: 'publish', database, fcm });
  const memory = [residentKib(sender)];
  const timer = setInterval(() => memory.push(residentKib(sender)), SAMPLE_MS);
  const report = await answer(sender).finally(() => clearInterval(timer));
  sender.disconnect();
  if (report.kind !== 'published') throw new Error(`a sender that says ${report.kind}`);
  fakes.send('tally');
  const tally = await told<{ once: number; oftener: number }>(fakes, PATIENCE_MS);
  const { counts, outcomes, cpuMs, wallMs } = report;
  const found = { ...counts, outcomes, ...tally };
  if ([counts.targeted, counts.sent, outcomes, tally.once].some((count) => count !== devices))
    throw new Error(`${devices} devices, and ${JSON.stringify(found)}`);
  return lineOf(database.kind, devices, memory, cpuMs, wallMs);
}

export const AUDIENCE_HEADING = [
  '| database | devices | each once | seconds | CPU µs per device | MiB before | MiB on the way (10, 25, 50, 75, 100 %) | most |',
  '| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |',
].join('\n');

function lineOf(
  database: string,
  devices: number,
  memory: readonly number[],
  cpuMs: number,
  wallMs: number,
): string {
  const mib = (kib: number | undefined): string => ((kib ?? 0) / MIB).toFixed(0);
  const way = SHOWN.map((part) => mib(memory[Math.round(part * (memory.length - 1))])).join(', ');
  const cells = [
    database,
    devices,
    'yes',
    (wallMs / 1000).toFixed(0),
    ((cpuMs * 1000) / devices).toFixed(1),
    mib(memory[0]),
    way,
    mib(Math.max(...memory)),
  ];
  return `| ${cells.join(' | ')} |`;
}

async function ask(child: ChildProcess, order: AudienceOrder): Promise<AudienceReport> {
  const report = answer(child);
  child.send(order);
  return report;
}

async function answer(child: ChildProcess): Promise<AudienceReport> {
  const report = await told<AudienceReport>(child, PATIENCE_MS);
  if (report.kind === 'failed') throw new Error(report.reason);
  return report;
}

/** The memory of a process that is in the machine's, all its threads and libraries included. */
function residentKib({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
}
