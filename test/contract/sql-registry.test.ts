/** The registry over SQLite and over PostgreSQL keeps its ports' promises. */
import { describe } from 'vitest';
import { onEachDatabase } from '../support/databases.ts';
import { testRegistry } from '../support/registry.ts';
import { audienceContract } from './audience.contract.ts';
import { deviceStoreContract } from './device-store.contract.ts';

describe('SqlDeviceStore', () => {
  onEachDatabase((given) => deviceStoreContract(() => testRegistry(given().database)));
});

describe('SqlAudience', () => {
  onEachDatabase((given) => audienceContract(() => testRegistry(given().database)));
});
