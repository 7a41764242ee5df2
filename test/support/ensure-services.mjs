// The programs that tests start and npm doesn't install. Run before the tests: installs what is missing where it
// may (as root, by apt), else says what to install and fails. Plain JavaScript, because it runs before everything.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * One line a program: what it is for, the variable that may hold its path, the names it goes by, the Debian package
 * that has it, and where that package puts it if not on the path.
 */
const PROGRAMS = [
  {
    use: 'the browser tests',
    variable: 'CHROMIUM_PATH',
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    package: 'chromium',
  },
  {
    // Tests start servers of their own on free ports; Sentinel is the same program under another name.
    use: 'the Redis tests',
    variable: 'REDIS_SERVER_PATH',
    names: ['redis-server', 'valkey-server'],
    package: 'redis-server',
  },
  {
    use: 'the tests of databases',
    names: ['postgres'],
    package: 'postgresql',
    folders: versionsOf('/usr/lib/postgresql').map((version) => join(version, 'bin')),
  },
];

const missing = PROGRAMS.filter((program) => !isPresent(program));
if (missing.length > 0) {
  if (canInstall()) install(missing.map((program) => program.package));
  const still = missing.filter((program) => !isPresent(program));
  for (const program of still) {
    process.stderr.write(
      `Missing for ${program.use}: ${program.names.join(' or ')}. ` +
        `Install it (Debian, Ubuntu: apt-get install ${program.package})` +
        `${program.variable ? ` or set ${program.variable} to its path` : ''}.\n`,
    );
  }
  if (still.length > 0) process.exitCode = 1;
}

function isPresent({ variable, names, folders: more = [] }) {
  const given = variable && process.env[variable];
  if (given) return isExecutable(given);
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...more];
  return names.some((name) => folders.some((folder) => isExecutable(join(folder, name))));
}

function versionsOf(folder) {
  return existsSync(folder) ? readdirSync(folder).map((version) => join(folder, version)) : [];
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function canInstall() {
  return process.getuid?.() === 0 && ['/usr/bin/apt-get', '/bin/apt-get'].some(isExecutable);
}

function install(packages) {
  process.stderr.write(`Installing for the tests: ${packages.join(', ')}\n`);
  run(['update']);
  run(['install', '--yes', '--no-install-recommends', ...packages]);
}

/** What fails here shows as a program that is still missing. */
function run(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', args, { stdio: ['ignore', 'inherit', 'inherit'], env });
}
