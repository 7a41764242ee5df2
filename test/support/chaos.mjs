/** `npm run chaos -- --seed N --minutes M --redis single|cluster`: a long run of test/cluster/chaos.test.ts. */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '5' },
    redis: { type: 'string', default: 'single' },
  },
});
const env = { ...process.env, CARILLON_CHAOS_MINUTES: values.minutes, CARILLON_CHAOS_REDIS: values.redis };
if (values.seed !== undefined) env.CARILLON_CHAOS_SEED = values.seed;
spawn('npx', ['vitest', 'run', 'test/cluster/chaos.test.ts'], { stdio: 'inherit', env }).on(
  'exit',
  (code) => {
    process.exitCode = code ?? 1;
  },
);
