/** The facts a figure is worthless without: machine, versions, date. */
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

export interface Facts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  readonly uws: string;
  readonly carillon: string;
  /** ISO 8601, UTC. */
  readonly date: string;
}

export function collectFacts(now: Date): Facts {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    // The version of the npm package the dependency's alias points at.
    uws: versionIn('node_modules/uWebSockets.js/package.json'),
    carillon: versionIn('package.json'),
    date: now.toISOString(),
  };
}

/** Compiled, this file is dist/bench/machine.js; paths are from the root of the project. */
function versionIn(path: string): string {
  const manifest = JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
