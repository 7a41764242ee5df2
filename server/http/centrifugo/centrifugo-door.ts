/** The Centrifugo door, put together. */
import type { AppRegistry } from '../../apps/app-registry.ts';
import type { Logger } from '../../lib/logger.ts';
import { type CentrifugoPorts, centrifugoCommands } from './centrifugo-commands.ts';
import { CentrifugoKeys } from './centrifugo-keys.ts';
import { CentrifugoSite } from './centrifugo-site.ts';

export interface CentrifugoDoorPorts extends CentrifugoPorts {
  readonly registry: Pick<AppRegistry, 'all' | 'byId'>;
  readonly logger: Logger;
}

export function centrifugoDoor({ registry, logger, ...ports }: CentrifugoDoorPorts): CentrifugoSite {
  return new CentrifugoSite({
    keys: new CentrifugoKeys(registry),
    commands: centrifugoCommands(ports),
    logger,
  });
}
