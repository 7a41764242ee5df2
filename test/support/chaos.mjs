/** `npm run chaos -- --seed N --minutes M`: a long run of test/cluster/chaos.test.ts. */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, minutes: { type: 'string', default: '5' } },
});
const env = { ...process.env, CARILLON_CHAOS_MINUTES: values.minutes };
if (values.seed !== undefined) env.CARILLON_CHAOS_SEED = values.seed;
spawn('npx', ['vitest', 'run', 'test/cluster/chaos.test.ts'], { stdio: 'inherit', env }).on(
  'exit',
  (code) => {
    process.exitCode = code ?? 1;
  },
);
