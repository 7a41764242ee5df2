/** The Centrifugo door, put together. */
import type { AppRegistry } from '../../apps/app-registry.ts';
import type { Logger } from '../../lib/logger.ts';
import type { OccasionalLog } from '../../lib/occasional-log.ts';
import { type CentrifugoPorts, centrifugoCommands } from './centrifugo-commands.ts';
import { CentrifugoKeys } from './centrifugo-keys.ts';
import { CentrifugoSite } from './centrifugo-site.ts';

export interface CentrifugoDoorPorts extends CentrifugoPorts {
  readonly registry: Pick<AppRegistry, 'all' | 'byId'>;
  readonly logger: Logger;
  readonly log: OccasionalLog;
}

export function centrifugoDoor({ registry, logger, log, ...ports }: CentrifugoDoorPorts): CentrifugoSite {
  return new CentrifugoSite({
    keys: new CentrifugoKeys(registry),
    commands: centrifugoCommands(ports),
    logger,
    log,
  });
}
