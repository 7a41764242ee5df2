/**
 * A process that works at the push queue and may be killed. Runs what was built. Its provider posts each token to an
 * address, so that the test sees what was sent. Prints one JSON line per event.
 * Arguments: JSON of `{ database, appId, address, settings, publish }`.
 */
import { request } from 'node:http';
import { openDatabase } from '../../../dist/server/database/open-database.js';
import { randomIds } from '../../../dist/server/lib/random-ids.js';
import { systemClock } from '../../../dist/server/lib/system-clock.js';
import { buildPush } from '../../../dist/server/push/build-push.js';
import { PIPELINE_DEFAULTS } from '../../../dist/server/push/pipeline.js';
import { SharedNames } from '../../../dist/server/push/storage/shared-names.js';
import { SqlAudience } from '../../../dist/server/push/storage/sql-audience.js';
import { SqlPushQueue } from '../../../dist/server/push/storage/sql-push-queue.js';

const { database: settings, appId, address, settings: changes, publish } = JSON.parse(process.argv[2]);
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const log = (fields, message) =>
  process.stderr.write(`${message} ${fields.err?.stack ?? JSON.stringify(fields)}\n`);
const nothing = () => undefined;
const logger = { debug: nothing, info: nothing, warn: log, error: log };

/** Requests of a job that are under way at a time. */
const AT_ONCE = 5;

function post(token) {
  return new Promise((resolve, reject) => {
    const call = request(address, { method: 'POST' }, (answer) => answer.resume().on('end', resolve));
    call.on('error', reject);
    call.end(token);
  });
}

const provider = {
  prepare: () => ({ bytes: 1 }),
  async send(_prepared, addresses, { signal }) {
    const verdicts = addresses.map(() => ({
      kind: 'retry',
      afterMs: undefined,
      code: 'aborted',
      reason: 'not begun',
    }));
    const waiting = addresses.entries();
    const sender = async () => {
      for (const [at, { token }] of waiting) {
        if (signal.aborted) break;
        await post(token);
        verdicts[at] = { kind: 'sent', messageId: undefined };
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sender));
    return verdicts;
  },
  close: nothing,
};

const database = await openDatabase(settings, systemClock, logger);
const ids = randomIds();
const queue = await SqlPushQueue.open(database);
const audience = new SqlAudience(database, new SharedNames(() => []));
const push = buildPush(
  {
    queue,
    audience,
    devices: undefined,
    providersOf: () => new Map([['fcm', provider]]),
    instanceOf: () => undefined,
    connected: () => [],
    userValues: async () => new Map(),
    hook: {
      wants: () => true,
      async finished({ publicId, status, counts }) {
        say({ finished: publicId, status, counts });
      },
    },
    metrics: { attempted: nothing, jobDone: nothing, scheduled: nothing },
    clock: systemClock,
    chance: () => 0.5,
    ids,
    logger,
  },
  { ...PIPELINE_DEFAULTS, ...changes },
  { keepDays: 30, maxInactiveDeviceDays: 0 },
);
if (publish !== undefined) {
  const answer = await push.publishing.accept({ ...publish, appId });
  say({ accepted: answer.publicId });
}
push.start();
// Nothing else keeps the process alive: the clock's timers don't.
setInterval(nothing, 1000);
