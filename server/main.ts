/** The program: gives the commands the real process, and the process their exit code. Nothing else touches `process`. */
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { apps } from './cli/apps-command.ts';
import { runCommandLine } from './cli/command-line.ts';
import { deadLetters } from './cli/dead-letters-command.ts';
import { EXIT_FAILED } from './cli/exit-codes.ts';
import { printConfig } from './cli/print-config.ts';
import { start } from './cli/start.ts';
import type { Lifetime, Terminal } from './cli/terminal.ts';
import { trigger } from './cli/trigger.ts';
import { vapid } from './cli/vapid-command.ts';
import { work } from './cli/worker-command.ts';
import { WORKER } from './cli/worker-name.ts';
import { type RunningServer, startServer } from './compose.ts';
import type { Workplace } from './compose-hub.ts';
import { startWorkers, workerCount } from './compose-workers.ts';
import type { Config } from './config/config.ts';
import type { Logger } from './lib/logger.ts';
import { jsonLogger, readableLogger } from './lib/pino-logger.ts';
import { systemClock as clock } from './lib/system-clock.ts';
import { warmUp } from './warm-up/warm-up.ts';
import { LINK_FD, processSpawner } from './workers/spawn-worker.ts';

const terminal: Terminal = {
  env: process.env,
  readFile: (path, encoding = 'utf8') => readFileSync(path, encoding),
  print: (text) => process.stdout.write(`${text}\n`),
  complain: (text) => process.stderr.write(`${text}\n`),
};

const lifetime: Lifetime = {
  onStopSignal(listener) {
    process.on('SIGTERM', listener);
    process.on('SIGINT', listener);
    // A closed terminal, and what some supervisors send: without a listener the process would just end.
    process.on('SIGHUP', listener);
  },
  onCrash(listener) {
    process.on('uncaughtException', listener);
    process.on('unhandledRejection', listener);
  },
  exit: (code) => process.exit(code),
};

/** @param worker the number of the worker that this process is */
function createLogger({ mode, logLevel }: Config, worker?: number) {
  const base = worker === undefined ? null : { worker };
  if (mode === 'production') return jsonLogger(logLevel, undefined, base);
  return readableLogger(logLevel, (line) => process.stdout.write(line), base);
}

/** Warm-up and start, for a process that serves clients itself. */
async function startWarm(config: Config, logger: Logger, workplace?: Workplace): Promise<RunningServer> {
  if (config.warmUp) await warmUp({ startServer, clock, logger });
  return startServer(config, logger, workplace);
}

/** This program once more, as one of several workers: with the same settings. */
function spawner(args: readonly string[]) {
  // Several processes can't share the port that a debugger was promised.
  const options = process.execArgv.filter((option) => !option.startsWith('--inspect'));
  return processSpawner(process.execPath, [...options, process.argv[1] ?? '', WORKER, ...args]);
}

// `carillon help | head` closes the pipe before the text is out; that is no error of ours.
process.stdout.on('error', (error) => {
  process.exit('code' in error && error.code === 'EPIPE' ? 0 : EXIT_FAILED);
});

try {
  const commands = {
    start: (args: readonly string[]) =>
      start(args, {
        terminal,
        lifetime,
        clock,
        createLogger,
        startServer: (config, logger) =>
          workerCount(config) === 1 ? startWarm(config, logger) : startWorkers(config, logger, spawner(args)),
      }),
    [WORKER]: (args: readonly string[]) =>
      work(args, {
        terminal,
        lifetime,
        clock,
        createLogger,
        startServer: startWarm,
        openLink: () => new Socket({ fd: LINK_FD }),
      }),
    trigger: (args: readonly string[]) => trigger(args, { terminal, clock, fetch }),
    apps: (args: readonly string[]) => apps(args, { terminal, fetch }),
    'dead-letters': (args: readonly string[]) => deadLetters(args, { terminal, fetch }),
    vapid: (args: readonly string[]) => vapid(args, terminal),
    config: (args: readonly string[]) => printConfig(args, terminal),
  };
  process.exit(await runCommandLine(process.argv.slice(2), commands, terminal));
} catch (error) {
  terminal.complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(EXIT_FAILED);
}
