/** Measurements whose shape is not a scenario's: programs of their own, with tables of their own, run by the same command. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Arguments, Runnable } from './arguments.ts';

export interface Program extends Runnable {
  /** Compiled, from this folder. */
  readonly script: string;
  args(settings: Pick<Arguments, 'smoke' | 'peers' | 'repeats'>): readonly string[];
}

export const PROGRAMS: readonly Program[] = [
  {
    name: 'cluster',
    summary: 'nodes over Redis: deliveries, idle nodes, and the commands of each thing',
    script: 'cluster/main.js',
    args: ({ smoke }) => (smoke ? ['--smoke'] : []),
  },
  {
    name: 'push',
    summary: 'notifications per CPU second of FCM, APNs, Web Push and the pipeline',
    script: 'push/main.js',
    args: ({ smoke, peers, repeats }) => [
      ...(peers === undefined ? [] : ['--peers', peers]),
      ...['--repeats', String(repeats)],
      ...(smoke ? ['--round-ms', '50', '--batch', '20', '--devices', '100'] : []),
    ],
  },
  micro('decode', "a client's frame, understood"),
  micro('encode', 'the frame of an event'),
  micro('hub', 'channels found, made and let go'),
  micro('signature', 'HMAC, MD5 and comparing signatures'),
];

/** A function that is hot, several ways beside each other. */
function micro(name: string, summary: string): Program {
  return {
    name: `micro-${name}`,
    summary: `${summary}: several ways beside each other`,
    script: `micro/${name}.js`,
    args: ({ smoke }) => (smoke ? ['--smoke'] : []),
  };
}

/** Its output goes where ours does. Resolves with a sentence when it failed. */
export async function runProgram(program: Program, settings: Arguments): Promise<string | undefined> {
  const script = fileURLToPath(new URL(program.script, import.meta.url));
  const child = spawn(process.execPath, [script, ...program.args(settings)], { stdio: 'inherit' });
  const kill = (): void => {
    child.kill('SIGTERM');
  };
  process.once('exit', kill);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('exit', kill);
  return code === 0 ? undefined : `${program.name} ended with ${code ?? 'a signal'}`;
}
