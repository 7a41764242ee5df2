/** The command line as a value. Pure but for `parseArgs`, which reads nothing but its argument. */
import { parseArgs } from 'node:util';

export interface Arguments {
  readonly help: boolean;
  /** Names of the scenarios and programs to run. */
  readonly wanted: readonly string[];
  readonly targets: readonly string[];
  readonly repeats: number;
  readonly warmUps: number;
  readonly smoke: boolean;
  /** Requests under way per connection in a flood. */
  readonly pipeline: number;
  /** Folder of a soketi installation. */
  readonly soketi: string | undefined;
  /** Folder where the libraries are installed that push is compared with. */
  readonly peers: string | undefined;
  /** File the tables are written to, as Markdown. */
  readonly markdown: string | undefined;
  /** File the results are written to. */
  readonly json: string | undefined;
  /** Settings laid over Carillon's environment. */
  readonly carillonEnv: Readonly<Record<string, string>>;
}

/** A scenario, or a program of the bench that stands by itself. */
export interface Runnable {
  readonly name: string;
  /** One line for --help. */
  readonly summary: string;
  readonly byNameOnly?: boolean;
}

/** Throws with a sentence when the command line makes no sense. */
export function readArguments(argv: readonly string[], known: readonly Runnable[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      repeats: { type: 'string' },
      'warm-ups': { type: 'string' },
      pipeline: { type: 'string', default: '1' },
      target: { type: 'string' },
      soketi: { type: 'string' },
      peers: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      env: { type: 'string', multiple: true, default: [] },
    },
  });
  const names = known.map(({ name }) => name);
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`no scenario "${unknown}"; there are ${names.join(', ')}`);
  // A smoke run is to see that everything works.
  const usual = known.filter(({ byNameOnly }) => values.smoke || byNameOnly !== true);
  const targets = values.target?.split(',') ?? [
    'bare',
    'carillon',
    ...(values.soketi === undefined ? [] : ['soketi']),
  ];
  return {
    help: values.help,
    wanted: positionals.length === 0 ? usual.map(({ name }) => name) : positionals,
    targets,
    repeats: count('repeats', values.repeats ?? (values.smoke ? '1' : '5'), 1),
    warmUps: count('warm-ups', values['warm-ups'] ?? (values.smoke ? '0' : '1'), 0),
    smoke: values.smoke,
    pipeline: pipelineDepth(values.pipeline),
    soketi: values.soketi,
    peers: values.peers,
    json: values.json,
    markdown: values.markdown,
    carillonEnv: Object.fromEntries(values.env.map(assignment)),
  };
}

export function helpText(scenarios: readonly Runnable[], programs: readonly Runnable[]): string {
  return `Measures Carillon against a bare uWebSockets.js server: CPU time per unit of work, as ratios.

node dist/bench/main.js [scenario…] [options]

  --repeats N        measured rounds per target (default 5; 1 with --smoke)
  --warm-ups N       discarded rounds before them (default 1; 0 with --smoke)
  --pipeline N       requests under way per connection in a flood: 1, 2, 4, 8, 16 or 32 (default 1)
  --target A,B       targets, in order: bare, carillon, carillon-workers (two of them),
                     soketi, bare-again, bare-raw (no client library between
                     it and Redis) (default bare,carillon)
  --soketi DIR       folder where @soketi/soketi is installed; adds the target soketi
  --env NAME=VALUE   a setting laid over Carillon's environment; may be repeated
  --peers DIR        folder where the libraries are installed that push is compared with
  --json FILE        write all values there too
  --markdown FILE    write machine, versions and a table with the targets side by side there too
  --smoke            everything tiny: checks deliveries, the figures mean nothing
  --help             this text

Scenarios and programs (all when none is named, but for those marked "by name only"):
${[...scenarios, ...programs].map(line).join('\n')}

Programs print tables of their own. More options: node dist/bench/push/main.js --help
`;
}

function line({ name, summary, byNameOnly }: Runnable): string {
  return `  ${name.padEnd(19)}${summary}${byNameOnly === true ? ' (by name only)' : ''}`;
}

function count(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${option} wants a number from ${least} up, got "${text}"`);
  return value;
}

/** 32 requests are under way in a flood; the depth has to divide them. */
function pipelineDepth(text: string): number {
  const depth = Number(text);
  if (![1, 2, 4, 8, 16, 32].includes(depth))
    throw new Error(`--pipeline wants 1, 2, 4, 8, 16 or 32, got "${text}"`);
  return depth;
}

function assignment(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(`--env wants NAME=VALUE, got "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}
